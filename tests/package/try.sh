#!/usr/bin/env bash
# The package, in a Debian of its own: installed, set up, run, upgraded, removed, purged. `scripts/package --test` calls it.
#
#   tests/package/try.sh PACKAGE.deb
#
# The Debian is made by debootstrap once and kept as target/peers/debian.tar; each run unpacks it afresh and works in it with
# mounts and processes of its own. Needs root. The last line counts what was checked.
#
# What is in single quotes is for dpkg and for the shell inside.
# shellcheck disable=SC2016
set -eu

readonly SUITE=bookworm
# What the package depends on, and what its unit is checked with.
readonly INCLUDE=adduser,ca-certificates,libpcsclite1,libudev1,systemd,udev
# Runs that Debian with its own systemd. Its dependencies are more than debootstrap resolves.
readonly CONTAINER=systemd-container
# Tenths of systemd's exposure level, 0 to 100. What is left: the network, sockets, devices, other users' names.
readonly EXPOSURE_MAX=15

main() {
    if [ "$1" = --inside ]; then
        inside "$2" "$3"
        return
    fi
    local package base work here
    package=$(realpath "$1")
    here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
    cd "$here/../.."
    base=$PWD/target/peers/debian.tar
    have_base "$base"
    work=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf --one-file-system '$work'" EXIT
    tar -C "$work" -xf "$base"
    # The station's user lives in it.
    chmod 755 "$work"
    cp "$package" "$work/first.deb"
    newer_version "$package" "$work/second.deb"
    cp "$here/verify" "$here/sandbox" "$work/"
    # Whatever is mounted or started inside ends with it.
    unshare --mount --pid --fork --mount-proc --ipc --uts --kill-child "$here/try.sh" --inside "$work" "$EXPOSURE_MAX"
}

have_base() {
    local stamp="$SUITE $INCLUDE $CONTAINER" made mirror
    [ "$(cat "$1.made-from" 2>/dev/null)" != "$stamp" ] || return 0
    made=$(mktemp -d)
    # Where apt fetches from; nothing: debootstrap's own choice.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $SUITE" 'Component: main' 'Created-By: Packages' | head -n 1)
    # Nothing, or one word.
    # shellcheck disable=SC2086
    {
        debootstrap --variant=minbase --include="$INCLUDE" "$SUITE" "$made" $mirror &&
            chroot "$made" apt-get -q update &&
            chroot "$made" apt-get -q -y install --no-install-recommends "$CONTAINER"
    } </dev/null >"$1.log" 2>&1 || {
        tail -n 5 "$1.log"
        rm -rf --one-file-system "$made"
        printf 'SKIPPED: the package was not tried: a Debian of its own could not be made\n'
        if [ -n "${CI:-}" ] && [ "${CI:-}" != false ]; then exit 1; fi
        exit 0
    }
    rm -rf "$made/var/cache/apt/archives" "$made/var/lib/apt/lists" "$made/usr/share/doc" "$made/usr/share/locale"
    mkdir -p "$made/var/cache/apt/archives" "$made/var/lib/apt/lists"
    mkdir -p "$(dirname "$1")"
    tar -C "$made" -cf "$1" .
    rm -rf --one-file-system "$made"
    printf '%s' "$stamp" >"$1.made-from"
}

# The same package once more, as a later version that ships another configuration.
newer_version() {
    local tree
    tree=$(mktemp -d)
    dpkg-deb -R "$1" "$tree"
    sed -i 's/^Version: .*/Version: 0~try2/' "$tree/DEBIAN/control"
    printf '\n# A line that only the newer version has.\n' >>"$tree/etc/keyline/station.toml"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$2" >/dev/null
    rm -rf "$tree"
}

# --- In namespaces of their own --------------------------------------------------------------------------------------

inside() {
    root=$1 exposure_max=$2
    passed=0 failed=0
    enter
    installs
    is_set_up
    runs
    leave
    boots
    enter
    upgrades
    is_removed
    printf 'package: %s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}

enter() {
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    mount --rbind /dev "$root/dev"
}

leave() {
    umount "$root/proc" "$root/run" "$root/tmp"
    umount --lazy "$root/dev"
}

# Runs a command in the Debian, in an environment of its own.
in_root() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@" </dev/null
}

