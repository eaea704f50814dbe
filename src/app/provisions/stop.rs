//! Tells a refusal of everybody from one of a single person: the line stops once, and its jobs wait, instead of being held one
//! after another. Asks nobody.
//!
//! # Why
//! A 403 may concern one person, such as an administrator whom the one who signed in may not act on, and then its job is to be
//! held. Where the token itself lacks the permission the adapter says so at once, and where the tenant's passkey policy is closed
//! [`crate::app::eligibility`] does. What else concerns everybody (a role, Conditional
//! Access, an administrative unit) shows only in that one person after another is refused and none is not.
//!
//! People who may not be acted on can also stand one behind the other in a job file. So while the line is closed somebody is
//! asked for who was not refused yet, and whoever was refused while another got options is taken for a single person from then on.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

/// The jobs of so many who are refused are held, before it is taken for everybody.
pub const REFUSED_HELD: usize = 2;
/// So many people refused with 403, and nobody else's options had between them, are taken for everybody.
pub(super) const REFUSED_PEOPLE_MAX: usize = REFUSED_HELD + 1;
/// Seconds after which one job asks again.
pub(super) const ASKED_AGAIN_SECONDS: i64 = 60;
/// Seconds after which somebody is asked for who was refused already: only where there was nobody else.
pub(super) const REFUSED_AGAIN_SECONDS: i64 = 75;

/// What was heard of late.
#[derive(Default)]
pub(super) struct Stop(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    /// Since options were had last; whoever was refused last stands last.
    refused: Vec<String>,
    /// In small letters: those among them whose jobs wait, since it was taken for everybody.
    waiting: BTreeSet<String>,
    /// In small letters: refused while another got options. The next refusal is their own.
    alone: BTreeSet<String>,
    /// Why nobody is let through, and since when nobody has asked.
    closed: Option<(Fault, Timestamp)>,
}

impl Heard {
    fn was_refused(&self, user: &str) -> bool {
        let mut refused = self.refused.iter();
        refused.any(|one| one.eq_ignore_ascii_case(user))
    }

    /// Somebody got options.
    fn open(&mut self, user: &str) {
        self.alone.append(&mut self.waiting);
        self.alone.remove(&user.to_ascii_lowercase());
        self.refused.clear();
        self.closed = None;
    }

    /// What the 403 that `user` met is taken for.
    fn refuse(&mut self, user: &str, fault: Fault) -> Fault {
        if self.alone.remove(&user.to_ascii_lowercase()) {
            return fault;
        }
        self.refused.retain(|one| !one.eq_ignore_ascii_case(user));
        self.refused.push(user.to_owned());
        if self.refused.len() < REFUSED_PEOPLE_MAX {
            return fault;
        }
        self.waiting.insert(user.to_ascii_lowercase());
        Fault::NotPermitted {
            why: format!(
                "{} people were refused, one after another; the last time {fault}",
                self.refused.len()
            ),
            refused: self.refused.clone(),
        }
    }
}

