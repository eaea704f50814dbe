//! Which letters of a job are void, told from its journal.

use crate::domain::event::{Evidence, Happening, Intent};
use crate::port::Stamped;

/// Whether the letter shall be made anew and the job's key has not come back for it yet.
pub(super) fn wants_key(rows: &[Stamped]) -> bool {
    let told = |row: &&Stamped| {
        !matches!(
            row.event.happening,
            Happening::Held { .. } | Happening::Released
        )
    };
    rows.iter()
        .rev()
        .find(told)
        .is_some_and(|row| matches!(row.event.happening, Happening::Reissued { .. }))
}

/// The control numbers of the letters that may exist and are not to be trusted, the oldest first.
pub(super) fn void(rows: &[Stamped]) -> Vec<&str> {
    let mut void = Vec::new();
    let mut open = None;
    for row in rows {
        match &row.event.happening {
            Happening::Started {
                intent: Intent::Deliver { control },
                ..
            } => open = Some(control.as_str()),
            Happening::Done {
                evidence: Evidence::Delivered { .. },
                ..
            }
            | Happening::NotDone { .. } => open = None,
            Happening::Spoiled { control, .. } => {
                open = None;
                void.push(control.as_str());
            }
            // Nobody knew what became of it when it was given up.
            Happening::Abandoned { .. }
            | Happening::Reissued { .. }
            | Happening::Cancelled { .. } => void.extend(open.take()),
            Happening::Began { .. }
            | Happening::Rebound { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::Bagged
            | Happening::Printed { .. }
            | Happening::Left { .. }
            | Happening::Held { .. }
            | Happening::Released => {}
        }
    }
    void
}