as_station() { in_root runuser -u keyline -- "$@"; }

# Runs a command and counts it; what it said is shown when it failed, and kept in $said.
check() {
    local what=$1 code=0
    shift
    said=$("$@" 2>&1) || code=$?
    count "$what" "$code" "$said"
}

# The same for a command that has to fail.
check_refused() {
    local what=$1 code=0
    shift
    said=$("$@" 2>&1) || code=$?
    # A command that could not be run at all was not refused.
    case $code in
        0 | 126 | 127) code=1 ;;
        *) code=0 ;;
    esac
    count "$what" "$code" "$said"
}

count() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        printf '  ok      %s\n' "$1"
    else
        failed=$((failed + 1))
        printf '  FAILED  %s\n%s\n' "$1" "$3" | sed '2,$s/^/          /'
    fi
}

# Whether the last command that was checked said $2, and the next one whether it did not.
check_said() {
    local code=0
    printf '%s\n' "$said" | grep -qF -- "$2" || code=1
    count "$1" "$code" "$said"
}

check_unsaid() {
    local code=0
    ! printf '%s\n' "$said" | grep -qF -- "$2" || code=1
    count "$1" "$code" "$said"
}

# Whether $1 has the mode, owner and group $2.
stands() { [ "$(in_root stat -c '%a %U:%G' "$1")" = "$2" ] || { in_root stat -c '%n %a %U:%G' "$1"; return 1; }; }
gone() { [ ! -e "$root$1" ] && [ ! -L "$root$1" ]; }
there() { [ -s "$root$1" ]; }
version_is() { [ "$(in_root dpkg-query -W -f '${Version} ${db:Status-Abbrev}' keyline)" = "$1 ii " ]; }
ledger_sum() { sha256sum <"$root/var/lib/keyline/ledger/keyline.db"; }
same_ledger() { [ "$(ledger_sum)" = "$ledger" ]; }

installs() {
    printf 'Installed:\n'
    check "dpkg installs it" in_root dpkg -i /first.deb
    check_said "it says what comes next" "3. sudo -u keyline keyline init --configured"
    check "its version is there" version_is "0~try1"
    check "the user has no shell and lives in /var/lib/keyline" \
        in_root sh -c 'getent passwd keyline | grep -q ":/var/lib/keyline:/usr/sbin/nologin$"'
    check "the user's group is keyline" in_root sh -c '[ "$(id -Gn keyline)" = keyline ]'
    check "/var/lib/keyline is the station's alone" stands /var/lib/keyline "700 keyline:keyline"
    check "/var/log/keyline is the station's alone" stands /var/log/keyline "700 keyline:keyline"
    check "the configuration is root's" stands /etc/keyline/station.toml "644 root:root"
    said=$(in_root dpkg-query -W -f '${Conffiles}' keyline)
    check_said "the configuration is one that dpkg watches" " /etc/keyline/station.toml "
    check_said "and so are the policies" " /etc/keyline/policies/standard.toml "
    check "the program runs" in_root keyline --version
    check "the manual page is whole" in_root gzip -t /usr/share/man/man1/keyline.1.gz
    check "bash takes the completions" in_root bash -n /usr/share/bash-completion/completions/keyline
    check "zsh and fish have theirs" there /usr/share/zsh/vendor-completions/_keyline
    check "the udev rule names the group" grep -q 'GROUP="keyline"' "$root/usr/lib/udev/rules.d/70-keyline.rules"
    check "the licences of what is linked in are there" \
        in_root sh -c 'zcat /usr/share/doc/keyline/licences.txt.gz | grep -q "^==== rusqlite "'
    check "the service is not enabled" gone /etc/systemd/system/multi-user.target.wants/keyline.service
    check "systemd has nothing against the unit" in_root systemd-analyze verify --man=no keyline.service
    check_unsaid "and nothing to warn of" keyline
    check "its exposure is $exposure_max or less" \
        in_root systemd-analyze security --offline=yes --threshold="$exposure_max" --no-pager keyline.service
    printf '          %s\n' "$(printf '%s\n' "$said" | tail -n 1)"
}

