//! `keyline run`: the station until it is stopped, or until nothing is left to do.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::board::News;
use crate::app::station::{Desk, Handle, Options, Request, Summary, TICK};
use crate::domain::fault::Fault;
use crate::face::say::{self, moment};
use crate::port::{CancelFlag, Ledger};
use crate::wire::config::Config;
use crate::wire::left_test::LeftTest;
use crate::wire::retention::Retention;
use crate::wire::station::{Parts, slots};
use crate::wire::{WireFault, metadata, printer, service};

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
    )
    .with_pulse(service::pulse())
    .with_unlisted(config.stock.unlisted);
    let retention = Retention::new(config, parts, &request.operator);
    retention.apply_or_warn();
    printer::tell_of_dangers(config, &parts.board);
    tell_of_removals(parts);
    let left = LeftTest::begin(parts, &request.operator);
    let attendance = attend(parts, desk.handle())?;
    let summary = runtime.block_on(async {
        let signals = tokio::spawn(obey_signals(desk.handle(), parts.cancel.clone()));
        let upkeep = tokio::spawn(daily(DAY, each_day(config, parts, retention)));
        let summary = desk.run().await;
        signals.abort();
        upkeep.abort();
        summary
    });
    drop(left);
    drop(attendance);
    // Threads that wait for hardware must not keep the program.
    runtime.shutdown_background();
    summary.map_err(|fault| WireFault::Fault(fault).into())
}

/// Passkeys of which nobody knows whether they were deleted: nobody else holds the ledger now, so whoever began was cut off.
fn tell_of_removals(parts: &Parts) {
    for open in parts.ledger.open_removals().unwrap_or_default() {
        let at = moment::local(open.at, &jiff::tz::TimeZone::system());
        let what = say::keys::open(&open, &at);
        parts.board.announce(News::Trouble { what });
    }
}

/// What a station that runs for months sees to on each day: what was to be kept for so many days goes on the day it is due, and
/// metadata that became out of date is told.
fn each_day(
    config: &Config,
    parts: &Parts,
    retention: Retention,
) -> impl Fn() + Send + Sync + use<> {
    let (config, ledger) = (config.clone(), Arc::clone(&parts.ledger));
    let (models, board) = (Arc::clone(&parts.ports.models), Arc::clone(&parts.board));
    move || {
        retention.apply_or_warn();
        if let Err(fault) = metadata::tell(&config, &ledger, models.as_ref(), &board) {
            tracing::warn!(fault = %fault.brief(), "whether the metadata is out of date is looked at tomorrow");
        }
    }
}

/// Does `work` after each `day`. The first time a day from now: the start has seen to it already.
async fn daily(day: Duration, work: impl Fn() + Send + Sync + 'static) {
    let work = Arc::new(work);
    let mut days = tokio::time::interval(day);
    // The first tick comes at once.
    days.tick().await;
    loop {
        days.tick().await;
        let today = Arc::clone(&work);
        // A panic there was reported there.
        let _ = tokio::task::spawn_blocking(move || today()).await;
    }
}

/// SIGTERM, SIGHUP and the first SIGINT finish the steps in hand; a SIGINT after any of them breaks them off. Either way the journal tells
/// the next run where everything stands. A service manager that sends several signals in a row means an orderly end.
async fn obey_signals(handle: Handle, cancel: CancelFlag) {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        terminal_gone(),
    ) else {
        tracing::error!("signals cannot be received; stop the station with `quit`");
        return;
    };
    let mut asked = false;
    loop {
        let at_once = tokio::select! {
            _ = interrupt.recv() => asked,
            _ = terminate.recv() => false,
            () = hang_up.come() => false,
        };
        let request = if at_once {
            Request::StopNow
        } else {
            Request::Stop
        };
        tracing::info!(?request, "a signal came");
        asked = true;
        cancel.cancel();
        if !handle.ask(request) {
            return;
        }
    }
}

/// Waits until somebody ends the program: SIGINT, SIGTERM, or SIGHUP.
///
/// # Errors
/// When signals cannot be received.
pub fn until_signal() -> Result<(), WireFault> {
    let unheard = |error: std::io::Error| {
        WireFault::Fault(Fault::Internal {
            what: error.to_string(),
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(unheard)?;
    let waited = runtime.block_on(async {
        let (mut interrupt, mut terminate, mut hang_up) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            terminal_gone()?,
        );
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hang_up.come() => {}
        }
        Ok(())
    });
    waited.map_err(unheard)
}

/// SIGHUP, unless whoever started the station wants it to outlive its terminal, as `nohup` does.
struct HangUp(Option<Signal>);

impl HangUp {
    async fn come(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

fn terminal_gone() -> std::io::Result<HangUp> {
    // Whoever listens for a signal no longer ignores it, so this is asked before.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if ignores_hang_up(&status) {
        return Ok(HangUp(None));
    }
    Ok(HangUp(Some(signal(SignalKind::hangup())?)))
}

/// What `/proc/self/status` says of SIGHUP, the first signal.
fn ignores_hang_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_due_each_day_is_done_again_even_after_a_panic() {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let days = tokio::spawn(daily(Duration::from_millis(1), move || {
            let day = done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            assert_ne!(day, 1, "the second day goes wrong");
            // The test may have heard enough.
            let _ = tell.send(day);
        }));
        let mut heard = Vec::new();
        while heard.len() < 3 {
            heard.push(told.recv().await.expect("another day"));
        }
        assert_eq!(heard, [0, 2, 3]);
        days.abort();
    }

    #[test]
    fn an_ignored_hang_up_is_seen() {
        for (line, ignored) in [
            ("SigIgn:\t0000000000000001", true),
            ("SigIgn:\t0000000000001007", true),
            ("SigIgn:\t0000000000001000", false),
            ("SigBlk:\t0000000000000001", false),
            ("", false),
        ] {
            assert_eq!(ignores_hang_up(&format!("Name:\tx\n{line}\n")), ignored);
        }
    }
}
