//! A whole station over ports of a world.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::intake::{Habits, Intake};
use crate::app::station::slots::SlotMap;
use crate::app::station::{Desk, Options};
use crate::app::world::Folder;
use crate::app::{Policies, Ports};
use crate::domain::policy::Policy;
use crate::domain::station::signal::ConfirmCards;
use crate::port::{CancelFlag, Place};

/// This policy alone, under the name `standard`.
pub(crate) fn policies(policy: Policy) -> Policies {
    Policies {
        by_name: BTreeMap::from([("standard".to_owned(), policy)]),
        default_name: "standard".to_owned(),
        default_language: "en".to_owned(),
    }
}

/// A station whose jobs follow `policy`, under the name `standard`.
pub(crate) fn desk(ports: Ports, folder: Arc<Folder>, policy: Policy, options: Options) -> Desk {
    let policies = Arc::new(policies(policy).at_a_station_that_prints(ports.press.prints()));
    let intake = Intake::new(
        folder,
        ports.ledger.clone(),
        ports.clock.clone(),
        Arc::clone(&policies),
        vec!["en".to_owned()],
        Habits::default(),
    );
    Desk::new(ports, policies, Arc::new(intake), Arc::default(), options)
}

/// Four slots, nothing to confirm, and an end once nothing is left to do.
pub(crate) fn options() -> Options {
    let places = (1..=4).map(|slot| Place(format!("practice:{slot}")));
    Options {
        limit: None,
        until_empty: true,
        waits: CancelFlag::default(),
        confirm_cards: ConfirmCards::Never,
        tick: Duration::from_millis(20),
        slots: SlotMap::new(places),
        actor: "B-7".to_owned(),
    }
}
