//! The program is told to end in the middle of a touch: by the service manager, by a person who is in a hurry, by a terminal that
//! closes. It ends with its code, and the next run finishes what it began, on the same key.

use keyline::practice::authenticator::{SimulatedKey, Touch};

use crate::cards::{Bench, all_done};
use crate::home::job_file;
use crate::program::{Ended, PATIENCE, Program};

/// The exit code of a run that was stopped.
const STOPPED: Option<i32> = Some(130);

/// A bench with one job, and a station that waits for the touch of its key.
fn waiting_for_touch(
    before: impl FnOnce(&mut std::process::Command),
) -> Option<(Bench, Program, SimulatedKey)> {
    let mut bench = Bench::new(2, "never")?;
    bench
        .home
        .drop_file("one.csv", &job_file(&[(0, "standard")]));
    let mut program = bench.start_as(&[], before);
    program.wait_for_line("one.csv was taken: 1 job");
    let key = bench.lay(0);
    key.set_touch(Touch::ByHand);
    assert!(key.wait_for_blink(PATIENCE), "the key does not ask");
    Some((bench, program, key))
}

/// The steps that the journal of the job says are done, in order, and whether one is begun and not ended.
fn steps(bench: &Bench) -> (Vec<String>, bool) {
    let shown = bench.home.keyline(&["jobs", "show", "1", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let mut done = Vec::new();
    let mut in_doubt = false;
    for row in shown["journal"].as_array().unwrap() {
        let event = &row["event"];
        match event["event"].as_str().unwrap() {
            "started" => in_doubt = true,
            "done" => {
                in_doubt = false;
                done.push(event["step"].as_str().unwrap().to_owned());
            }
            _ => in_doubt = false,
        }
    }
    (done, in_doubt)
}

/// The same key, lifted and laid down again, for a new run.
fn finish(mut bench: Bench, key: &SimulatedKey) {
    let verified = bench.home.keyline(&["ledger", "verify"]);
    assert!(
        verified.status.success(),
        "{}",
        crate::home::said(&verified)
    );
    key.set_touch(Touch::After(std::time::Duration::ZERO));
    let mut program = bench.start(&[]);
    let card = bench.pcscd.lay(0, key.clone()).unwrap();
    bench.cards.insert(0, (key.clone(), card));
    program.wait_for("the key done", |lines| {
        (all_done(lines).len() == 1).then_some(())
    });
    let ended = program.wait_for_end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
    assert_eq!(bench.home.letters().len(), 1);
    let people = bench.home.tenant.people();
    assert_eq!(
        bench.home.tenant.credentials(&people[0].upn).unwrap().len(),
        1
    );
}

fn assert_stopped(ended: &Ended) {
    assert_eq!(ended.code, STOPPED, "{}", ended.stderr.join("\n"));
}

/// Ends the step in hand, which is the reset of the key, and nothing more.
fn orderly(signals: &[&str]) {
    let Some((bench, mut program, key)) = waiting_for_touch(|_| {}) else {
        return;
    };
    for (times, signal) in (1..).zip(signals) {
        program.signal(signal);
        program.wait_for_log(&bench.home, "\"request\":\"Stop\"", times);
    }
    key.press();
    let ended = program.wait_for_end();
    assert_stopped(&ended);
    assert_eq!(steps(&bench), (vec!["reset".to_owned()], false));
    finish(bench, &key);
}

#[test]
fn sigterm_ends_the_step_in_hand() {
    orderly(&["TERM"]);
}

/// A service manager may send one more, and hangs up the terminal as well.
#[test]
fn sigterm_and_sighup_together_are_one_orderly_end() {
    orderly(&["TERM", "HUP", "TERM"]);
}

#[test]
fn sigint_twice_breaks_the_touch_off() {
    let Some((bench, mut program, key)) = waiting_for_touch(|_| {}) else {
        return;
    };
    program.signal("INT");
    program.wait_for_log(&bench.home, "\"request\":\"Stop\"", 1);
    assert!(program.is_running(), "one alone ends the step in hand");
    program.signal("INT");
    program.wait_for_log(&bench.home, "\"request\":\"StopNow\"", 1);
    // Nobody touches the key.
    let ended = program.wait_for_end();
    assert_stopped(&ended);
    let (done, in_doubt) = steps(&bench);
    assert_eq!((done.len(), in_doubt), (0, true));
    finish(bench, &key);
}

#[test]
fn a_station_that_shall_outlive_its_terminal_does() {
    let outlive = |command: &mut std::process::Command| {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
            .arg(program)
            .args(arguments);
        shell
            .current_dir(command.get_current_dir().unwrap())
            .env_clear();
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap());
        }
        *command = shell;
    };
    let Some((bench, mut program, key)) = waiting_for_touch(outlive) else {
        return;
    };
    program.signal("HUP");
    key.press();
    key.set_touch(Touch::After(std::time::Duration::ZERO));
    program.wait_for("the key done", |lines| {
        (all_done(lines).len() == 1).then_some(())
    });
    let ended = program.wait_for_end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
    drop(bench);
}