is_set_up() {
    local recipient
    printf 'Set up:\n'
    check_refused "without recipients no station is made" as_station keyline init --configured
    check_said "and it is said what is missing" "/etc/keyline/station.toml names no recipient"
    as_station keyline init --dir /tmp/practice --practice-identity /tmp/practice.txt 2>/dev/null
    recipient=$(in_root grep '^recipients = ' /tmp/practice/config/station.toml)
    sed -i -e "s|^recipients = .*|$recipient|" -e 's|^tenant = .*|tenant = "contoso.com"|' \
        -e 's|^client_id = .*|client_id = "5f0f1c2e-8f0f-4c5e-9f3c-0a1b2c3d4e5f"|' "$root/etc/keyline/station.toml"
    (umask 077 && printf 'practice\n' >"$root/etc/keyline/client-secret")
    check_refused "root may not make it in the station's place" in_root keyline init --configured --config /etc/keyline/station.toml
    check_said "and is told who may" "sudo -u '#"
    check "the station's user makes it" as_station keyline --config /etc/keyline/station.toml init --configured
    check "the ledger is its own" stands /var/lib/keyline/ledger/keyline.db "600 keyline:keyline"
    check_refused "it is not made twice" as_station keyline --config /etc/keyline/station.toml init --configured
    check "the configuration is right" as_station keyline check /etc/keyline/station.toml
    check_said "the credential is the service's" "LoadCredential=client-secret"
    check "its status is found without a word where" as_station keyline status
}

runs() {
    printf 'Run:\n'
    # As the unit does, but ending when there is nothing to do.
    in_root install -d -o keyline -m 0500 /run/credentials
    in_root install -o keyline -m 0400 /etc/keyline/client-secret /run/credentials/client-secret
    check "the station starts as its user and ends when nothing is left to do" \
        as_station env CREDENTIALS_DIRECTORY=/run/credentials keyline run --until-empty
    check_said "it said that it was ready" "The station is ready."
    check_refused "root may not run it" in_root keyline run --until-empty
    # The practice tenant is a server on loopback.
    check "the practice line enrolls two keys as its user" \
        as_station keyline demo --keys 2 --slots 2 --seed 7 --keep /tmp/demo
    check "and makes two letters" in_root sh -c '[ "$(ls /tmp/demo/mailers/*.pdf | wc -l)" -eq 2 ]'
}

