//! Notes every distinct state that a world passes through.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::app::world::{Canon, State, Weather, World};

#[derive(Default)]
struct Notes {
    known: HashMap<Canon, usize>,
    version: Option<u64>,
    /// The states that this life has passed through, in order, and how many instants each of them lasted.
    cuts: Vec<(usize, u64)>,
    /// States that were never met before, and the place of the cut.
    fresh: Vec<(usize, usize, State)>,
    /// How many states that were met before are kept all the same, and those.
    spare: usize,
    twins: Vec<(usize, State)>,
}

/// A witness of worlds.
#[derive(Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Notes>>);

impl Recorder {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on every instant of this world is noted.
    pub(super) fn attend(&self, world: &World) {
        self.forget();
        let notes = self.clone();
        world.state().witness = Some(Arc::new(move |state| notes.instant(state)));
    }

    fn instant(&self, state: &State) {
        // What is broken is reported at the end of the run; nothing follows from it.
        if !state.broken.is_empty() {
            return;
        }
        let mut notes = self.notes();
        if notes.version == Some(state.version)
            && let Some((_, times)) = notes.cuts.last_mut()
        {
            *times += 1;
            return;
        }
        notes.version = Some(state.version);
        let node = notes.note(state);
        notes.cuts.push((node, 1));
    }

    /// The number of this state.
    pub(super) fn note(&self, state: &State) -> usize {
        self.notes().note(state)
    }

    /// The states of the life that has just ended.
    pub(super) fn cuts(&self) -> Vec<(usize, u64)> {
        std::mem::take(&mut self.notes().cuts)
    }

    /// The states that nobody has looked at yet.
    pub(super) fn fresh(&self) -> Vec<(usize, usize, State)> {
        std::mem::take(&mut self.notes().fresh)
    }

    /// Keeps every state, up to this many, that has the form of one that was met before.
    pub(super) fn keep_twins(&self, spare: usize) {
        self.notes().spare = spare;
    }

    pub(super) fn twins(&self) -> Vec<(usize, State)> {
        std::mem::take(&mut self.notes().twins)
    }

    /// The life came to nothing.
    pub(super) fn forget(&self) {
        let mut notes = self.notes();
        notes.version = None;
        notes.cuts.clear();
    }
}

impl Notes {
    fn note(&mut self, state: &State) -> usize {
        let next = self.known.len();
        let node = *self.known.entry(state.canon()).or_insert(next);
        if node == next {
            self.fresh.push((node, self.cuts.len(), bare(state)));
        } else if self.twins.len() < self.spare {
            self.twins.push((node, bare(state)));
        }
        node
    }
}

/// The state without what belongs to the life that led to it.
fn bare(state: &State) -> State {
    let mut state = state.clone();
    state.witness = None;
    state.weather = Weather::default();
    state.running = None;
    state.calls.clear();
    state
}
