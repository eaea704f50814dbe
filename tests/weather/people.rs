//! What the tenant says of people before their keys are wiped: disabled accounts, guests, a directory that keeps to itself.

use keyline::app::board::News;
use keyline::app::eligibility::{Notice, Subject};
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Happening, Step};
use keyline::domain::fault::Fault;
use keyline::practice::tenant::Operation;

use crate::line::{Layout, Line, begun, photograph_of_new};

/// Between two looks at those whose account is disabled.
const ROUND_SECONDS: i64 = 600;

fn notices(news: &[News]) -> Vec<&Notice> {
    news.iter()
        .filter_map(|one| match one {
            News::Notice(notice) => Some(notice),
            _ => None,
        })
        .collect()
}

#[test]
fn a_disabled_account_is_held_untouched_and_goes_on_by_itself_once_it_is_enabled() {
    let line = Line::set(&Layout {
        slots: 1,
        ..Layout::default()
    });
    let keys = line.add_keys(3);
    let last = photograph_of_new(&keys[2]);
    let users = line.drop_people("three.csv", 0..3);
    line.tenant(|tenant| tenant.change_person(&users[0], |person| person.enabled = false));
    let running = line.start(false);
    running.wait_for("two done, one held", |view| {
        (view.counts.done, view.counts.held) == (2, 1)
    });
    assert_eq!(begun(running.ledger.as_ref(), Step::Reset), 2);
    assert!(keys[2].photograph() == last, "a key was wiped for nobody");
    let held = running.ledger.jobs(None).expect("jobs").remove(0);
    assert_eq!(
        (held.standing, held.held),
        (Standing::Held, Some(Fault::UserDisabled))
    );

    line.tenant(|tenant| tenant.change_person(&users[0], |person| person.enabled = true));
    line.pass(ROUND_SECONDS);
    running.wait_for("the third done", |view| view.counts.done == 3);
    let ledger = running.ledger.clone();
    let happenings: Vec<_> = ledger
        .journal(held.job.id)
        .expect("a journal")
        .into_iter()
        .map(|row| (row.event.happening, row.actor))
        .take(2)
        .collect();
    assert_eq!(happenings[1], (Happening::Released, "keyline".to_owned()));
    running.stop_now();
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn a_guest_is_held_and_everybody_else_costs_one_call_more() {
    let line = Line::set(&Layout::default());
    line.add_keys(3);
    let users = line.drop_people("three.csv", 0..3);
    line.tenant(|tenant| tenant.change_person(&users[1], |person| person.guest = true));
    let (summary, ledger) = line.start(true).finish();
    assert_eq!((summary.done, summary.held.len()), (2, 1), "{summary:?}");
    assert!(matches!(&summary.held[0], Fault::UserUnfit { why } if why.contains("guest")));
    assert_eq!(begun(ledger.as_ref(), Step::Reset), 2);
    let asked = |of| line.tenant(|tenant| tenant.requests(of));
    assert_eq!(
        (asked(Operation::Person), asked(Operation::CreationOptions)),
        (3, 2)
    );
    assert_eq!((asked(Operation::Register), asked(Operation::List)), (2, 0));
}

#[test]
fn a_directory_that_keeps_to_itself_is_told_of_once_and_stops_nobody() {
    let line = Line::set(&Layout::default());
    line.add_keys(4);
    let users = line.drop_people("four.csv", 0..4);
    line.tenant(|tenant| {
        tenant.permit(&["UserAuthMethod-Passkey.ReadWrite.All"]);
        tenant.change_person(&users[0], |person| person.enabled = false);
    });
    let running = line.start(true);
    running.wait_for("a notice", |_| !notices(&running.news()).is_empty());
    running.wait_for("all done", |view| view.counts.done == 4);
    let news = running.news();
    let people: Vec<_> = notices(&news)
        .into_iter()
        .filter_map(|notice| match notice {
            Notice::Unreadable {
                subject: Subject::People,
                fault,
            } => Some(fault),
            _ => None,
        })
        .collect();
    assert!(
        matches!(people.as_slice(), [Fault::Refused { status: 403, request_id, .. }] if !request_id.is_empty()),
        "{news:?}"
    );
    let (summary, ledger) = running.finish();
    assert_eq!((summary.done, summary.held.len()), (4, 0), "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    // The four are prepared at once, and nobody was told yet.
    let asked = line.tenant(|tenant| tenant.requests(Operation::Person));
    assert!((1..=4).contains(&asked), "{asked}");
}
