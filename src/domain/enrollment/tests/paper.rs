//! Sheets and bags: what may follow what, what nobody knows stays unknown, what is void is never confirmed.

use super::*;
use crate::domain::paper::Ticket;

const CONTROL: &str = "482091735583";
pub(super) const WITH_BAG: [Step; 7] = [
    Step::Reset,
    Step::SetPin,
    Step::MakeCredential,
    Step::Register,
    Step::Configure,
    Step::Bag,
    Step::Deliver,
];

fn accepted() -> Sheet {
    Sheet::Accepted {
        ticket: Ticket {
            printer: "ipp://printer.example/ipp/print".to_owned(),
            job: 7,
            uuid: None,
            name: "keyline 7".to_owned(),
        },
    }
}

fn unknown() -> Sheet {
    Sheet::Unknown {
        why: "aborted".to_owned(),
    }
}

pub(super) fn sheets() -> [Sheet; 3] {
    [accepted(), Sheet::OnPaper, unknown()]
}

pub(super) fn printed(attempt: u32, sheet: Sheet) -> Event {
    let control = CONTROL.to_owned();
    event(attempt, Happening::Printed { control, sheet })
}

pub(super) fn spoiled(attempt: u32) -> Event {
    let (control, reason) = (CONTROL.to_owned(), "torn".to_owned());
    event(attempt, Happening::Spoiled { control, reason })
}

pub(super) fn left(attempt: u32, what: Leaving) -> Event {
    event(attempt, Happening::Left { what })
}

/// The sheet is to be handed over, or was.
fn in_doubt(sheets: &[Sheet]) -> Vec<Event> {
    let mut events = before(Step::Deliver);
    events.push(started(1, Step::Deliver));
    events.extend(sheets.iter().map(|sheet| printed(1, sheet.clone())));
    events
}

/// The letter is confirmed.
fn confirmed() -> Vec<Event> {
    let mut events = in_doubt(&[accepted(), Sheet::OnPaper]);
    events.push(done(1, Step::Deliver));
    events
}

/// Everything before the bag is done.
fn enrolled() -> Vec<Event> {
    let mut events = vec![began(1, &WITH_BAG)];
    for step in WITH_BAG.into_iter().take(5) {
        events.extend([started(1, step), done(1, step)]);
    }
    events
}

#[test]
fn a_bag_is_a_persons_word_and_nothing_that_is_started() {
    let bagged = || event(1, Happening::Bagged);
    let ready = state(&enrolled());
    assert_eq!(ready.next(), Command::Await(Step::Bag));
    assert_eq!(ready.standing(), Standing::UnderWay);
    assert!(!ready.wants_its_key());
    cannot_follow(&enrolled(), started(1, Step::Bag));
    cannot_follow(&enrolled(), started(1, Step::Deliver));
    let after = then(&enrolled(), &[bagged()]);
    assert_eq!(after.next(), Command::Run(Step::Deliver));
    cannot_follow(&[enrolled(), vec![bagged()]].concat(), bagged());
    cannot_follow(&before(Step::Deliver), bagged());
}

#[test]
fn a_sheet_moves_in_one_direction_only() {
    let all: [&[Sheet]; 5] = [
        &[],
        &[accepted()],
        &[accepted(), Sheet::OnPaper],
        &[Sheet::OnPaper],
        &[unknown()],
    ];
    for before in all {
        for next in sheets() {
            let may = match (before.last(), &next) {
                (None, _) => true,
                (Some(Sheet::Accepted { .. }), next) => !matches!(next, Sheet::Accepted { .. }),
                (Some(Sheet::OnPaper | Sheet::Unknown { .. }), _) => false,
            };
            let events = in_doubt(before);
            if may {
                let after = then(&events, &[printed(1, next.clone())]);
                assert_eq!(after.sheet(), Some(&next));
            } else {
                cannot_follow(&events, printed(1, next));
            }
        }
    }
}

#[test]
fn of_a_sheet_nothing_is_said_before_it_is_begun_or_under_another_number() {
    cannot_follow(&before(Step::Deliver), printed(1, accepted()));
    cannot_follow(&confirmed(), printed(1, unknown()));
    let control = "482091735584".to_owned();
    let other = |happening| event(1, happening);
    let sheet = Sheet::OnPaper;
    cannot_follow(
        &in_doubt(&[accepted()]),
        other(Happening::Printed {
            control: control.clone(),
            sheet,
        }),
    );
    let reason = "torn".to_owned();
    cannot_follow(
        &in_doubt(&[accepted()]),
        other(Happening::Spoiled {
            control: control.clone(),
            reason,
        }),
    );
    let evidence = Evidence::Delivered {
        control,
        target: "tray".to_owned(),
        confirmed: Some(Confirm::Scan),
    };
    let step = Step::Deliver;
    cannot_follow(
        &in_doubt(&[accepted()]),
        other(Happening::Done { step, evidence }),
    );
}

