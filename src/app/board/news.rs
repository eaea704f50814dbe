//! What is worth a line, once: told to whoever sits at the terminal, and kept a while for faces that come later.

use crate::app::board::Case;
use crate::app::eligibility::Notice;
use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::paper::{Astray, Confirm};

/// Why no letter comes out just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standstill {
    /// The printer waits for this: paper in a tray, a closed door.
    WaitsFor(String),
    /// It does not answer, or takes nothing.
    Away(String),
}

/// Something worth a line, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The station has begun: jobs that wait, and jobs under way.
    Ready {
        waiting: usize,
        under_way: usize,
    },
    Admitted {
        file: String,
        jobs: usize,
    },
    Rejected {
        file: String,
        reasons: usize,
    },
    /// The file waits in `hold/`.
    FileHeld {
        file: String,
        why: String,
    },
    Network {
        fault: Fault,
    },
    NetworkBack,
    Actor {
        actor: String,
    },
    Trouble {
        what: String,
    },
    /// What an earlier test of the tenant left is settled: its passkey was deleted, or never appeared.
    TestSettled {
        user: String,
        deleted: bool,
    },
    /// A sheet came out, and somebody has to say so.
    LetterOut {
        envelope: String,
        by: Confirm,
    },
    Printer(Standstill),
    PrinterBack,
    /// A void letter may still come out of the printer, which could not be asked, or did not cancel it.
    VoidMayPrint {
        fault: Fault,
    },
    /// A void letter may be where the station puts none any more, such as in its former printer.
    VoidElsewhere {
        envelope: String,
        astray: Astray,
    },
    /// The printer was asked, and has none of them any more.
    NothingVoidWaits,
    /// So many jobs are held because the account is disabled; the station looks again by itself.
    Disabled {
        jobs: usize,
    },
    /// An account was disabled and is enabled now: its job goes on.
    Enabled {
        case: Case,
    },
    Notice(Notice),
    /// A job is held that stands in no slot, where it would be seen.
    Held {
        case: Case,
        fault: Fault,
        /// What the printer said of a sheet of which nobody can tell.
        why: Option<String>,
    },
    /// The stock list does not have the key in this slot, and it is taken all the same.
    KeyUnlisted {
        slot: Slot,
        serial: String,
    },
    /// The key in this slot tells no serial number that the stock list could be asked for.
    KeyWithoutSerial {
        slot: Slot,
    },
    /// More jobs wait than there are spare keys.
    FewSpares {
        spare: usize,
        waiting: usize,
    },
    /// No new job starts, or new ones start again.
    Paused {
        actor: String,
        paused: bool,
    },
    /// Somebody at this slot, or at the bench, wants the supervisor.
    Help {
        slot: Option<Slot>,
        actor: String,
    },
    HelpCame {
        slot: Option<Slot>,
        actor: String,
    },
    /// Nothing is left to do but that somebody confirms these; held jobs stay behind.
    OnlyWords {
        bags: usize,
        letters: usize,
        held: usize,
    },
}
