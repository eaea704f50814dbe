//! The log: JSON lines in one file a day, written off the hot path. What is not keyline's own is logged from warnings on.
//!
//! The environment variable `KEYLINE_LOG` (error, warn, info, debug, trace) wins over `[log] level`, so that one run can be
//! looked at more closely without a change to the configuration. No level lets a secret through: PINs have no `Debug`.

use std::ffi::OsStr;
use std::os::unix::fs::DirBuilderExt;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::wire::config::{Config, ConfigFault, Level, Remedy};

/// Wins over the level of the configuration.
const LEVEL_VARIABLE: &str = "KEYLINE_LOG";

/// Opens the log. It is written until the guard is dropped.
///
/// # Errors
/// When its folder cannot be used, or [`LEVEL_VARIABLE`] holds no level.
pub(super) fn open(config: &Config) -> Result<WorkerGuard, ConfigFault> {
    let folder = config.path(&config.log.folder);
    let fault = |what: String| ConfigFault {
        file: folder.display().to_string(),
        what,
        remedy: Remedy::Folder,
    };
    let wanted = match std::env::var_os(LEVEL_VARIABLE) {
        Some(word) => asked_for(&word)?,
        None => config.log.level,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| fault(error.to_string()))?;
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
        .with_target("keyline", level(wanted));
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

/// The level that the environment asks for; an empty word asks for nothing but would hide a typo.
fn asked_for(word: &OsStr) -> Result<Level, ConfigFault> {
    let level = match word.to_string_lossy().trim().to_ascii_lowercase().as_str() {
        "error" => Level::Error,
        "warn" => Level::Warn,
        "info" => Level::Info,
        "debug" => Level::Debug,
        "trace" => Level::Trace,
        other => {
            return Err(ConfigFault {
                file: format!("the environment variable {LEVEL_VARIABLE}"),
                what: format!(
                    "`{other}` is no level; there are error, warn, info, debug and trace"
                ),
                remedy: Remedy::Variable,
            });
        }
    };
    Ok(level)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_understood_or_refused_in_words() {
        assert_eq!(asked_for(OsStr::new(" Trace ")), Ok(Level::Trace));
        let fault = asked_for(OsStr::new("loud")).expect_err("no level");
        assert!(
            fault.to_string().contains("KEYLINE_LOG") && fault.what.contains("`loud`"),
            "{fault}"
        );
    }
}
