//! Something that takes seconds, done once at a time beside whoever looks: how far it is, and what came of the last one. Never
//! begins by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::domain::time::Timestamp;
use crate::face::say::{Complaint, ExitCode};

/// Seconds between the end of one and the beginning of the next: whoever presses the button again and again costs nothing.
pub const PAUSE_SECONDS: i64 = 5;

/// Told how much is done, and of how much.
pub type Progress = dyn Fn(u64, u64) + Send + Sync;

/// What came of it.
pub type Ended<T> = Result<T, Complaint>;

/// How it stands.
#[derive(Clone, Debug)]
pub enum State<T> {
    /// It was never begun.
    Idle,
    /// `total` is zero while nobody knows.
    UnderWay {
        since: Timestamp,
        done: u64,
        total: u64,
    },
    Over {
        at: Timestamp,
        ended: Arc<Ended<T>>,
    },
}

/// Why it was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    UnderWay,
    /// So many seconds are left of the pause.
    TooSoon(i64),
}

/// One kind of work.
pub struct Task<T> {
    name: &'static str,
    state: Arc<Mutex<State<T>>>,
}

impl<T: Send + Sync + 'static> Task<T> {
    /// Of this name, for threads.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            state: Arc::new(Mutex::new(State::Idle)),
        }
    }

    /// How it stands just now.
    pub fn state(&self) -> State<T>
    where
        State<T>: Clone,
    {
        held(&self.state).clone()
    }

    /// Begins it on a thread of its own. `now` is asked again when it is over.
    ///
    /// # Errors
    /// Why it was not begun.
    pub fn begin(
        &self,
        now: impl Fn() -> Timestamp + Send + 'static,
        work: impl FnOnce(&Progress) -> Ended<T> + Send + 'static,
    ) -> Result<(), Refused> {
        let since = now();
        let mut state = held(&self.state);
        match &*state {
            State::Idle => {}
            State::UnderWay { .. } => return Err(Refused::UnderWay),
            State::Over { at, .. } => {
                let gone = at.seconds_until(since);
                // A clock that was set back makes nobody wait.
                if (0..PAUSE_SECONDS).contains(&gone) {
                    return Err(Refused::TooSoon(PAUSE_SECONDS.saturating_sub(gone)));
                }
            }
        }
        *state = State::UnderWay {
            since,
            done: 0,
            total: 0,
        };
        drop(state);
        let (of, told) = (Arc::clone(&self.state), Arc::clone(&self.state));
        let end = Ending { state: of, now };
        let begun = thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || {
                let ended = work(&move |done, total| {
                    *held(&told) = State::UnderWay { since, done, total };
                });
                end.with(ended);
            });
        // Without a thread the ending was dropped, and says so itself.
        if let Err(error) = begun {
            tracing::error!(%error, task = self.name, "there is no thread for it");
        }
        Ok(())
    }
}

/// Says that it is over, also when it panicked.
struct Ending<T, N: Fn() -> Timestamp> {
    state: Arc<Mutex<State<T>>>,
    now: N,
}

impl<T, N: Fn() -> Timestamp> Ending<T, N> {
    fn with(self, ended: Ended<T>) {
        let at = (self.now)();
        *held(&self.state) = State::Over {
            at,
            ended: Arc::new(ended),
        };
    }
}

impl<T, N: Fn() -> Timestamp> Drop for Ending<T, N> {
    fn drop(&mut self) {
        let mut state = held(&self.state);
        if matches!(*state, State::UnderWay { .. }) {
            *state = State::Over {
                at: (self.now)(),
                ended: Arc::new(Err(Complaint::new(
                    ExitCode::Bug,
                    "It broke off.",
                    "The station's log says why. Try again.",
                ))),
            };
        }
    }
}

fn held<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn over(task: &Task<u8>) -> Ended<u8> {
        loop {
            if let State::Over { ended, .. } = task.state() {
                return (*ended).clone();
            }
            thread::yield_now();
        }
    }

    #[test]
    fn one_at_a_time_with_a_pause_between() {
        let task = Task::new("test");
        let (go, wait) = channel::<()>();
        let begun = task.begin(
            || NOW,
            move |tell| {
                tell(3, 7);
                wait.recv()
                    .map(|()| 1)
                    .map_err(|_| Complaint::usage("", ""))
            },
        );
        assert_eq!(begun, Ok(()));
        let again = task.begin(|| NOW, |_| Ok(2));
        assert_eq!(again, Err(Refused::UnderWay));
        while !matches!(
            task.state(),
            State::UnderWay {
                done: 3,
                total: 7,
                ..
            }
        ) {
            thread::yield_now();
        }
        go.send(()).expect("it waits");
        assert_eq!(over(&task), Ok(1));
        let soon = task.begin(|| NOW.plus_seconds(2), |_| Ok(2));
        assert_eq!(soon, Err(Refused::TooSoon(PAUSE_SECONDS - 2)));
        let later = task.begin(|| NOW.plus_seconds(PAUSE_SECONDS), |_| Ok(2));
        assert_eq!(later, Ok(()));
        while !matches!(over(&task), Ok(2)) {}
    }

    #[test]
    fn what_breaks_off_is_over() {
        let task: Task<u8> = Task::new("test");
        let begun = task.begin(|| NOW, |_| panic!("broken on purpose"));
        assert_eq!(begun, Ok(()));
        let ended = over(&task).expect_err("it broke off");
        assert_eq!(ended.exit, ExitCode::Bug);
    }
}
