//! `keyline printers` on the command line.

use clap::Args;

pub(super) const PRINTERS: &str = "Examples:
  keyline printers                                  the station's, and this computer's
  keyline printers ipp://printserver/               the queues of another print server
  keyline printers ipps://192.0.2.7/ipp/print       one printer
  keyline printers --json | jq '.printers[].uri'

What stands behind `uri`, `media` and `trays` is what `printer`, `media` and `tray` in [paper]
want. A warning names what should be changed before letters with PINs are printed there, and how.
Nothing is printed and nothing is changed. Ends with 7 when a printer does not answer.";

/// `keyline printers`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Printers {
    /// A printer, or a print server (a URI that ends behind the host)
    #[arg(value_name = "URI")]
    pub uri: Option<String>,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}
