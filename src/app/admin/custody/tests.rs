//! What may be said of a key that was given out, and what follows from it.

use super::*;
use crate::app::Policies;
use crate::app::admin::change as ask;
use crate::app::world::{START, World, course, request, started};
use crate::domain::credential::MethodId;
use crate::domain::event::{Intent, Step};
use crate::domain::job::Request;
use crate::domain::paper::Leaving;
use crate::domain::policy::Plan;
use crate::port::Duty;

const JOB: JobId = JobId(1);
const ANNA: &str = "anna@contoso.com";

fn old() -> MethodId {
    MethodId("of old".to_owned())
}

/// A job that is done; one older method waits for its hand-over.
fn done_job(serial: &str) -> Vec<Happening> {
    let mut told = course(serial, Step::Deliver);
    for happening in &mut told {
        if let Happening::Started {
            intent: Intent::Register { after_handover, .. },
            ..
        } = happening
        {
            after_handover.push(old());
        }
    }
    told
}

fn world(told: impl IntoIterator<Item = Happening>) -> World {
    let world = World::with_jobs(&[ANNA]);
    world.tell(JOB, told);
    world
}

fn say(world: &World, change: &Change) -> Result<Changed, Unchanged> {
    ask(world, &Policies::default(), JOB, change, "admin", START)
}

fn retire(fate: Fate) -> Change {
    Change::Retire {
        fate,
        reason: "left".to_owned(),
    }
}

fn due(world: &World) -> Vec<Duty> {
    world.state().ledger.open_duties()
}

#[test]
fn what_waited_is_due_with_the_hand_over_and_only_once() {
    let world = world(done_job("123"));
    assert_eq!(due(&world), []);
    let said = say(&world, &Change::HandOver);
    assert_eq!(said, Ok(Changed::HandedOver { older: 1 }));
    assert_eq!(due(&world), [Duty::Replaced(old())]);
    assert_eq!(
        say(&world, &Change::HandOver),
        Err(Unchanged::NotHandedOver(NotHandedOver::Already))
    );
    assert_eq!(world.enrollment(JOB).pending(), []);
}

#[test]
fn what_is_not_done_void_or_still_here_is_not_handed_over() {
    let refused = |told: Vec<Happening>| match say(&world(told), &Change::HandOver) {
        Err(Unchanged::NotHandedOver(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(vec![]), NotHandedOver::NotDone);
    assert_eq!(
        refused(course("123", Step::Register)),
        NotHandedOver::NotDone
    );
    let spoiled = Happening::Spoiled {
        control: "4820 9173 5525".to_owned(),
        reason: "torn".to_owned(),
    };
    assert_eq!(
        refused([done_job("123"), vec![spoiled]].concat()),
        NotHandedOver::LetterVoid
    );
    let bagged = || {
        let mut told = done_job("123");
        if let Some(Happening::Began { plan, .. }) = told.first_mut() {
            let Plan { steps, .. } = plan;
            steps.insert(4, Step::Bag);
        }
        let at = told.len() - 2;
        told.insert(at, Happening::Bagged);
        told
    };
    let left = |what| Happening::Left { what };
    assert_eq!(refused(bagged()), NotHandedOver::BagHere);
    let mut gone = bagged();
    gone.push(left(Leaving::BagDispatched));
    assert_eq!(refused(gone.clone()), NotHandedOver::LetterHere);
    gone.extend([
        left(Leaving::LetterEnveloped),
        left(Leaving::LetterDispatched),
    ]);
    let said = say(&world(gone), &Change::HandOver);
    assert_eq!(said, Ok(Changed::HandedOver { older: 1 }));
}

#[test]
fn a_key_that_is_taken_for_the_next_job_is_not_handed_over_for_this_one() {
    // By its serial, or, without one, because the next job is to replace this one.
    for serial in ["123", ""] {
        let world = world(done_job(serial));
        let next = world.add_job(Request {
            replace: true,
            ..request(ANNA)
        });
        world.tell(next.id, course(serial, Step::Reset));
        let said = say(&world, &Change::HandOver);
        assert_eq!(said, Err(Unchanged::KeyElsewhere(next.id)), "{serial}");
    }
}

#[test]
fn a_key_that_is_taken_back_is_void_and_leaves_the_older_ones_alone() {
    for fate in [Fate::Returned, Fate::Lost, Fate::Scrapped] {
        let world = world(done_job("123"));
        let void = Some("4820 9173 5525".to_owned());
        let kept = 1;
        let said = say(&world, &retire(fate));
        assert_eq!(said, Ok(Changed::Retired { fate, void, kept }));
        assert_eq!(
            due(&world),
            [Duty::Retired(MethodId("method-1".to_owned()))]
        );
        let state = world.enrollment(JOB);
        assert_eq!(state.custody().retired, Some(fate));
        assert!(!state.may_leave(Leaving::LetterEnveloped));
        assert!(state.spoiled().is_some_and(|why| why.contains(fate.word())));
        let refused = Unchanged::NotHandedOver(NotHandedOver::Retired(fate));
        assert_eq!(say(&world, &Change::HandOver), Err(refused));
        assert_eq!(
            say(&world, &retire(fate)),
            Err(Unchanged::RetiredAlready(fate))
        );
    }
}

/// The key that nobody has gets no new PIN, and "the same key" would be a lie.
#[test]
fn a_key_that_is_not_its_persons_any_more_gets_no_new_letter() {
    let reissue = Change::Reissue {
        reason: "torn".to_owned(),
    };
    for fate in [Fate::Returned, Fate::Lost, Fate::Scrapped] {
        let world = world(done_job("123"));
        assert_eq!(say(&world, &reissue), Err(Unchanged::HandedOver));
        assert!(say(&world, &retire(fate)).is_ok());
        assert_eq!(say(&world, &reissue), Err(Unchanged::KeyRetired(fate)));
    }
}

#[test]
fn a_key_may_turn_up_or_break_but_what_is_scrapped_stays_so() {
    let way = |fates: &[Fate]| {
        let world = world(done_job("123"));
        fates
            .iter()
            .map(|fate| say(&world, &retire(*fate)).is_ok())
            .collect::<Vec<bool>>()
    };
    use Fate::{Lost, Returned, Scrapped};
    assert_eq!(way(&[Lost, Returned, Lost, Scrapped]), [true; 4]);
    assert_eq!(way(&[Scrapped, Returned, Lost]), [true, false, false]);
    // One credential is deleted once.
    let world = world(done_job("123"));
    for fate in [Lost, Returned] {
        assert!(say(&world, &retire(fate)).is_ok());
    }
    assert_eq!(due(&world).len(), 1);
}

#[test]
fn what_was_said_of_a_key_concerns_whoever_has_it_now() {
    let world = world(done_job("123"));
    assert!(say(&world, &retire(Fate::Returned)).is_ok());
    let next = world.add_job(request("bo@contoso.com"));
    world.tell(next.id, course("123", Step::Reset));
    assert_eq!(
        say(&world, &retire(Fate::Lost)),
        Err(Unchanged::KeyElsewhere(next.id))
    );
}

#[test]
fn nobody_has_a_key_of_a_job_that_is_not_done() {
    let under_way = [course("123", Step::Register), vec![started(Step::Deliver)]].concat();
    for told in [vec![], under_way] {
        assert_eq!(
            say(&world(told), &retire(Fate::Lost)),
            Err(Unchanged::NoKeyYet)
        );
    }
    let cancelled = [Happening::Cancelled { credential: None }];
    assert_eq!(
        say(&world(cancelled), &retire(Fate::Lost)),
        Err(Unchanged::Cancelled)
    );
}
