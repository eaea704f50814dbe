//! `keyline run`: the station until it is stopped, or until nothing is left to do.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::station::{Desk, Handle, Options, Request, Summary, TICK};
use crate::domain::fault::Fault;
use crate::port::CancelFlag;
use crate::wire::WireFault;
use crate::wire::config::Config;
use crate::wire::retention::Retention;
use crate::wire::station::{Parts, slots};

const DAY: Duration = Duration::from_secs(86_400);

/// How a run is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub limit: Option<usize>,
    pub until_empty: bool,
    /// Badge or number of the person at the bench.
    pub operator: String,
}

/// Runs the station over `parts`. `attend` is called once the station can be asked for things, and lives as long as it
/// runs: the terminal, the control socket, the demo's simulated hands.
///
/// # Errors
/// When the station cannot begin.
pub fn run<T, E: From<WireFault>>(
    config: &Config,
    parts: &Parts,
    request: &Wish,
    attend: impl FnOnce(&Parts, Handle) -> Result<T, E>,
) -> Result<Summary, E> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            WireFault::Fault(Fault::Internal {
                what: error.to_string(),
            })
        })?;
    let options = Options {
        limit: request.limit,
        until_empty: request.until_empty,
        confirm_cards: config.slots.confirm_cards,
        slots: slots(config),
        actor: request.operator.clone(),
        tick: TICK,
        waits: parts.cancel.clone(),
    };
    let desk = Desk::new(
        parts.ports.clone(),
        Arc::clone(&parts.policies),
        Arc::clone(&parts.intake),
        Arc::clone(&parts.board),
        options,
    );
    let retention = Retention::new(config, parts, &request.operator);
    retention.apply_or_warn();
    let attendance = attend(parts, desk.handle())?;
    let summary = runtime.block_on(async {
        let signals = tokio::spawn(obey_signals(desk.handle(), parts.cancel.clone()));
        let upkeep = tokio::spawn(daily(Arc::new(retention)));
        let summary = desk.run().await;
        signals.abort();
        upkeep.abort();
        summary
    });
    drop(attendance);
    // Threads that wait for hardware must not keep the program.
    runtime.shutdown_background();
    summary.map_err(|fault| WireFault::Fault(fault).into())
}

/// What was to be kept for so many days goes on the day it is due, also in a station that runs for months.
async fn daily(retention: Arc<Retention>) {
    let mut days = tokio::time::interval(DAY);
    // The first tick comes at once, and the start has seen to it already.
    days.tick().await;
    loop {
        days.tick().await;
        let today = Arc::clone(&retention);
        // A panic there was reported there.
        let _ = tokio::task::spawn_blocking(move || today.apply_or_warn()).await;
    }
}

/// SIGTERM, SIGHUP and the first SIGINT finish the steps in hand; the second SIGINT breaks them off. Either way the journal tells
/// the next run where everything stands.
async fn obey_signals(handle: Handle, cancel: CancelFlag) {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        tracing::error!("signals cannot be received; stop the station with `quit`");
        return;
    };
    let mut asked = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            // The terminal is gone.
            _ = hang_up.recv() => {}
        }
        let request = if asked {
            Request::StopNow
        } else {
            Request::Stop
        };
        asked = true;
        cancel.cancel();
        if !handle.ask(request) {
            return;
        }
    }
}
