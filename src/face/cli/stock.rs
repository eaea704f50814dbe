//! `keyline stock …`: which keys are ours.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const STOCK: &str = "Examples:
  keyline stock                                  how many keys are listed, used and spare
  keyline stock import delivery-2026-11.csv      these keys are ours
  keyline stock remove wrong-list.csv            these are not, after all";

const IMPORT: &str = "Examples:
  keyline stock import delivery-2026-11.csv      a list more; what is listed already stays so

The list is a CSV file as vendors and spreadsheets write it, with a column `serial` (or Serial
Number, S/N …); `model` and `aaguid` may stand beside it, other columns are not looked at. A file
with one serial number per line and no heading will do as well. If anything is wrong with it,
every line is told and nothing is changed. Several lists add up, and one may be given twice.

From the first list on, a key that is in none stops in its slot before anything is done to it, or
is told and taken: `[stock] unlisted` in the configuration says which. A key that tells no serial
number is told, and taken. Once the last key is taken off, every key is taken again. It works
beside a running station, which counts anew at once.";

const REMOVE: &str = "Examples:
  keyline stock remove wrong-list.csv            a list that was taken by mistake
  keyline stock remove sold.csv                  a file with the serial numbers that are not ours

The list is read as `keyline stock import` reads it: CSV with a column `serial`, or one serial
number per line. How many of it were not in the stock list is told. If anything is wrong with the
file, every line is told and nothing is changed.

A key that is taken off is one of nobody's from then on: `[stock] unlisted` says whether it stops
in its slot or is told and taken. Keys that were enrolled stay so. Once the last key is taken off,
every key is taken again. It works beside a running station, which counts anew at once.";

/// `keyline stock`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Stock {
    #[command(subcommand)]
    pub command: Option<OfStock>,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// `keyline stock …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum OfStock {
    /// Take a vendor's list of serial numbers: these keys are ours
    #[command(after_help = IMPORT)]
    Import {
        /// The list, a CSV file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Take the keys of a list off the stock list
    #[command(after_help = REMOVE)]
    Remove {
        /// The list, a CSV file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}
