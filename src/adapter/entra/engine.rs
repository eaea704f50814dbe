//! The one thread of an endpoint on which its requests travel, so that whoever waits for an answer can stop waiting.
//!
//! # Why
//! A blocking client cannot be interrupted: a service that trickles bytes would hold a station that is asked to stop for the
//! whole timeout. A request that is broken off here is closed on the wire; whether it had arrived stays open.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::port::CancelFlag;

/// How often a waiter looks whether it was cancelled.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

/// Why there is no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoOutcome {
    Cancelled,
    /// It ended without one.
    Failed,
}

/// Runs requests.
pub(super) struct Engine(Option<Runtime>);

impl Engine {
    /// Starts the thread.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("entra")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Waits until `work` is done or `cancel` is set. Must not be called on a thread that drives an async runtime.
    ///
    /// # Errors
    /// [`NoOutcome`].
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        cancel: &CancelFlag,
    ) -> Result<T, NoOutcome> {
        if cancel.is_cancelled() {
            return Err(NoOutcome::Cancelled);
        }
        let runtime = self.0.as_ref().ok_or(NoOutcome::Failed)?;
        let (done, outcome) = mpsc::sync_channel(1);
        let task = runtime.spawn(async move {
            // Nobody listens any more when it was cancelled.
            drop(done.send(work.await));
        });
        loop {
            match outcome.recv_timeout(CANCEL_LATENCY) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => return Err(NoOutcome::Failed),
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                    task.abort();
                    return Err(NoOutcome::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Waiting for it could block a thread that drives an async runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn what_is_cancelled_ends_at_once_and_what_was_cancelled_before_never_begins() {
        let engine = Engine::start().unwrap();
        let cancel = CancelFlag::default();
        assert_eq!(engine.run(async { 7 }, &cancel), Ok(7));
        let (begun, has_begun) = mpsc::channel();
        let stopper = cancel.clone();
        let thread = std::thread::spawn(move || {
            has_begun.recv().unwrap();
            stopper.cancel();
            Instant::now()
        });
        let endless = async move {
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        assert_eq!(engine.run(endless, &cancel), Err(NoOutcome::Cancelled));
        assert!(thread.join().unwrap().elapsed() < Duration::from_secs(1));
        assert_eq!(engine.run(async { 7 }, &cancel), Err(NoOutcome::Cancelled));
    }

    #[test]
    fn work_that_panics_is_told() {
        let engine = Engine::start().unwrap();
        let falls = async {
            assert!(std::hint::black_box(false), "planted");
        };
        let outcome = engine.run(falls, &CancelFlag::default());
        assert_eq!(outcome, Err(NoOutcome::Failed));
    }
}
