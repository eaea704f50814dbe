//! `keyline slots …`

use clap::Subcommand;

/// `keyline slots …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Slots {
    /// Put a key where slot 1 shall be, then slot 2, and so on; writes the order into the configuration
    ///
    /// The keys are only seen, not changed.
    Learn,
}
