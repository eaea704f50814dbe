//! Copies of letters on a disk, where a press was told to spool them. Each holds a PIN, and goes as soon as its letter is confirmed or
//! void, from where the journal says that it was put: the configuration may say something else by then. Never touches the copy of a
//! letter that still waits for its confirmation.

use crate::app::journal::replay;
use crate::domain::enrollment::Enrollment;
use crate::domain::event::{Happening, Intent};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::Outlet;
use crate::port::{Ledger, Press};

/// Removes the copies of all letters of this job but of the one that waits for its confirmation. May be repeated.
///
/// # Errors
/// The first of [`Press::forget`], after all others were tried; those of the ledger.
pub fn clear(ledger: &dyn Ledger, press: &dyn Press, job: JobId) -> Result<(), Fault> {
    let state = replay(ledger, job)?;
    let mut result = Ok(());
    for row in ledger.journal(job)? {
        let Happening::Started {
            intent: Intent::Deliver { control, outlet },
            ..
        } = row.event.happening
        else {
            continue;
        };
        // What is no number was never spooled.
        let Ok(control) = ControlNumber::parse(&control) else {
            continue;
        };
        if awaits(&state, &control) {
            continue;
        }
        for folder in folders(outlet.as_ref(), press) {
            result = result.and(press.forget(&control, &folder));
        }
    }
    result
}

/// Removes the copy of the letter with this number from the folder, if the letter is one of this ledger, and confirmed or void. A number
/// that the ledger does not know may be another station's.
///
/// # Errors
/// Those of [`Press::forget`] and of the ledger.
pub fn clear_one(
    ledger: &dyn Ledger,
    press: &dyn Press,
    folder: &str,
    control: &ControlNumber,
) -> Result<(), Fault> {
    let Some(job) = ledger.job_of_letter(control)? else {
        return Ok(());
    };
    if awaits(&replay(ledger, job)?, control) {
        return Ok(());
    }
    press.forget(control, folder)
}

/// Whether somebody may still confirm the sheet with this number.
fn awaits(state: &Enrollment, control: &ControlNumber) -> bool {
    // Compared as numbers: older journals have them in groups.
    let number = state.unconfirmed();
    number.is_some_and(|number| {
        ControlNumber::parse(number).as_ref() == Ok(control) && state.may_confirm(number)
    })
}

