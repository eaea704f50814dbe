#!/bin/sh
# The device behind the printers of the tests: what it does with a job stands in the file `plan` or `mood`, and a sheet that came out is a
# file in `sheets`. ippeveprinter calls it with a file's name, CUPS as a backend (job, user, title, copies, options, and the
# document on standard input), and without arguments when it looks for devices.
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

if [ $# -eq 0 ]; then
    echo 'direct device:/bench "Test" "Device"'
    exit 0
fi
page="$here/page.$$"
if [ $# -eq 1 ]; then cat "$1" >"$page"; else cat "${6:--}" >"$page"; fi

# Waits until somebody makes the file, or takes the bench away.
wait_for() {
    while [ ! -e "$here/$1" ]; do
        [ -d "$here/sheets" ] || exit 1
        sleep 0.02
    done
}

# The name comes last: whoever sees it sees all of the sheet.
put_out() {
    mv "$page" "$here/sheets/$(date +%s%N).pdf"
}

echo "begun" >>"$here/told"
trap 'echo "over" >>"$here/done"' EXIT
# One mood for each job, as far as they go.
mood=$(sed -n "$(wc -l <"$here/told")p" "$here/plan" 2>/dev/null)
case ${mood:-$(cat "$here/mood")} in
    fine) put_out ;;
    out-of-paper)
        echo "STATE: +media-empty-error" >&2
        wait_for fed
        echo "STATE: -media-empty-error" >&2
        put_out
        ;;
    paused)
        echo "STATE: +paused" >&2
        wait_for fed
        echo "STATE: -paused" >&2
        put_out
        ;;
    slow)
        wait_for fed
        put_out
        ;;
    slow-after)
        put_out
        wait_for fed
        ;;
    gives-up)
        rm -f "$page"
        exit 1
        ;;
    gives-up-after)
        put_out
        exit 1
        ;;
esac
