//! `keyline batches …`: the batches, and the papers that go with one.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(super) const BATCHES: &str = "Examples:
  keyline batches                                which batches there are, and how they stand
  keyline batches papers onboarding --folder /srv/papers
  keyline batches slips onboarding --kind label --folder /srv/papers";

const PAPERS: &str = "Examples:
  keyline batches papers onboarding
  keyline batches papers onboarding --folder /srv/papers

Each paper is written as PDF and as CSV, for its owner alone, over the one of an earlier time:
  BATCH-run-sheet     the letters as they lie in the printer's tray, and how they are folded
  BATCH-packing-list  the keys and their bags
  BATCH-hand-over     who signs for a key
  BATCH-end-of-batch  sheets drawn, confirmed, void and in doubt; places without a letter, and
                      why; the ledger's audit chain; two persons sign it
They say how the ledger stands at this moment, also while a station works. No PIN is in them, no
address, and of a serial number the end only. They hold names: keep them no longer than you need.";

const SLIPS: &str = "Examples:
  keyline batches slips onboarding --kind label
  keyline batches slips onboarding --folder /srv/papers

One PDF per kind, a page for each job, in the order of the run sheet:
  BATCH-labels       for the keys' bags, each with its code; also before a job has its key
  BATCH-key-letters  for the bags, beside the key
  BATCH-receipts     what people sign and send back
Behind 500 pages comes another file: BATCH-labels-2 and so on. A letter and a receipt name the
key: jobs without one are told and left out, and so are cancelled jobs. Each file is for its owner
alone, written over the one of an earlier time; an earlier file with a higher number goes. No PIN
and no letter's control number is in them. They hold names and addresses: keep them no longer than
needed. In place of a sign that file names do not take stands `_`, and such a BATCH ends with
eight digits.

Exit code 0: written. 3: somebody's sheet cannot be set; which one and why is told, the others are
written.";

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
    /// Write a batch's papers: run sheet, packing list, hand-over list, end sheet; changes nothing
    #[command(after_help = PAPERS)]
    Papers {
        /// The job file's name without its ending
        #[arg(value_name = "BATCH")]
        batch: String,
        /// Where they are written
        #[arg(long, value_name = "DIR", default_value = ".")]
        folder: PathBuf,
    },
    /// Write what goes with a batch's keys: bag labels, letters, receipts; changes nothing
    #[command(after_help = SLIPS)]
    Slips {
        /// The job file's name without its ending
        #[arg(value_name = "BATCH")]
        batch: String,
        /// Which of them; all when it is left out
        #[arg(long, value_name = "KIND")]
        kind: Option<Slip>,
        /// Where they are written
        #[arg(long, value_name = "DIR", default_value = ".")]
        folder: PathBuf,
    },
}

/// The sheets that go with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Slip {
    /// For the key's bag
    Label,
    /// The letter that travels with the key
    Key,
    /// What the person signs and sends back
    Receipt,
}
