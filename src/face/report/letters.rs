//! Which letters of a job are void, and which letters and bags wait for a person's word, told from its journal.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::enrollment::{Command, Enrollment};
use crate::domain::event::{Evidence, Happening, Intent, Step};
use crate::domain::paper::Sheet;
use crate::face::say::clean::clean;
use crate::face::say::news::count;
use crate::port::{JobRecord, Stamped};

/// So many digits of a control number are shown while it waits for its scan.
const ENDS_DIGITS: usize = 4;

/// A bag or a letter that somebody has to confirm.
struct Item {
    job: i64,
    /// As it is written on it: `B-0042`, `L-0042`.
    item: String,
    who: String,
    /// How a letter's control number ends. The whole of it could be copied, and confirm a sheet that nobody has in hand.
    control_ends: Option<String>,
}

/// What waits for a person's word.
#[derive(Default)]
pub(super) struct ToConfirm(Vec<Item>);

impl ToConfirm {
    /// What of this job waits. A journal that cannot be read waits for nobody; `keyline ledger verify` tells of it.
    pub(super) fn look_at(&mut self, record: &JobRecord, rows: &[Stamped]) {
        let Ok(state) = Enrollment::replay(rows.iter().map(|row| &row.event)) else {
            return;
        };
        let sign = match state.next() {
            Command::Await(Step::Bag) => 'B',
            Command::Await(_) => 'L',
            Command::Bind { .. }
            | Command::Run(_)
            | Command::Probe(_)
            | Command::Hold(_)
            | Command::Finish
            | Command::Rest => return,
        };
        self.0.push(Item {
            job: record.job.id.0,
            item: format!("{sign}-{}", record.job.envelope),
            who: format!("job {}, {}", record.job.id, record.job.request.user),
            control_ends: state.unconfirmed().map(ends),
        });
    }

    pub(super) fn json(&self) -> Vec<Value> {
        let items = self.0.iter();
        items
            .map(
                |one| json!({ "job": one.job, "item": one.item, "control_ends": one.control_ends }),
            )
            .collect()
    }

    pub(super) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let (letters, bags): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|one| one.control_ends.is_some());
        for (items, noun) in [(bags, "bag"), (letters, "letter")] {
            if items.is_empty() {
                continue;
            }
            writeln!(to, "\n{} to confirm:", count(items.len(), noun))?;
            for one in items {
                let control = one.control_ends.as_ref();
                let control = control.map_or_else(String::new, |control| {
                    format!(", control number … {}", clean(control))
                });
                writeln!(to, "  {} ({}){control}", one.item, clean(&one.who))?;
            }
        }
        Ok(())
    }
}

/// The last digits of a control number: enough to tell letters apart, and of no use without the sheet.
fn ends(control: &str) -> String {
    let digits: Vec<char> = control.chars().filter(char::is_ascii_digit).collect();
    let hidden = digits.len().saturating_sub(ENDS_DIGITS);
    digits.into_iter().skip(hidden).collect()
}

/// The sheet that may exist and that nobody has confirmed yet.
#[derive(Default)]
pub(super) struct Open {
    /// How its control number ends: a whole number that could be copied would prove no sheet.
    pub(super) control_ends: Option<String>,
    /// What the printer said, where nobody can tell whether it came out.
    pub(super) doubt: Option<String>,
    /// The printer took it, and has not told yet that it is done.
    pub(super) in_printer: bool,
}

/// The unconfirmed sheet of a job. A journal that cannot be read has none; `keyline ledger verify` tells of it.
pub(super) fn open(rows: &[Stamped]) -> Open {
    let state = Enrollment::replay(rows.iter().map(|row| &row.event));
    state.map_or_else(
        |_| Open::default(),
        |state| Open {
            control_ends: state.unconfirmed().map(ends),
            in_printer: matches!(state.sheet(), Some(Sheet::Accepted { .. })),
            doubt: state.unconfirmed().and(state.doubt()).map(str::to_owned),
        },
    )
}

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
    let (mut open, mut good) = (None, None);
    for row in rows {
        match &row.event.happening {
            Happening::Started {
                intent: Intent::Deliver { control, .. },
                ..
            } => open = Some(control.as_str()),
            Happening::Done {
                evidence: Evidence::Delivered { control, .. },
                ..
            } => (open, good) = (None, Some(control.as_str())),
            Happening::NotDone { .. } => open = None,
            // Nobody has the key that it is for.
            Happening::Retired { .. } => void.extend(good.take()),
            Happening::Spoiled { control, .. } => {
                (open, good) = (None, None);
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
            | Happening::HandedOver
            | Happening::Wiped
            | Happening::Held { .. }
            | Happening::Released => {}
        }
    }
    void
}
