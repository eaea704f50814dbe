//! The highest number that each signer's metadata had here. A practice root's numbers say nothing about genuine ones. Plain data: it
//! comes from the ledger and from what is read, and never goes down.

use crate::domain::metadata::{Edition, Signer};

/// Per signer, the number below which nothing is taken; zero where none was ever here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floors {
    fido: u64,
    practice: u64,
}

impl Floors {
    /// The highest number of this signer; `None` where none was ever here.
    pub const fn of(&self, signer: Signer) -> Option<u64> {
        let number = match signer {
            Signer::Fido => self.fido,
            Signer::Practice => self.practice,
        };
        if number == 0 { None } else { Some(number) }
    }

    /// This number of this signer was here.
    #[must_use]
    pub fn with(mut self, signer: Signer, number: u64) -> Self {
        let floor = match signer {
            Signer::Fido => &mut self.fido,
            Signer::Practice => &mut self.practice,
        };
        *floor = number.max(*floor);
        self
    }

    /// The number that was here before, where this edition is below it.
    pub fn above(&self, edition: &Edition) -> Option<u64> {
        self.of(edition.signer)
            .filter(|newest| edition.number < *newest)
    }
}
