//! How a run ends, in the numbers that scripts read.

use crate::cards::{Bench, all_done};
use crate::home::{Home, job_file, said};
use crate::program::Program;

/// A station that watches readers, of which there are none by this name: neither the machine's own keys nor its own cards are
/// its concern.
fn without_readers() -> Home {
    let names: Vec<toml::Value> = vec!["a reader of which there is none".into()];
    Home::new(&[("slots", "reader_names", names.into())])
}

#[test]
fn nothing_to_do_is_a_success() {
    let home = without_readers();
    let run = home.keyline(&["run", "--until-empty"]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    assert_eq!(run.stdout, b"No key was finished.\n", "{}", said(&run));
}

#[test]
fn a_rejected_file_decides_the_exit_code() {
    let home = without_readers();
    home.drop_file(
        "typo.csv",
        "user,polcy\r\nanna.lang@contoso.com,standard\r\n",
    );
    let run = home.keyline(&["run", "--until-empty"]);
    assert_eq!(run.status.code(), Some(3), "{}", said(&run));
    for file in ["typo.csv", "typo.csv.reason.json", "typo.csv.reason.txt"] {
        let file = home.path("queue/rejected").join(file);
        assert!(file.exists(), "{}: {}", file.display(), said(&run));
    }
    assert_eq!(home.jobs().len(), 0);
    // It was told once; the next run has nothing to complain of.
    let again = home.keyline(&["run", "--until-empty"]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
}

#[test]
fn a_held_job_decides_the_exit_code() {
    let home = without_readers();
    home.drop_file("one.csv", &job_file(&[(0, "standard")]));
    let mut program = Program::start(home.command(&["run", "--until-empty"]));
    program.wait_for_line("one.csv was taken: 1 job");
    let user = home.jobs().remove(0).user;
    let held = home.keyline(&["jobs", "hold", &user, "--reason", "on leave until May"]);
    assert!(held.status.success(), "{}", said(&held));
    let ended = program.wait_for_end();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr.join("\n"));
    assert_eq!(home.jobs().remove(0).standing, "held");
    // It still waits for somebody when the next run begins.
    let again = home.keyline(&["run", "--until-empty"]);
    assert_eq!(again.status.code(), Some(4), "{}", said(&again));
}

#[test]
fn a_user_whom_the_tenant_does_not_know_is_refused() {
    let home = without_readers();
    let file = job_file(&[(0, "standard")]).replace("anna.lang@", "nobody.here@");
    home.drop_file("stranger.csv", &file);
    let run = home.keyline(&["run", "--until-empty"]);
    assert_eq!(run.status.code(), Some(3), "{}", said(&run));
    assert_eq!(home.jobs().remove(0).standing, "held");
}

#[test]
fn a_limit_makes_a_pilot_and_a_second_key_for_a_person_waits() {
    let Some(mut bench) = Bench::new(2, "never") else {
        return;
    };
    let people = [(0, "standard"), (6, "standard")];
    bench.home.drop_file("pilot.csv", &job_file(&people));
    let mut program = bench.start(&["--limit", "1"]);
    program.wait_for_line("pilot.csv was taken: 2 jobs");
    let first = bench.lay(0);
    let ended = program.wait_for_end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
    assert_eq!(all_done(&ended.stderr).len(), 1);
    let standings: Vec<_> = bench
        .home
        .jobs()
        .into_iter()
        .map(|job| job.standing)
        .collect();
    assert_eq!(standings, ["done", "waiting"]);
    assert_eq!(bench.home.letters().len(), 1);
    let enrolled = first.photograph();

    // The rest, and the first person once more in another file.
    let again = job_file(&[(0, "strict")]);
    bench.home.drop_file("again.csv", &again);
    let mut program = bench.start(&[]);
    program.wait_for_line("again.csv was taken: 1 job");
    bench.lay(1);
    let ended = program.wait_for_end();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr.join("\n"));
    let standings: Vec<_> = bench
        .home
        .jobs()
        .into_iter()
        .map(|job| job.standing)
        .collect();
    assert_eq!(standings, ["done", "done", "held"]);
    assert_eq!(bench.home.letters().len(), 2);
    assert!(enrolled == first.photograph());
}
