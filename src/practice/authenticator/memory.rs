//! The persistent memory of a simulated key: what survives a power cycle. It never touches a disk.

use std::collections::BTreeMap;

use opensk::api::persist::{Persist, PersistIter};
use opensk::ctap::status_code::CtapResult;

/// A key's flash memory, by OpenSK's storage keys. A clone is a photograph: a key can be made from it again.
///
/// It holds key material in plain, as the flash of a development board does; there is nothing worth stealing on a
/// practice key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Memory(BTreeMap<usize, Vec<u8>>);

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The values hold private keys and the PIN hash.
        f.debug_tuple("Memory").field(&self.0.keys()).finish()
    }
}

impl Persist for Memory {
    fn find(&self, key: usize) -> CtapResult<Option<Vec<u8>>> {
        Ok(self.0.get(&key).cloned())
    }

    fn insert(&mut self, key: usize, value: &[u8]) -> CtapResult<()> {
        self.0.insert(key, value.to_vec());
        Ok(())
    }

    fn remove(&mut self, key: usize) -> CtapResult<()> {
        self.0.remove(&key);
        Ok(())
    }

    fn iter(&self) -> CtapResult<PersistIter<'_>> {
        Ok(Box::new(self.0.keys().copied().map(Ok)))
    }
}
