//! `keyline check` on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::face::say::Complaint;

pub(super) const CHECK: &str = "Examples:
  keyline check onboarding.csv
  keyline check config/station.toml
  keyline check config/policies/standard.toml
  keyline check --online                    before the first key: tenant, bench and this computer
  keyline check --online --json | jq '.rows[] | select(.grade != \"ok\")'
  keyline check --online --enrol-test test.user@contoso.com

--online signs in and looks at the permissions, the tenant's passkey policy and its profiles, the
clock, the printer, readers, USB keys, disks and the ledger. Each line is ok, a warning, or STOP:
then no key should be touched before it is mended. It ends with 0 when nothing stops the work.
--enrol-test proves the rest without a key: it registers a passkey made in software for the user
that you name, waits until Entra lists it, and deletes it. Its private half is never kept. It
stands in the ledger before it is sent; what a cut leaves behind is deleted by the next
--enrol-test or by `keyline reconcile --delete`. No station may run meanwhile.";

const USAGE: &str = "keyline check [OPTIONS] <FILE|--online>";

/// `keyline check`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(override_usage = USAGE)]
pub struct Check {
    /// A job file (.csv, .toml, .json), a configuration or a policy
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Try everything that enrolling needs: the tenant, the bench, this computer
    #[arg(long, conflicts_with = "file")]
    pub online: bool,
    /// Print JSON, for scripts
    #[arg(long, conflicts_with = "file")]
    pub json: bool,
    /// Register a test passkey for this user, see it in the list, delete it
    #[arg(
        long,
        visible_alias = "enroll-test",
        value_name = "USER",
        requires = "online",
        conflicts_with = "file"
    )]
    pub enrol_test: Option<String>,
}

impl Check {
    /// Says what is missing, where there is nothing to look at.
    ///
    /// # Errors
    /// In the parser's own shape. The parser cannot say it: with --json it is --online alone that is missing, and a file would not do.
    pub(super) fn is_about_something(&self) -> Result<(), Complaint> {
        if self.file.is_some() || self.online {
            return Ok(());
        }
        if self.json {
            return Err(Complaint::usage(
                "The following required arguments were not provided:\n  --online",
                "Usage: keyline check --online --json\n      A FILE is checked without --json.",
            ));
        }
        Err(Complaint::usage(
            "The following required arguments were not provided:\n  <FILE|--online>",
            format!("Usage: {USAGE}\n      Add `--help` to learn more."),
        ))
    }
}
