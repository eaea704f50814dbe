//! Which physical place is which slot.

use std::collections::BTreeMap;

use crate::domain::authenticator::Slot;
use crate::port::Place;

/// The places in the order that `keyline slots learn` wrote down; a place that it does not name gets the next free number
/// when its first key arrives.
#[derive(Clone, Debug, Default)]
pub struct SlotMap {
    by_place: BTreeMap<Place, Slot>,
}

impl SlotMap {
    /// Slot 1 is the first place, and so on.
    pub fn new(places: impl IntoIterator<Item = Place>) -> Self {
        let mut map = Self::default();
        for place in places {
            map.slot_of(&place);
        }
        map
    }

    /// The slot at `place`.
    pub fn slot_of(&mut self, place: &Place) -> Slot {
        if let Some(slot) = self.by_place.get(place) {
            return *slot;
        }
        let taken = self.by_place.values().map(|slot| slot.0).max().unwrap_or(0);
        let slot = Slot(taken.saturating_add(1));
        self.by_place.insert(place.clone(), slot);
        slot
    }

    /// The place of `slot`.
    pub fn place_of(&self, slot: Slot) -> Option<&Place> {
        self.by_place
            .iter()
            .find(|(_, known)| **known == slot)
            .map(|(place, _)| place)
    }
}
