//! `keyline slots …`

use clap::Subcommand;

const LEARN: &str = "Examples:
  keyline slots learn                       one key into one slot after the other, in their order

Stop a running station first. Type the same again when the bench is arranged anew.";

/// `keyline slots …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Slots {
    /// Put a key where slot 1 shall be, then slot 2, and so on; writes the order into the configuration
    ///
    /// The keys are only seen, not changed.
    #[command(after_help = LEARN)]
    Learn,
}
