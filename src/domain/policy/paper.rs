//! What a policy asks of the people around the printer, and what it asks where its file says nothing.

use crate::domain::paper::{Bagging, Confirm};
use crate::domain::policy::Policy;

impl Policy {
    /// This policy at a station whose letters come out of a printer, or do not: what its file leaves open is decided from here
    /// on. A file in a folder is there as soon as it is written; a sheet has to be looked at, and its key must not come near it.
    #[must_use]
    pub fn at_a_station_that_prints(mut self, prints: bool) -> Self {
        let confirm = if prints {
            Confirm::Scan
        } else {
            Confirm::Device
        };
        // Where no letter goes out, there is nothing that the key has to be kept apart from.
        let bag = if prints && self.makes_letter() {
            Bagging::Scan
        } else {
            Bagging::None
        };
        self.confirm.get_or_insert(confirm);
        self.bag.get_or_insert(bag);
        self
    }

    /// How a letter is confirmed.
    pub fn confirmation(&self) -> Confirm {
        self.confirm.unwrap_or(Confirm::Device)
    }

    /// Whether keys go into bags, and how that is confirmed.
    pub fn bagging(&self) -> Bagging {
        self.bag.unwrap_or(Bagging::None)
    }
}
