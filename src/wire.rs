//! Builds what the configuration names, and carries out what the command line asks. The one place that may name every
//! layer of the house; it decides nothing that another room could decide.

pub mod attend;
mod bench_check;
pub mod commands;
pub mod config;
pub mod console;
#[cfg(feature = "crash-points")]
pub mod crash_points;
pub mod demo;
pub mod init;
mod left_test;
mod log;
mod metadata;
mod mistakes;
pub mod office;
mod outfile;
pub mod policies;
mod preflight;
mod printer;
pub mod retention;
pub mod run;
mod service;
pub mod station;
pub mod stationery;
mod suitability;
mod trials;

use crate::adapter::entra::EntraConfigError;
use crate::adapter::mds::MdsFault;
use crate::domain::fault::Fault;
use crate::domain::mailbox::MailboxFault;
use crate::wire::config::ConfigFault;

/// Why a command could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    #[error(transparent)]
    Config(#[from] ConfigFault),
    #[error("[entra] {0}")]
    Entra(#[from] EntraConfigError),
    #[error(transparent)]
    Mailbox(#[from] MailboxFault),
    #[error(transparent)]
    Metadata(#[from] MdsFault),
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The command makes no sense as it was typed.
    #[error("{what}")]
    Usage { what: String, hint: String },
    /// A file or folder could not be made or read.
    #[error("{place}: {what}")]
    Files { place: String, what: String },
}

impl WireFault {
    pub(crate) fn files(place: &std::path::Path, error: &impl ToString) -> Self {
        Self::Files {
            place: place.display().to_string(),
            what: error.to_string(),
        }
    }
}
