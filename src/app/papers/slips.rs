//! What the sheets that go with the keys of a batch say, each with whom it is for. Never a PIN, never a letter's control number.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{KeyWords, gather};
use crate::app::runner::person_of;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, Job, JobId};
use crate::domain::mailer::{Companion, CompanionKind, Destination};
use crate::port::Ledger;

/// A batch's sheets without a PIN, in the order in which hands meet them (`Batch::by_hand`).
pub struct Slips {
    pub slips: Vec<Slip>,
    /// Nobody gets these keys.
    pub cancelled: Vec<Envelope>,
}

/// What the sheets of one job say.
pub struct Slip {
    job: Job,
    key: Option<KeyWords>,
}

/// Gathers them, as the ledger is while this reads it. `None`: there is no such batch.
///
/// # Errors
/// As [`gather`].
pub fn slips(ledger: &dyn Ledger, name: &BatchName) -> Result<Option<Slips>, Fault> {
    let Some(mut batch) = gather(ledger, name)? else {
        return Ok(None);
    };
    let records = ledger.jobs(Some(name))?.into_iter();
    let mut jobs: BTreeMap<JobId, Job> = records.map(|it| (it.job.id, it.job)).collect();
    let order: Vec<JobId> = batch.by_hand().iter().map(|item| item.job).collect();
    let items = batch.items.drain(..);
    let mut items: BTreeMap<JobId, _> = items.map(|item| (item.job, item)).collect();
    let mut found = Slips {
        slips: Vec::with_capacity(order.len()),
        cancelled: Vec::new(),
    };
    for id in order {
        let (Some(item), Some(job)) = (items.remove(&id), jobs.remove(&id)) else {
            continue;
        };
        if item.standing == Standing::Cancelled {
            found.cancelled.push(item.envelope);
        } else {
            found.slips.push(Slip { job, key: item.key });
        }
    }
    Ok(Some(found))
}

impl Slip {
    pub const fn envelope(&self) -> Envelope {
        self.job.envelope
    }

    /// The sheet of `kind`, in `language` where the job names none. `None`: it names a key, and the job has none yet; a label
    /// does without.
    pub fn companion(&self, kind: CompanionKind, language: &str, date: Date) -> Option<Companion> {
        match kind {
            CompanionKind::Label => {}
            CompanionKind::Key | CompanionKind::Receipt => {
                self.key.as_ref()?;
            }
        }
        let request = &self.job.request;
        let language = request.language.as_deref().unwrap_or(language);
        let key = self.key.as_ref();
        Some(Companion {
            kind,
            language: language.to_owned(),
            recipient: Some(person_of(&self.job).to_owned()),
            department: request.department.clone(),
            destination: Destination::of(request),
            key_model: key.map(|key| key.model.clone()),
            serial_ending: key.and_then(|key| key.serial_ending.clone()),
            envelope: self.job.envelope,
            batch: self.job.batch.clone(),
            sequence: self.job.sequence,
            date,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::world::{World, began, request};
    use crate::domain::event::Happening;
    use crate::domain::job::Request;

    const BATCH: &str = "onboarding";
    const DAY: Date = jiff::civil::date(2026, 5, 4);

    fn gathered(world: &World) -> Slips {
        slips(world, &BatchName(BATCH.to_owned()))
            .expect("it can be read")
            .expect("the batch is there")
    }

    #[test]
    fn a_label_needs_no_key_and_the_letters_do() {
        let world = World::new();
        for (number, language) in [(1, None), (2, Some("de")), (3, None)] {
            world.add_job(Request {
                name: Some(format!("Person {number}")),
                language: language.map(str::to_owned),
                deliver_to: Some("Room 7".to_owned()),
                ..request(&format!("p{number}@contoso.com"))
            });
        }
        world.tell(JobId(2), [began("10000042")]);
        world.tell(JobId(3), [Happening::Cancelled { credential: None }]);
        let found = gathered(&world);
        assert_eq!(found.cancelled, [Envelope(3)]);
        // Whose key is there comes first.
        let told: Vec<(u64, bool, bool)> = found
            .slips
            .iter()
            .map(|slip| {
                let makes = |kind| slip.companion(kind, "fr", DAY).is_some();
                let letters = makes(CompanionKind::Key) && makes(CompanionKind::Receipt);
                (
                    u64::from(slip.envelope().0),
                    makes(CompanionKind::Label),
                    letters,
                )
            })
            .collect();
        assert_eq!(told, [(2, true, true), (1, true, false)]);
        let labels: Vec<Companion> = found
            .slips
            .iter()
            .filter_map(|slip| slip.companion(CompanionKind::Label, "fr", DAY))
            .collect();
        assert_eq!(labels[0].language, "de");
        assert_eq!(labels[0].serial_ending.as_deref(), Some("0042"));
        assert!(labels[0].key_model.is_some());
        assert_eq!(labels[1].language, "fr");
        assert_eq!(
            (&labels[1].key_model, &labels[1].serial_ending),
            (&None, &None)
        );
        assert_eq!(labels[1].destination.lines(), ["Room 7"]);
        assert!(
            slips(&world, &BatchName("other".to_owned()))
                .expect("read")
                .is_none()
        );
    }
}
