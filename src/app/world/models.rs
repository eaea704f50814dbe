//! The metadata of a world: none, unless a test puts some there.

use std::sync::Arc;

use crate::app::world::World;
use crate::domain::metadata::{Certificate, Entry, Provenance, Shelf};
use crate::domain::time::Timestamp;
use crate::port::Models;

/// What the world's metadata says, and where its keys' certificates lead.
#[derive(Clone, Debug)]
pub(crate) struct Knowledge {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) provenance: Provenance,
}

impl Models for World {
    fn shelf(&self) -> Option<Arc<Shelf>> {
        let state = self.state();
        state
            .knowledge
            .as_ref()
            .map(|known| Arc::clone(&known.shelf))
    }

    fn provenance(&self, _: &Entry, _: &[Certificate], _: Timestamp) -> Provenance {
        match &self.state().knowledge {
            Some(known) => known.provenance.clone(),
            None => Provenance::Unclaimed("there is no metadata".to_owned()),
        }
    }
}
