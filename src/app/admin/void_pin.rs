//! Whether the PIN that the ledger has of a job is void: its key is not its person's any more, or serves another job. Opens
//! nothing and changes nothing.

use crate::app::admin::taken_for;
use crate::domain::authenticator::Serial;
use crate::domain::custody::Fate;
use crate::domain::enrollment::Enrollment;
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::time::Timestamp;
use crate::port::{JobRecord, Ledger, Stamped};

/// Why nobody is to be given a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyVoid {
    /// Its person does not have the key any more.
    Retired(Fate),
    /// The key was taken for this job since, and perhaps wiped.
    Taken(JobId),
}

/// A PIN that is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoidPin {
    pub why: WhyVoid,
    pub since: Timestamp,
}

/// Why the PIN of this job is void, and since when; `None` when it is not, or when no key ever had it.
///
/// # Errors
/// [`Fault::Ledger`] when a journal cannot be read.
pub fn void_pin(
    ledger: &dyn Ledger,
    record: &JobRecord,
    enrollment: &Enrollment,
) -> Result<Option<VoidPin>, Fault> {
    let Some(binding) = enrollment.binding() else {
        return Ok(None);
    };
    let void = |why, rows: &[Stamped], is_it: &dyn Fn(&Happening) -> bool| {
        let since = rows.iter().find(|row| is_it(&row.event.happening));
        let since = since.map_or(record.updated, |row| row.at);
        Ok(Some(VoidPin { why, since }))
    };
    if let Some(fate) = enrollment.custody().retired {
        let rows = ledger.journal(record.job.id)?;
        // A lost key that came back later was void since it was lost.
        return void(WhyVoid::Retired(fate), &rows, &|happening| {
            matches!(happening, Happening::Retired { .. })
        });
    }
    let Some(other) = taken_for(ledger, record, enrollment)? else {
        return Ok(None);
    };
    let rows = ledger.journal(other)?;
    void(WhyVoid::Taken(other), &rows, &|happening| {
        took(happening, binding.serial.as_ref())
    })
}

/// Whether a job took the key with this serial then, or any key where it has none.
fn took(happening: &Happening, serial: Option<&Serial>) -> bool {
    match happening {
        Happening::Began { binding, .. } | Happening::Rebound { binding } => {
            serial.is_none_or(|serial| binding.serial.as_ref() == Some(serial))
        }
        Happening::Started { .. }
        | Happening::Done { .. }
        | Happening::NotDone { .. }
        | Happening::Bagged
        | Happening::Printed { .. }
        | Happening::Spoiled { .. }
        | Happening::Left { .. }
        | Happening::Abandoned { .. }
        | Happening::Reissued { .. }
        | Happening::Held { .. }
        | Happening::Released
        | Happening::Cancelled { .. }
        | Happening::HandedOver
        | Happening::Retired { .. }
        | Happening::Wiped => false,
    }
}
