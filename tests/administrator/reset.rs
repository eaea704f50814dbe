//! `reset = "keep"` and `reset = "specified"`, from the job file to the tenant.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use keyline::domain::credential::{CredentialId, RpId, UserHandle};
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Happening, Step};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::port::{JobRecord, Ledger as _, PinVerdict};
use keyline::practice::authenticator::{Past, SimulatedKey};
use keyline::practice::tenant::Existing;
use keyline::wire::station::Parts;

use crate::files;
use crate::line::{Knows, Line};

const ENTRA: &str = "login.microsoft.com";
const ELSEWHERE: &str = "bank.example";
const ANNA: &str = "anna.lang@contoso.com";
const CURRENT: &str = "84067135";

fn rp(id: &str) -> RpId {
    RpId(id.to_owned())
}

fn current() -> Pin {
    Pin::new(CURRENT).expect("a PIN")
}

/// Anna's own key: with a PIN, and a passkey of this relying party on it.
fn key_in_use(line: &Line, at: &str) -> SimulatedKey {
    let past = Past {
        pin: Some(&current()),
        passkey: Some((&rp(at), &UserHandle(b"anna".to_vec()))),
    };
    line.maker.make_used(7, &past).expect("a key")
}

/// The passkey of this relying party that a key shows without touch or PIN.
fn shown(
    line: &Line,
    key: &SimulatedKey,
    at: &str,
    allow: &[CredentialId],
) -> Option<CredentialId> {
    let shown = line.open(key).assert_silently(&rp(at), allow);
    line.bench
        .pull(&keyline::practice::authenticator::Bench::place(1));
    shown.expect("an answer")
}

