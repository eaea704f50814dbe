//! Which sealed PIN of a job is the one on its key, whether it is void, and why there is none. Decides for whoever opens it; opens
//! nothing and changes nothing.

use crate::app::admin::{VoidPin, void_pin};
use crate::app::journal::replay;
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Step};
use crate::domain::fault::Fault;
use crate::domain::job::ERASED_PERSON;
use crate::port::{JobRecord, Ledger};

/// Where a sealed PIN came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This attempt set it on the key, or was about to.
    Set(Attempt),
    /// The key had it before: the job file told it.
    Kept,
}

/// The PIN that is, or may be, on the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub on_key: Origin,
    /// The one that is on the key if its change, which is in doubt, did not happen.
    pub before: Option<Origin>,
    pub certainty: Certainty,
    /// Nobody is to be given it.
    pub void: Option<VoidPin>,
}

/// How certain it is that the key has this PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    Certain,
    /// Its change was cut off: the key has this one or the one before.
    ChangeInDoubt,
    /// It was cut off while it was set.
    SetInDoubt,
    /// The key kept the one that the job file told.
    Kept,
    /// The key demands another one at its first use.
    UntilFirstUse,
}

/// Why there is no PIN to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPin {
    /// The person was erased, and their sealed PINs with them.
    Erased,
    /// The key came back and was wiped.
    Wiped,
    /// It is no longer kept.
    Over,
    /// None of ours is on a key.
    NotSet,
}

/// Which of the sealed PINs that are `kept` of this job is on its key.
///
/// # Errors
/// [`Fault::Ledger`] when a journal cannot be read.
pub fn opening(
    ledger: &dyn Ledger,
    record: &JobRecord,
    kept: &[Origin],
) -> Result<Result<Opening, NoPin>, Fault> {
    if record.job.request.user == ERASED_PERSON {
        return Ok(Err(NoPin::Erased));
    }
    if record.custody.wiped {
        return Ok(Err(NoPin::Wiped));
    }
    let state = replay(ledger, record.job.id)?;
    let on_key = state.pin_of().map_or(Origin::Kept, Origin::Set);
    if !kept.contains(&on_key) {
        return Ok(Err(match on_key {
            Origin::Set(_) => NoPin::Over,
            Origin::Kept => NoPin::NotSet,
        }));
    }
    let before = state.pin_before().map(Origin::Set);
    Ok(Ok(Opening {
        on_key,
        before: before.filter(|before| kept.contains(before)),
        certainty: certainty(record, &state, on_key),
        void: void_pin(ledger, record, &state)?,
    }))
}

fn certainty(record: &JobRecord, state: &Enrollment, on_key: Origin) -> Certainty {
    let in_doubt =
        state.intent().is_some() && matches!(state.current(), Some(Step::SetPin | Step::ChangePin));
    if state.pin_before().is_some() {
        Certainty::ChangeInDoubt
    } else if in_doubt {
        Certainty::SetInDoubt
    } else if on_key == Origin::Kept {
        Certainty::Kept
    } else if state.plan().configuration.force_pin_change && record.standing == Standing::Done {
        Certainty::UntilFirstUse
    } else {
        Certainty::Certain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::world::{World, course};
    use crate::domain::job::JobId;

    /// A job whose key has a PIN.
    fn with_pin() -> (World, JobRecord) {
        let world = World::with_jobs(&["anna@contoso.com"]);
        world.tell(JobId(1), course("123", Step::Register));
        let record = world.job(JobId(1)).unwrap().unwrap();
        (world, record)
    }

    #[test]
    fn the_pin_of_the_attempt_that_set_it_is_the_one() {
        let (world, record) = with_pin();
        let kept = [Origin::Set(Attempt(1)), Origin::Set(Attempt(2))];
        let found = opening(&world, &record, &kept).unwrap().unwrap();
        assert_eq!(found.on_key, Origin::Set(Attempt(1)));
        assert_eq!((found.before, found.void), (None, None));
    }

    #[test]
    fn what_is_not_there_is_told_apart() {
        let (world, record) = with_pin();
        let none = |record: &JobRecord, kept: &[Origin]| opening(&world, record, kept).unwrap();
        assert_eq!(none(&record, &[]), Err(NoPin::Over));
        assert_eq!(none(&record, &[Origin::Kept]), Err(NoPin::Over));
        let mut wiped = record.clone();
        wiped.custody.wiped = true;
        let kept = [Origin::Set(Attempt(1))];
        assert_eq!(none(&wiped, &kept), Err(NoPin::Wiped));
        let mut erased = record;
        erased.job.request.user = ERASED_PERSON.to_owned();
        assert_eq!(none(&erased, &kept), Err(NoPin::Erased));
        let fresh = World::with_jobs(&["bob@contoso.com"]);
        let record = fresh.job(JobId(1)).unwrap().unwrap();
        assert_eq!(opening(&fresh, &record, &[]), Ok(Err(NoPin::NotSet)));
        let file = opening(&fresh, &record, &[Origin::Kept]).unwrap().unwrap();
        assert_eq!(file.certainty, Certainty::Kept);
    }
}
