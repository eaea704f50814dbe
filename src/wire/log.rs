//! The log: JSON lines in one file a day, written off the hot path. What is not keyline's own is logged from warnings on.

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::wire::config::{Config, ConfigFault, Level};

/// Opens the log. It is written until the guard is dropped.
///
/// # Errors
/// When its folder cannot be used.
pub(super) fn open(config: &Config) -> Result<WorkerGuard, ConfigFault> {
    let folder = config.path(&config.log.folder);
    let fault = |what: String| ConfigFault {
        file: folder.display().to_string(),
        what,
    };
    std::fs::create_dir_all(&folder).map_err(|error| fault(error.to_string()))?;
    let appender = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("keyline")
        .filename_suffix("jsonl")
        .max_log_files(config.log.days.max(1))
        .build(&folder)
        .map_err(|error| fault(error.to_string()))?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    // Libraries know nothing of secrets: they are heard only when something is wrong.
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("keyline", level(config.log.level));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(writer)
        .with_current_span(true);
    tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init()
        .map_err(|error| fault(error.to_string()))?;
    Ok(guard)
}

const fn level(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
