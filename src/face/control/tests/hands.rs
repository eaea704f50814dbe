//! Scans, spoiled letters and batches that leave, asked over the socket.

use super::*;
use crate::app::trail::{Fate, Line, Stay, Thing};
use crate::domain::event::Intent;
use crate::domain::job::Envelope;
use crate::domain::mailer::ControlNumber;

fn control(number: i64) -> ControlNumber {
    ControlNumber::draw(number.to_be_bytes()).unwrap()
}

/// Jobs so many, each with a letter that was handed over and that nobody has confirmed.
fn printed(jobs: i64) -> World {
    let users: Vec<String> = (1..=jobs)
        .map(|job| format!("u{job}@contoso.com"))
        .collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let ledger = World::with_jobs(&users);
    for job in 1..=jobs {
        let mut story = course(&format!("{job}"), Step::Register);
        story.push(Happening::Started {
            step: Step::Deliver,
            intent: Intent::Deliver {
                control: control(job).to_string(),
                outlet: None,
            },
        });
        ledger.tell(JobId(job), story);
    }
    ledger
}

fn hands(hands: Hands) -> Ask {
    Ask::Hands {
        hands,
        actor: "4711".to_owned(),
    }
}

fn scan(line: &str) -> Ask {
    hands(Hands::Scanned {
        line: line.to_owned(),
    })
}

fn dispatch(after: Option<JobId>) -> Ask {
    hands(Hands::Dispatched {
        batch: "onboarding".to_owned(),
        rehearsal: false,
        after,
    })
}

#[test]
fn every_scan_is_answered_in_words() {
    let ((_folder, path), ledger) = (run_folder(), printed(2));
    let _server = serve_alone(&path, &ledger);
    let first = control(1).grouped();
    let refused = |line: &str| {
        let complaint = told(&path, &scan(line)).unwrap_err();
        (complaint.exit, complaint.message)
    };
    assert_eq!(
        ask(&path, &scan(&first)),
        Ok(Some(Answer::Acted {
            message: "L-0001 is confirmed. Put it into its envelope, and scan it once more when it lies there.".to_owned(),
            result: "confirmed".to_owned(),
            item: "L-0001".to_owned(),
            note: None,
        }))
    );
    let again = told(&path, &scan(&first)).unwrap();
    assert!(again.starts_with("L-0001 is confirmed."), "{again}");
    ledger.pass_seconds(5);
    assert_eq!(
        told(&path, &scan(&first)).unwrap(),
        "L-0001 lies in its envelope."
    );
    assert_eq!(
        told(&path, &scan(&first)).unwrap(),
        "L-0001 lies in its envelope already; nothing more is needed."
    );
    assert_eq!(
        refused(&format!("PM1:onboarding:{}:1", control(2))),
        (
            ExitCode::Refused,
            "This code does not belong together: its control number is of another batch or another place than it says."
                .to_owned()
        )
    );
    assert_eq!(
        refused("B-0001"),
        (
            ExitCode::Refused,
            "Wrong bag: the key of B-0001 does not wait for its bag now. No bag is waited for."
                .to_owned()
        )
    );
    assert_eq!(refused("B-0099").0, ExitCode::Refused);
    assert_eq!(refused(&control(99).to_string()).0, ExitCode::Refused);
    for line in ["482091735500", "PM1:onboarding:48", "hello"] {
        assert_eq!(refused(line).0, ExitCode::Usage, "{line}");
    }
}

#[test]
fn a_spoiled_letter_is_void_from_then_on() {
    let ((_folder, path), ledger) = (run_folder(), printed(1));
    let _server = serve_alone(&path, &ledger);
    let spoil = hands(Hands::Spoiled {
        job: "0001".to_owned(),
        reason: "torn\u{1b}[2J".to_owned(),
    });
    let said = told(&path, &spoil).unwrap();
    assert!(said.contains("keyline mailer reissue 0001"), "{said}");
    let void = told(&path, &scan(&control(1).to_string())).unwrap_err();
    assert_eq!(void.exit, ExitCode::Refused);
    assert!(
        void.message.starts_with("VOID: this sheet of L-0001"),
        "{}",
        void.message
    );
    assert!(!void.message.contains('\u{1b}'), "{}", void.message);
    let again = told(&path, &spoil).unwrap_err();
    assert_eq!(
        again.message,
        "The letter of Job 1 (u1@contoso.com, envelope 0001) is void already."
    );
}

#[test]
fn a_large_batch_leaves_in_parts_and_no_job_is_left_out() {
    let ((_folder, path), ledger) = (run_folder(), printed(150));
    for job in 1..=149 {
        ledger.tell(
            JobId(job),
            [Happening::Done {
                step: Step::Deliver,
                evidence: crate::domain::event::Evidence::Delivered {
                    control: control(job).to_string(),
                    target: "tray".to_owned(),
                    confirmed: None,
                },
            }],
        );
    }
    let _server = serve_alone(&path, &ledger);
    let (mut lines, mut after, mut parts) = (Vec::new(), None, 0);
    loop {
        let Some(Answer::Part { part }) = ask(&path, &dispatch(after)).unwrap() else {
            panic!("no part");
        };
        parts += 1;
        lines.extend(part.lines);
        after = part.last;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(parts, 3);
    let jobs: Vec<i64> = lines.iter().map(|line: &Line| line.job.0).collect();
    assert_eq!(jobs, (1..=150).collect::<Vec<_>>());
    // The keys were finished just now: a day is missing.
    let day = |line: &Line| matches!(line.fate, Fate::Stays(Stay::TooEarly { .. }));
    assert!(lines.iter().take(149).all(day), "{:?}", lines.first());
    let last = lines.last().unwrap();
    assert_eq!(last.thing, Thing::Letter);
    assert_eq!(last.envelope, Envelope(150));
    assert_eq!(last.fate, Fate::Stays(Stay::NotConfirmed));
    let other = hands(Hands::Dispatched {
        batch: "other".to_owned(),
        rehearsal: true,
        after: None,
    });
    let unknown = told(&path, &other).unwrap_err();
    assert_eq!(unknown.exit, ExitCode::Usage);
}
