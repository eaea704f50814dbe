//! Cases with systemd-udevd and the packaged rule: the station is an account of its own, to which the rule gives the nodes.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use keyline::practice::authenticator::Mishap;

use super::bench::{Bench, Handed, PORTS, RESET, end_well, hear, hear_done, node_of};
use super::uhid::Port;
use super::{case, log};
use crate::home::job_file;
use crate::program::{LOOK_EVERY, PATIENCE, Program};

/// Where a rule takes its time (`slow.rules`): longer than the program goes without a look of its own, and than it tries to open
/// a node that it may not open.
const SLOW: Port = Port {
    phys: "bench/slow",
    product: 0x51,
};
const SLOW_RULE: Duration = Duration::from_secs(4);
/// The account `keyline` and its group.
const ACCOUNT: u32 = 1000;

pub(crate) fn act(bench: &mut Bench) {
    bench.insertions.clear();
    case("udevd starts", || {
        ran(Command::new("/lib/systemd/systemd-udevd").arg("--daemon"));
        wait_for(Path::new("/run/udev/control"));
    });
    let keys = [bench.training_key(), bench.practice_key()];
    let people = job_file(&[(18, "standard"), (1, "standard")]);
    bench.home.drop_file("more.csv", &people);
    ran(Command::new("chown")
        .args(["-R", "keyline:keyline"])
        .arg(bench.home.path("")));

    let envelopes = case(
        "an account that only the rule lets at keys enrolls two; one is pulled when it was wiped, and comes back",
        || {
            let mut program = Program::start(as_account(bench, &["run", "--until-empty"]));
            program.wait_for_line("more.csv was taken: 2 jobs");
            keys[0].arrange(Mishap::AfterCommand(RESET));
            let one = bench.plug(&keys[0], PORTS[0]);
            let two = bench.plug(&keys[1], PORTS[1]);
            let back = hear(&mut program, 0, 1, "put the key back");
            one.wait_until_gone();
            let one = bench.plug(&keys[0], PORTS[0]);
            let (_, first) = hear_done(&mut program, back, 1);
            let (_, second) = hear_done(&mut program, 0, 2);
            for port in PORTS {
                let node = std::fs::metadata(node_of(port)).unwrap();
                let rights = (node.uid(), node.gid(), node.mode() & 0o777);
                assert_eq!(rights, (0, ACCOUNT, 0o660));
            }
            end_well(program);
            one.pull();
            two.pull();
            [first, second]
        },
    );
    case("everybody is done", || bench.all_are_done());
    case("every arrival was announced by udevd", || {
        log::announced_and_seen(&bench.home, &bench.insertions);
    });
    case(
        "the same account asks whose key it is, and waits for rules that take their time",
        || {
            let mut program = Program::start(as_account(bench, &["keys", "identify"]));
            program.wait_for_line("Insert a key");
            let since = Instant::now();
            let one = bench.plug(&keys[0], SLOW);
            let ended = program.wait_for_end();
            let took = since.elapsed();
            let said = ended.stdout.join("\n");
            println!("{said}");
            assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
            assert!(took >= SLOW_RULE, "the rule took only {took:?}");
            assert!(said.contains(&envelopes[0]), "{said}");
            one.pull();
        },
    );
    case("everybody signs in through libfido2", || {
        for (envelope, key) in envelopes.into_iter().zip(keys) {
            bench.sign_in(&Handed { envelope, key }, PORTS[1]);
        }
    });
}

fn as_account(bench: &Bench, words: &[&str]) -> Command {
    let mut command = bench.home.command(words);
    command.uid(ACCOUNT).gid(ACCOUNT);
    command
}

fn ran(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status:?}");
}

fn wait_for(file: &Path) {
    let until = Instant::now() + PATIENCE;
    while !file.exists() {
        assert!(Instant::now() < until, "no {}", file.display());
        std::thread::sleep(LOOK_EVERY);
    }
}