impl Stop {
    /// Whether the options of `user` may be asked for now. Of those that come while it is closed one a minute does, and nobody who
    /// was refused before somebody else could.
    ///
    /// # Errors
    /// [`Fault::NotPermitted`], as it was heard last.
    pub(super) fn let_through(&self, user: &str, now: Timestamp) -> Result<(), Fault> {
        let mut heard = self.heard();
        let rest = if heard.was_refused(user) {
            REFUSED_AGAIN_SECONDS
        } else {
            ASKED_AGAIN_SECONDS
        };
        match &mut heard.closed {
            // A clock that was set back must not keep it closed for ever.
            Some((fault, at)) if (0..rest).contains(&at.seconds_until(now)) => Err(fault.clone()),
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
                heard.open(user);
                return Ok(options);
            }
            Err(fault @ Fault::Refused { status: 403, .. }) => heard.refuse(user, fault),
            Err(fault) => fault,
        };
        if matches!(fault, Fault::NotPermitted { .. }) {
            // Taken for everybody's by what the policy says: when another gets options all the same, it was this person's.
            heard.waiting.insert(user.to_ascii_lowercase());
            heard.closed = Some((fault.clone(), now));
        }
        Err(fault)
    }

    /// Whether `user` was refused while another got options: then a refusal is their own, whatever the policy says.
    pub(super) fn is_alone(&self, user: &str) -> bool {
        self.heard().alone.contains(&user.to_ascii_lowercase())
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        // A panicked holder leaves whole notes behind: they are changed between two calls that could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        assert_eq!(stop.let_through("dora@contoso.com", NOW), Ok(()));
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
        assert!(is_stop(&stop.let_through("dora@contoso.com", NOW)));
        let later = NOW.plus_seconds(ASKED_AGAIN_SECONDS);
        assert_eq!(stop.let_through("dora@contoso.com", later), Ok(()));
        assert!(
            is_stop(&stop.let_through("dora@contoso.com", later)),
            "a second one"
        );
        assert!(is_stop(&stop.weigh(&user(9), denied(), later)));
        let later = later.plus_seconds(ASKED_AGAIN_SECONDS);
        assert_eq!(stop.let_through("dora@contoso.com", later), Ok(()));
        assert_eq!(stop.weigh(&user(9), Ok(()), later), Ok(()));
        assert_eq!(stop.let_through("dora@contoso.com", later), Ok(()));
        assert_eq!(stop.weigh(&user(1), denied(), later), denied());
    }

    #[test]
    fn whoever_was_refused_asks_only_where_there_is_nobody_else() {
        let stop = Stop::default();
        for user in ["anna@contoso.com", "bo@contoso.com", "carl@contoso.com"] {
            stop.weigh(user, denied(), NOW).unwrap_err();
        }
        let later = NOW.plus_seconds(ASKED_AGAIN_SECONDS);
        let Err(Fault::NotPermitted { refused, .. }) = stop.let_through("BO@contoso.com", later)
        else {
            panic!("it is their turn already");
        };
        assert_eq!(
            refused,
            ["anna@contoso.com", "bo@contoso.com", "carl@contoso.com"]
        );
        let later = NOW.plus_seconds(REFUSED_AGAIN_SECONDS);
        assert_eq!(stop.let_through("BO@contoso.com", later), Ok(()));
    }

    #[test]
    fn those_who_were_refused_while_another_was_not_are_held_for_their_own_refusal() {
        let stop = Stop::default();
        let user = |number: usize| format!("user{number}@contoso.com");
        let many = 3 * REFUSED_PEOPLE_MAX;
        for number in 1..=many {
            stop.weigh(&user(number), denied(), NOW).unwrap_err();
        }
        assert_eq!(stop.weigh("fine@contoso.com", Ok(()), NOW), Ok(()));
        for number in REFUSED_PEOPLE_MAX..=many {
            assert_eq!(stop.let_through(&user(number), NOW), Ok(()));
            assert_eq!(stop.weigh(&user(number), denied(), NOW), denied());
        }
        // From then on they count as anybody does.
        for number in 1..REFUSED_PEOPLE_MAX {
            assert_eq!(stop.weigh(&user(number), denied(), NOW), denied());
        }
        assert!(is_stop(&stop.weigh(&user(many), denied(), NOW)));
    }

    #[test]
    fn what_the_adapter_knows_to_concern_everybody_stops_the_line_at_once() {
        let stop = Stop::default();
        let fault = Fault::NotPermitted {
            why: "no permission".to_owned(),
            refused: Vec::new(),
        };
        assert_eq!(
            stop.weigh("anna@contoso.com", Err::<(), _>(fault.clone()), NOW),
            Err(fault.clone())
        );
        assert_eq!(stop.let_through("dora@contoso.com", NOW), Err(fault));
        // Somebody gets options all the same: it was no matter of everybody's.
        assert!(!stop.is_alone("anna@contoso.com"));
        stop.weigh("dora@contoso.com", Ok(()), NOW)
            .expect("options");
        assert!(stop.is_alone("Anna@contoso.com") && !stop.is_alone("dora@contoso.com"));
    }
}
