//! `keyline batches …`: the batches, and the papers that go with one.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const BATCHES: &str = "Examples:
  keyline batches                                which batches there are, and how they stand
  keyline batches papers onboarding --folder /srv/papers";

const PAPERS: &str = "Examples:
  keyline batches papers onboarding
  keyline batches papers onboarding --folder /srv/papers

Each paper is written as PDF and as CSV, for its owner alone, over the one of an earlier time:
  BATCH-run-sheet     the letters as they lie in the printer's tray, and how they are folded
  BATCH-packing-list  the keys and their bags
  BATCH-hand-over     who signs for a key
  BATCH-end-of-batch  sheets drawn, confirmed, void and in doubt; places without a letter, and why;
                      the ledger's audit chain; two persons sign it
They say how the ledger stands at this moment, also while a station works. No PIN is in them, no
address, and of a serial number the end only. They hold names: keep them no longer than you need.";

/// `keyline batches`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Batches {
    #[command(subcommand)]
    pub command: Option<OfBatches>,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// `keyline batches …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum OfBatches {
    /// Write the papers of a batch: run sheet, packing list, hand-over list, end of the batch; changes nothing
    #[command(after_help = PAPERS)]
    Papers {
        /// The job file's name without its ending
        #[arg(value_name = "BATCH")]
        batch: String,
        /// Where they are written
        #[arg(long, value_name = "DIR", default_value = ".")]
        folder: PathBuf,
    },
}
