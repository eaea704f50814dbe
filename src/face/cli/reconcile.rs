//! `keyline reconcile` on the command line.

use clap::Args;

pub(super) const RECONCILE: &str = "Examples:
  keyline reconcile
  keyline reconcile --user anna@contoso.com
  keyline reconcile --delete
  keyline reconcile --json | jq .differences

What is named:
  missing      registered in the ledger, but not at Entra: that key signs nobody in
  abandoned    given up in the journal, but at Entra: --delete deletes it
  returned     deleted in the ledger, but at Entra
  unclaimed    named like a key of this station, but not in the ledger
  ambiguous    one of several that could be the same passkey of the ledger
Everything else at Entra is counted and left alone. Ends with 0 when nothing differs and with 4
when something does. It works beside a running station, which then does the deleting.";

/// `keyline reconcile`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Reconcile {
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
    /// Delete at Entra what the journal calls abandoned, and nothing else
    #[arg(long)]
    pub delete: bool,
    /// Only this user, as the job file had it; may be given several times
    #[arg(long = "user", value_name = "USER")]
    pub users: Vec<String>,
}