/// Where the copy of a letter may be that went to `outlet`.
fn folders(outlet: Option<&Outlet>, press: &dyn Press) -> Vec<String> {
    let written = match outlet {
        Some(Outlet::Folder { .. }) => return Vec::new(),
        Some(Outlet::Printer { spool, .. }) => spool.clone(),
        None => None,
    };
    // Older versions wrote nothing down, and whoever moves a whole station to another place moves its copies with it.
    let today = press.outlet().spool().map(str::to_owned);
    let today = today.filter(|today| written.as_ref() != Some(today));
    written.into_iter().chain(today).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Policies;
    use crate::app::trail::{self, Deed};
    use crate::app::world::{NEW_SPOOL, Op, SPOOL, When, World, course};
    use crate::domain::event::{Evidence, Step};
    use crate::domain::paper::{Confirm, Sheet};
    use crate::domain::scan;
    use crate::domain::time::Timestamp;

    const JOB: JobId = JobId(1);
    const LETTER: &str = "482091735525";

    fn letter() -> ControlNumber {
        ControlNumber::parse(LETTER).expect("a number")
    }

    fn sent(control: &str, outlet: Option<Outlet>) -> Happening {
        Happening::Started {
            step: Step::Deliver,
            intent: Intent::Deliver {
                control: control.to_owned(),
                outlet,
            },
        }
    }

    /// A letter that lies in the spool of a printer which the station has no more; `prints`: it has another one.
    fn moved(prints: bool, then: Vec<Happening>) -> World {
        let world = World::with_jobs(&["anna@contoso.com"]);
        world.state().press.prints = true;
        let outlet = world.outlet();
        world.tell(JOB, course("123", Step::Register));
        world.tell(JOB, [sent(LETTER, Some(outlet))]);
        world.tell(JOB, then);
        let mut state = world.state();
        state.press.kept = vec![(SPOOL.to_owned(), letter())];
        state.press.moved = true;
        state.press.prints = prints;
        drop(state);
        world
    }

    fn delivered() -> Happening {
        Happening::Done {
            step: Step::Deliver,
            evidence: Evidence::Delivered {
                control: LETTER.to_owned(),
                target: "in hand".to_owned(),
                confirmed: Some(Confirm::Scan),
            },
        }
    }

    fn reason() -> String {
        "jammed".to_owned()
    }

    fn reissued() -> Happening {
        Happening::Reissued {
            reason: reason(),
            void: Some(LETTER.to_owned()),
        }
    }

    #[test]
    fn a_copy_goes_from_where_it_was_put_as_soon_as_nobody_has_to_confirm_its_letter() {
        let control = || LETTER.to_owned();
        let unknown = Sheet::Unknown { why: reason() };
        let fault = Fault::DeliveryUncertain;
        for (then, goes) in [
            (vec![], false),
            (
                vec![
                    Happening::Printed {
                        control: control(),
                        sheet: unknown,
                    },
                    Happening::Held { fault },
                ],
                false,
            ),
            (vec![delivered()], true),
            (vec![Happening::Cancelled { credential: None }], true),
            (
                vec![Happening::Spoiled {
                    control: control(),
                    reason: reason(),
                }],
                true,
            ),
            (vec![reissued()], true),
            (
                vec![Happening::Abandoned {
                    reason: Fault::KeyGone,
                    credential: None,
                    restart: Step::Reset,
                }],
                true,
            ),
            (
                vec![Happening::NotDone {
                    step: Step::Deliver,
                    fault: Fault::Interrupted,
                }],
                true,
            ),
        ] {
            for prints in [true, false] {
                let world = moved(prints, then.clone());
                assert_eq!(clear(&world, &world, JOB), Ok(()));
                assert_eq!(world.state().press.kept.is_empty(), goes, "{then:?}");
                // By its name in a list as well, and once more.
                let world = moved(prints, then.clone());
                for _ in 0..2 {
                    let cleared = clear_one(&world, &world, SPOOL, &letter());
                    assert_eq!(cleared, Ok(()));
                    assert_eq!(world.state().press.kept.is_empty(), goes, "{then:?}");
                }
            }
        }
    }

    #[test]
    fn where_an_older_version_wrote_down_no_folder_it_is_the_one_of_the_configuration() {
        for outlet in [
            None,
            Some(Outlet::Printer {
                uri: "ipp://printer.example/ipp/print".to_owned(),
                spool: None,
            }),
        ] {
            let world = World::with_jobs(&["anna@contoso.com"]);
            world.tell(JOB, course("123", Step::Register));
            // In groups, as they were then.
            world.tell(JOB, [sent("4820 9173 5525", outlet)]);
            let copy = (NEW_SPOOL.to_owned(), letter());
            {
                let mut state = world.state();
                state.press.kept = vec![copy.clone()];
                (state.press.moved, state.press.prints) = (true, true);
            }
            assert_eq!(clear(&world, &world, JOB), Ok(()));
            assert_eq!(clear_one(&world, &world, NEW_SPOOL, &letter()), Ok(()));
            assert_eq!(world.state().press.kept, [copy]);
            world.tell(JOB, [Happening::Cancelled { credential: None }]);
            assert_eq!(clear(&world, &world, JOB), Ok(()));
            assert_eq!(world.state().press.kept, []);
        }
    }

    #[test]
    fn a_copy_that_was_moved_with_the_whole_station_goes_as_well() {
        let world = moved(true, vec![delivered()]);
        world.state().press.kept = vec![(NEW_SPOOL.to_owned(), letter())];
        assert_eq!(clear(&world, &world, JOB), Ok(()));
        assert_eq!(world.state().press.kept, []);
    }

    #[test]
    fn what_one_copy_ails_keeps_no_other() {
        let not_done = Happening::NotDone {
            step: Step::Deliver,
            fault: Fault::Interrupted,
        };
        let world = moved(true, vec![not_done]);
        let second = ControlNumber::draw([7; 8]).expect("a number");
        let outlet = world.outlet();
        world.tell(JOB, [sent(&second.to_string(), Some(outlet))]);
        world.tell(JOB, [Happening::Cancelled { credential: None }]);
        let copy = (NEW_SPOOL.to_owned(), second);
        world.state().press.kept.push(copy);
        let stuck = Fault::Mailer {
            what: "it cannot be removed".to_owned(),
        };
        world.trick(Op::Forget, When::Before, stuck.clone());
        assert_eq!(clear(&world, &world, JOB), Err(stuck));
        let kept = world.state().press.kept.clone();
        assert_eq!(kept, [(SPOOL.to_owned(), letter())]);
    }

    #[test]
    fn a_copy_of_another_station_stays() {
        let world = moved(true, vec![delivered()]);
        let foreign = ControlNumber::draw([7; 8]).expect("a number");
        assert_eq!(clear_one(&world, &world, SPOOL, &foreign), Ok(()));
        assert_eq!(world.count(Op::Forget), 0);
    }

    #[test]
    fn whoever_confirms_or_spoils_a_letter_has_its_copy_removed_from_there() {
        for prints in [true, false] {
            let scanned = Deed::Scanned(scan::read(LETTER).expect("a code"));
            let spoiled = Deed::Spoiled {
                job: JOB,
                reason: reason(),
                sheet: None,
            };
            for deed in [scanned, spoiled] {
                let world = moved(prints, vec![]);
                // That a sheet cannot be taken back keeps no copy of it.
                let away = Fault::PrinterAway {
                    what: "it does not answer".to_owned(),
                };
                world.trick(Op::TakeBack, When::Before, away);
                let desk = trail::Desk {
                    ledger: &world,
                    press: Some(&world),
                    policies: &Policies::default(),
                    actor: "4711",
                    now: Timestamp(0),
                };
                let record = trail::subject(&world, &deed).expect("a job");
                let acted = trail::act(&desk, &record, &deed);
                assert!(acted.is_ok(), "{deed:?}");
                assert_eq!(world.state().press.kept, [], "{deed:?}");
            }
        }
    }
}
