//! Tells a refusal of everybody from one of a single person: the line stops once, and its jobs wait, instead of being held one
//! after another. Asks nobody.
//!
//! # Why
//! A 403 may concern one person, such as an administrator whom the one who signed in may not act on, and then its job is to be
//! held. Where the token itself lacks the permission the adapter says so at once. What else concerns everybody (a role, Conditional
//! Access, an administrative unit) shows only in that one person after another is refused and none is not.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

/// So many people refused with 403, and nobody else's options had between them, are taken for everybody. The jobs of those before
/// the last one are held.
pub(super) const REFUSED_PEOPLE_MAX: usize = 3;
/// Seconds after which one job asks again.
pub(super) const ASKED_AGAIN_SECONDS: i64 = 60;

/// What was heard of late.
#[derive(Default)]
pub(super) struct Stop(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    /// In small letters, since options were had last.
    refused: BTreeSet<String>,
    /// Why nobody is let through, and since when nobody has asked.
    closed: Option<(Fault, Timestamp)>,
}

impl Stop {
    /// Whether a job may ask for its options now. Of those that come while it is closed one a minute does.
    ///
    /// # Errors
    /// [`Fault::NotPermitted`], as it was heard last.
    pub(super) fn let_through(&self, now: Timestamp) -> Result<(), Fault> {
        match &mut self.heard().closed {
            // A clock that was set back must not keep it closed for ever.
            Some((fault, at)) if (0..ASKED_AGAIN_SECONDS).contains(&at.seconds_until(now)) => {
                Err(fault.clone())
            }
            Some((_, at)) => {
                *at = now;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What came of asking, or [`Fault::NotPermitted`] where it is not this person's matter.
    pub(super) fn weigh<T>(
        &self,
        user: &str,
        answer: Result<T, Fault>,
        now: Timestamp,
    ) -> Result<T, Fault> {
        let mut heard = self.heard();
        let fault = match answer {
            Ok(options) => {
                *heard = Heard::default();
                return Ok(options);
            }
            Err(fault @ Fault::Refused { status: 403, .. }) => {
                heard.refused.insert(user.to_ascii_lowercase());
                everybody(heard.refused.len(), &fault).unwrap_or(fault)
            }
            Err(fault) => fault,
        };
        if matches!(fault, Fault::NotPermitted { .. }) {
            heard.closed = Some((fault.clone(), now));
        }
        Err(fault)
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        // A panicked holder leaves whole notes behind: each change is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn everybody(people: usize, fault: &Fault) -> Option<Fault> {
    (people >= REFUSED_PEOPLE_MAX).then(|| Fault::NotPermitted {
        why: format!("{people} people were refused, one after another; the last time {fault}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(0);

    fn denied() -> Result<(), Fault> {
        Err(Fault::Refused {
            status: 403,
            code: "accessDenied".to_owned(),
            message: "Request Authorization failed".to_owned(),
            request_id: "r-1".to_owned(),
        })
    }

    fn is_stop(answer: &Result<(), Fault>) -> bool {
        matches!(answer, Err(Fault::NotPermitted { .. }))
    }

    #[test]
    fn one_person_who_is_refused_again_and_again_is_not_everybody() {
        let stop = Stop::default();
        for user in ["anna@contoso.com", "Anna@contoso.com", "bo@contoso.com"] {
            assert_eq!(stop.weigh(user, denied(), NOW), denied());
        }
        assert_eq!(stop.let_through(NOW), Ok(()));
    }

    #[test]
    fn people_who_are_not_refused_between_them_show_that_it_is_not_everybody() {
        let stop = Stop::default();
        for _ in 0..3 {
            for user in ["anna@contoso.com", "bo@contoso.com"] {
                assert_eq!(stop.weigh(user, denied(), NOW), denied());
            }
            assert_eq!(stop.weigh("carl@contoso.com", Ok(()), NOW), Ok(()));
        }
    }

    #[test]
    fn when_everybody_is_refused_one_job_a_minute_asks_and_the_first_who_may_opens_the_line() {
        let stop = Stop::default();
        let user = |number: i64| format!("user{number}@contoso.com");
        let people = i64::try_from(REFUSED_PEOPLE_MAX).unwrap();
        for number in 1..people {
            assert_eq!(stop.weigh(&user(number), denied(), NOW), denied());
        }
        assert!(is_stop(&stop.weigh(&user(people), denied(), NOW)));
        assert!(is_stop(&stop.let_through(NOW)));
        let later = NOW.plus_seconds(ASKED_AGAIN_SECONDS);
        assert_eq!(stop.let_through(later), Ok(()));
        assert!(is_stop(&stop.let_through(later)), "a second one");
        assert!(is_stop(&stop.weigh(&user(9), denied(), later)));
        let later = later.plus_seconds(ASKED_AGAIN_SECONDS);
        assert_eq!(stop.let_through(later), Ok(()));
        assert_eq!(stop.weigh(&user(9), Ok(()), later), Ok(()));
        assert_eq!(stop.let_through(later), Ok(()));
        assert_eq!(stop.weigh(&user(1), denied(), later), denied());
    }

    #[test]
    fn what_the_adapter_knows_to_concern_everybody_stops_the_line_at_once() {
        let stop = Stop::default();
        let fault = Fault::NotPermitted {
            why: "no permission".to_owned(),
        };
        assert_eq!(
            stop.weigh("anna@contoso.com", Err::<(), _>(fault.clone()), NOW),
            Err(fault.clone())
        );
        assert_eq!(stop.let_through(NOW), Err(fault));
    }
}
