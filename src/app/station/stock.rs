//! The stock list at the bench: a key that it does not have stops before anything is done to it, and spare keys are counted.
//!
//! # Why
//! A list that was imported later says nothing of keys that this ledger has bound before: a job that waits for its own key goes
//! on with it. A key that tells no serial cannot be looked up; it is taken and told, since whole models tell none.

use std::sync::Arc;

use crate::app::Ports;
use crate::app::board::{Board, News};
use crate::app::runner::Hand;
use crate::app::station::Desk;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::station::signal::Reading;
use crate::domain::stock::{self, Listing, Unlisted};
use crate::port::{Keeping, Kept};

/// What the loop knows of the stock.
#[derive(Default)]
pub(super) struct Stock {
    pub(super) unlisted: Unlisted,
    /// Keys that nobody has; `None`: no list.
    pub(super) spare: Option<usize>,
    /// So many keys were missing when that was last told.
    told: usize,
}

/// A key that was read, unless the stock list stops it. Nothing was changed on it.
///
/// # Errors
/// [`Fault::KeyUnlisted`], and those of the ledger.
pub(super) fn admit(
    ports: &Ports,
    board: &Arc<Board>,
    unlisted: Unlisted,
    read: (Hand, Reading),
) -> Result<(Hand, Reading), Fault> {
    let slot = read.0.slot;
    let Some(serial) = &read.1.identity.serial else {
        if !ports.ledger.stock()?.is_empty() {
            board.announce(News::KeyWithoutSerial { slot });
        }
        return Ok(read);
    };
    match ports.ledger.listing(serial)? {
        Listing::NoList | Listing::Listed => return Ok(read),
        Listing::Unlisted => {}
    }
    // Whose key it is, is told by name elsewhere.
    let holders = ports.ledger.holders_of_serial(serial)?;
    let is_ours = |standing| match standing {
        Standing::UnderWay | Standing::Held | Standing::Done => true,
        Standing::Waiting | Standing::Cancelled => false,
    };
    if holders.iter().any(|holder| is_ours(holder.standing)) {
        return Ok(read);
    }
    let serial = serial.to_string();
    match unlisted {
        Unlisted::Stop => Err(Fault::KeyUnlisted { serial }),
        Unlisted::Warn => {
            board.announce(News::KeyUnlisted { slot, serial });
            Ok(read)
        }
    }
}

impl Desk {
    /// Writes down what belongs to no job.
    pub(super) fn keep(&mut self, keeping: &Keeping, actor: &str) -> Result<Kept, Fault> {
        let now = self.ports.clock.now();
        let kept = self.ports.ledger.keep(keeping, actor, now)?;
        self.stock.told = 0;
        self.count_stock();
        Ok(kept)
    }

    /// Counts the spare keys anew, and says when they will not do for the jobs that wait: once, until more are missing. A count
    /// that fails is none: the ledger tells of its trouble when it is written to.
    pub(super) fn count_stock(&mut self) {
        let stock = self.ports.ledger.stock();
        self.stock.spare = stock.ok().and_then(|stock| stock::spare(&stock));
        let Some(spare) = self.stock.spare else {
            return;
        };
        let (waiting, _) = self.station.queue();
        let missing = waiting.saturating_sub(spare);
        if missing > self.stock.told {
            self.stock.told = missing;
            self.board.announce(News::FewSpares { spare, waiting });
        }
    }
}