fn only_job(parts: &Parts) -> JobRecord {
    let mut jobs = parts.ledger.jobs(None).expect("jobs");
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

fn steps_done(parts: &Parts, job: &JobRecord) -> Vec<Step> {
    let journal = parts.ledger.journal(job.job.id).expect("a journal");
    let done = journal
        .iter()
        .filter_map(|stamped| match &stamped.event.happening {
            Happening::Done { step, .. } => Some(*step),
            _ => None,
        });
    done.collect()
}

fn letters(line: &Line) -> Vec<PathBuf> {
    let mut found = files::below(&line.config.path(&line.config.letters.folder));
    found.retain(|path| path.extension().is_some_and(|ending| ending == "pdf"));
    found
}

/// Everything that must hold when a key got a passkey and kept all else.
fn assert_kept(line: &Line, parts: &Parts, key: &SimulatedKey, elsewhere: &CredentialId) {
    let job = only_job(parts);
    assert_eq!(job.standing, Standing::Done, "{job:?}");
    assert_eq!(
        steps_done(parts, &job),
        [Step::MakeCredential, Step::Register]
    );
    let registered = line
        .tenant(|tenant| tenant.credentials(ANNA))
        .expect("Anna");
    assert_eq!(registered.len(), 1);
    let mut opened = line.open(key);
    assert_eq!(opened.try_pin(&current()), Ok(PinVerdict::Right));
    assert_eq!(opened.pin_retries(), Ok(8));
    drop(opened);
    assert_eq!(shown(line, key, ELSEWHERE, &[]).as_ref(), Some(elsewhere));
    let new = &registered[0].id;
    assert_eq!(
        shown(line, key, ENTRA, std::slice::from_ref(new)).as_ref(),
        Some(new)
    );
    assert_eq!(letters(line), Vec::<PathBuf>::new());
}

#[test]
fn a_kept_key_gets_a_passkey_and_loses_nothing() {
    let line = Line::new(1);
    let key = key_in_use(&line, ELSEWHERE);
    let elsewhere = shown(&line, &key, ELSEWHERE, &[]).expect("the bank's passkey");
    let job = format!("user,policy,current_pin\r\n{ANNA},keep,{CURRENT}\r\n");
    line.drop_file("keep.csv", &job);
    let operator = Knows::nothing();
    let (summary, parts) = line.run(operator.clone(), vec![key.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    assert_kept(&line, &parts, &key, &elsewhere);
    assert_eq!(operator.asked(), [], "the job file had told the PIN");
}

#[test]
fn the_operator_is_asked_for_a_pin_that_the_job_file_does_not_tell() {
    let line = Line::new(1);
    let key = key_in_use(&line, ELSEWHERE);
    let elsewhere = shown(&line, &key, ELSEWHERE, &[]).expect("the bank's passkey");
    line.drop_file(
        "keep.csv",
        &format!("user,name,policy\r\n{ANNA},Anna Lang,keep\r\n"),
    );
    let operator = Knows::this(&current());
    let (summary, parts) = line.run(operator.clone(), vec![key.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    assert_kept(&line, &parts, &key, &elsewhere);
    assert_eq!(operator.asked(), [(1, "Anna Lang".to_owned())]);
}

#[test]
fn nobody_who_knows_the_pin_holds_the_job_and_spares_the_key() {
    let line = Line::new(1);
    let key = key_in_use(&line, ELSEWHERE);
    line.drop_file("keep.csv", &format!("user,policy\r\n{ANNA},keep\r\n"));
    let (summary, parts) = line.run(Knows::nothing(), vec![key.clone()]);
    assert_eq!(summary.held, [Fault::CurrentPinMissing]);
    assert_eq!(only_job(&parts).standing, Standing::Held);
    assert_eq!(line.open(&key).pin_retries(), Ok(8));
    assert_eq!(
        line.tenant(|tenant| tenant.credentials(ANNA))
            .map(|all| all.len()),
        Ok(0)
    );
}

#[test]
fn a_wrong_pin_costs_one_try_and_holds_the_job() {
    let line = Line::new(1);
    let key = key_in_use(&line, ELSEWHERE);
    line.drop_file(
        "keep.csv",
        &format!("user,policy,current_pin\r\n{ANNA},keep,11883377\r\n"),
    );
    let (summary, _) = line.run(Knows::nothing(), vec![key.clone()]);
    assert!(
        matches!(&summary.held[..], [Fault::PinWrong { .. }]),
        "{summary:?}"
    );
    assert_eq!(line.open(&key).pin_retries(), Ok(7));
    assert_eq!(
        line.tenant(|tenant| tenant.credentials(ANNA))
            .map(|all| all.len()),
        Ok(0)
    );
}

#[test]
fn a_key_that_is_registered_for_this_user_already_is_not_registered_twice() {
    let line = Line::new(1);
    let key = key_in_use(&line, ENTRA);
    let there = shown(&line, &key, ENTRA, &[]).expect("Anna's passkey");
    let existing = Existing {
        display_name: "Anna's key".to_owned(),
        aaguid: key.model().aaguid,
        credential_id: Some(there.clone()),
        id_bytes: None,
        method: None,
        created: None,
        synced: false,
    };
    line.tenant(|tenant| tenant.add_existing(ANNA, existing))
        .expect("a passkey of Anna's");
    line.drop_file(
        "keep.csv",
        &format!("user,policy,current_pin\r\n{ANNA},keep,{CURRENT}\r\n"),
    );
    let (summary, parts) = line.run(Knows::nothing(), vec![key.clone()]);
    assert_eq!(summary.held, [Fault::CredentialExcluded]);
    assert_eq!(steps_done(&parts, &only_job(&parts)), []);
    assert_eq!(
        line.tenant(|tenant| tenant.credentials(ANNA))
            .map(|all| all.len()),
        Ok(1)
    );
    assert_eq!(shown(&line, &key, ENTRA, &[]), Some(there));
}

#[test]
fn a_specified_pin_is_on_the_key_and_in_the_letter() {
    let line = Line::new(1);
    let key = line.maker.make(1).expect("a key");
    line.drop_file(
        "given.csv",
        &format!(
            "user,name,department,policy,pin\r\n{ANNA},Anna Lang,Vertrieb,specified,kw7gmtfa\r\n"
        ),
    );
    let (summary, parts) = line.run(Knows::nothing(), vec![key.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    let given = Pin::new("kw7gmtfa").expect("a PIN");
    assert_eq!(line.open(&key).try_pin(&given), Ok(PinVerdict::Right));
    assert_eq!(only_job(&parts).standing, Standing::Done);
    let letter = letters(&line).pop().expect("a letter");
    if let Some(text) = read(&letter) {
        assert!(text.contains("kw7gmtfa"), "the letter is for another PIN");
    }
}

/// The words of a letter without the spaces between them; `None` where there is no program that reads PDF.
fn read(letter: &Path) -> Option<String> {
    let read = Command::new("pdftotext").arg(letter).arg("-").output();
    let Ok(read) = read else {
        let reason = "`pdftotext` is missing (package poppler-utils)";
        let set =
            |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
        assert!(
            !set("CI") || set("KEYLINE_TEST_QUICK"),
            "NOT TESTED: {reason}"
        );
        // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
        return None;
    };
    let text = String::from_utf8_lossy(&read.stdout);
    Some(text.split_whitespace().collect())
}