#[test]
fn what_comes_next_depends_on_what_is_known_of_the_sheet() {
    for (sheets, next) in [
        (&[][..], Command::Probe(Step::Deliver)),
        (&[accepted()], Command::Probe(Step::Deliver)),
        (&[accepted(), Sheet::OnPaper], Command::Await(Step::Deliver)),
        (&[unknown()], Command::Probe(Step::Deliver)),
    ] {
        let state = state(&in_doubt(sheets));
        assert_eq!((state.next(), state.standing()), (next, Standing::UnderWay));
        assert!(state.may_confirm(CONTROL) && !state.wants_its_key());
        assert_eq!(
            state.ticket().is_some(),
            sheets.first() == Some(&accepted())
        );
    }
}

#[test]
fn once_a_printer_has_a_sheet_nobody_says_that_there_is_none() {
    assert!(
        state(&in_doubt(&[]))
            .apply(&not_done(1, Step::Deliver))
            .is_ok()
    );
    for sheet in sheets() {
        cannot_follow(&in_doubt(&[sheet]), not_done(1, Step::Deliver));
    }
}

#[test]
fn what_nobody_knows_stays_unknown_until_a_person_finds_it_or_gives_it_up() {
    let events = in_doubt(&[accepted(), unknown()]);
    let again = then(&events, &[held(1), event(1, Happening::Released)]);
    assert_eq!(again.sheet(), Some(&unknown()));
    let found = then(&events, &[held(1), done(1, Step::Deliver)]);
    assert_eq!((found.next(), found.held()), (Command::Finish, None));
    let given_up = then(&events, &[held(1), reissue::reissued(1)]);
    assert_eq!((given_up.sheet(), given_up.ticket()), (None, None));
}

#[test]
fn a_hold_for_another_reason_outlasts_the_confirmation() {
    let fault = Fault::OnHold {
        why: "ask first".to_owned(),
    };
    let events = in_doubt(&[accepted(), Sheet::OnPaper]);
    let on_hold = event(
        1,
        Happening::Held {
            fault: fault.clone(),
        },
    );
    let done = then(&events, &[on_hold, done(1, Step::Deliver)]);
    assert_eq!(done.next(), Command::Hold(fault));
    assert_eq!(done.delivered(), Some(CONTROL));
}

#[test]
fn what_is_void_is_never_confirmed_and_only_a_reissue_helps() {
    for sheets in [
        vec![],
        vec![accepted()],
        vec![Sheet::OnPaper],
        vec![unknown()],
    ] {
        let mut events = in_doubt(&sheets);
        events.push(spoiled(1));
        let void = state(&events);
        let hold = Command::Hold(Fault::LetterSpoiled {
            reason: "torn".to_owned(),
        });
        assert_eq!(
            (void.next(), void.standing()),
            (hold.clone(), Standing::Held)
        );
        assert!(void.is_void() && !void.may_confirm(CONTROL));
        for next in [
            done(1, Step::Deliver),
            not_done(1, Step::Deliver),
            spoiled(1),
            printed(1, Sheet::OnPaper),
        ] {
            cannot_follow(&events, next);
        }
        let released = then(&events, &[event(1, Happening::Released)]);
        assert_eq!(released.next(), hold, "a release makes no letter good");
        let anew = then(&events, &[reissue::reissued(1)]);
        let restart = Step::ChangePin;
        assert_eq!(anew.next(), Command::Bind { restart });
        assert_eq!((anew.spoiled(), anew.held()), (None, None));
    }
}

#[test]
fn after_the_confirmation_a_letter_can_be_void_until_it_has_left() {
    let torn = then(&confirmed(), &[spoiled(1)]);
    assert_eq!(
        (torn.next(), torn.spoiled()),
        (Command::Finish, Some("torn"))
    );
    assert!(!torn.may_leave(Leaving::LetterEnveloped));
    assert!(!torn.may_leave(Leaving::LetterDispatched));
    let gone = [Leaving::LetterEnveloped, Leaving::LetterDispatched].map(|what| left(1, what));
    let gone = [confirmed(), gone.to_vec()].concat();
    cannot_follow(&gone, spoiled(1));
}

#[test]
fn a_letter_leaves_after_its_bag_and_each_leaves_once() {
    use Leaving::{BagDispatched, LetterDispatched, LetterEnveloped};
    let mut events = enrolled();
    events.push(event(1, Happening::Bagged));
    for what in [LetterEnveloped, BagDispatched, LetterDispatched] {
        cannot_follow(&events, left(1, what));
    }
    events.extend([started(1, Step::Deliver), printed(1, Sheet::OnPaper)]);
    events.push(done(1, Step::Deliver));
    cannot_follow(&events, left(1, LetterDispatched));
    let bag_left = [events.clone(), vec![left(1, BagDispatched)]].concat();
    cannot_follow(&bag_left, left(1, LetterDispatched));
    for what in [BagDispatched, LetterEnveloped, LetterDispatched] {
        events.push(left(1, what));
        assert!(state(&events).has_left(what));
        cannot_follow(&events, left(1, what));
    }
}