# With systemd as its first process, so that the unit itself is tried.
boots() {
    local units=$root/etc/systemd/system libraries line code
    printf 'Booted:\n'
    mkdir -p "$units/keyline.service.d"
    # The watchdog's patience is the test's.
    printf '[Service]\nWatchdogSec=5\nRestartSec=100ms\n' >"$units/keyline.service.d/try.conf"
    sed -e 's|^ExecStart=.*|ExecStart=/sandbox|' -e 's/^Type=notify/Type=oneshot/' -e '/^WatchdogSec=/d' -e '/^Restart/d' \
        "$root/usr/lib/systemd/system/keyline.service" >"$units/keyline-sandbox.service"
    printf '%s\n' '[Unit]' 'After=basic.target' '[Service]' 'ExecStart=/verify' >"$units/verify.service"
    ln -s ../verify.service "$units/basic.target.wants/verify.service" 2>/dev/null ||
        { mkdir -p "$units/basic.target.wants" && ln -s ../verify.service "$units/basic.target.wants/"; }
    libraries=$(dirname "$root"/usr/lib/*/libc.so.6)
    # The unified hierarchy, because only there the policy of devices is enforced in a container: as a BPF program.
    code=0
    said=$(in_own_cgroup env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 \
        timeout --kill-after=10 180 "$libraries"/ld-linux-*.so.* --library-path "$libraries:$libraries/systemd" "$root/usr/bin/systemd-nspawn" \
        --boot --directory="$root" --register=no --keep-unit --private-network --console=pipe --machine="$(basename "$root")" \
        --capability=CAP_BPF --system-call-filter=bpf 2>&1) || code=$?
    if [ ! -s "$root/verify.log" ]; then
        printf 'SKIPPED: the unit was not run: systemd does not come up in a container here: %s\n' "$(printf '%s' "$said" | tail -n 1)"
        if [ -n "${CI:-}" ] && [ "${CI:-}" != false ]; then failed=$((failed + 1)); fi
        return
    fi
    count "systemd comes up and goes down again" "$code" "$said"
    # Each verdict of those inside counts here.
    while IFS= read -r line; do
        case $line in
            '  ok '*) passed=$((passed + 1)) ;;
            '  FAILED '*) failed=$((failed + 1)) ;;
        esac
        printf '%s\n' "$line"
    done <"$root/verify.log"
    rm -rf "$units/keyline.service.d" "$units/keyline-sandbox.service" "$units/verify.service" \
        "$units/basic.target.wants" "$root/verify.log" "$root/var/lib/keyline/sandbox.log"
}

# Runs a command in control groups of its own, and takes them away afterwards: two of these may run at once.
in_own_cgroup() {
    local line code=0 folder folders=()
    while IFS= read -r line; do
        case $line in
            0::*) folder=/sys/fs/cgroup/unified ;;
            *:name=systemd:*) folder=/sys/fs/cgroup/systemd ;;
            *) continue ;;
        esac
        [ -d "$folder" ] || folder=/sys/fs/cgroup
        folder+=${line#*:*:}/keyline-$(basename "$root")
        mkdir -p "$folder"
        folders+=("$folder")
    done </proc/self/cgroup
    (
        for folder in "${folders[@]}"; do
            printf '%s' "$BASHPID" >"$folder/cgroup.procs"
        done
        exec "$@"
    ) || code=$?
    find "${folders[@]}" -depth -type d -exec rmdir {} +
    return "$code"
}

upgrades() {
    printf 'Upgraded:\n'
    sed -i 's|^organisation = .*|organisation = "Contoso Basel"|' "$root/etc/keyline/station.toml"
    ledger=$(ledger_sum)
    check "dpkg upgrades it" in_root dpkg --force-confdef --force-confold -i /second.deb
    check_unsaid "it does not tell the first steps again" "Next:"
    check "its version is the newer one" version_is "0~try2"
    check "the edited configuration stays" grep -q '^organisation = "Contoso Basel"' "$root/etc/keyline/station.toml"
    check "the newer one lies beside it" grep -q 'only the newer version' "$root/etc/keyline/station.toml.dpkg-dist"
    check "the ledger stays" same_ledger
    check "and is read by the newer program" as_station keyline status
}

is_removed() {
    printf 'Removed:\n'
    check "dpkg removes it" in_root dpkg -r keyline
    check "the program is gone" gone /usr/bin/keyline
    check "the unit is gone" gone /usr/lib/systemd/system/keyline.service
    check "the udev rule is gone" gone /usr/lib/udev/rules.d/70-keyline.rules
    check "the configuration stays" there /etc/keyline/station.toml
    check "the secret stays" there /etc/keyline/client-secret
    check "the ledger stays" same_ledger
    check "dpkg purges it" in_root dpkg -P keyline
    printf '%s\n' "$said" | sed 's/^/          /'
    check_said "it says what stays and how to delete it" "rm -r /var/lib/keyline"
    check "the configuration and the secret are gone" gone /etc/keyline
    check "the log is gone" gone /var/log/keyline
    check "no link of the service is left" gone /etc/systemd/system/keyline.service
    check "the ledger stays, whatever was purged" same_ledger
    check "its owner stays with it" stands /var/lib/keyline/ledger/keyline.db "600 keyline:keyline"

    check "it can be installed again" in_root dpkg -i /first.deb
    check_unsaid "and does not tell the first steps, for there is a ledger" "Next:"
    rm -rf "$root/var/lib/keyline"
    check "purged without a ledger" in_root dpkg -P keyline
    check_unsaid "it has nothing to say of one" "ledger"
    check_refused "and the user is gone" in_root getent passwd keyline
}

main "$@"
