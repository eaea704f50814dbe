//! What becomes of keys after their jobs, as it is typed: `keyline handover`, and `keyline keys return`, `lost` and `scrap`.

use clap::{ArgGroup, Args};

use super::values::reason;

pub(super) const HANDOVER: &str = "Examples:
  keyline handover 0042
  keyline handover --batch onboarding
  keyline handover --batch onboarding --yes      for scripts: nobody is asked

Say it once the person has both the key and its letter. Under `delete_existing = \"after_delivery\"`
the person's older passkeys are deleted at Entra from then on, and not before: nobody is left with
nothing while a parcel travels. Where keys go out in bags, bag and letter have to be dispatched
first. A newer job of the same person takes over what an older one left waiting. It can be
repeated.

Exit code 0: handed over now, or before. 2: nobody could be asked. 3: the key cannot be called
handed over. 4: of a batch nothing can be, yet. 6: it is noted down, and the older passkeys are
still at Entra; they go later. 130: nobody agreed.";

pub(super) const RETURN: &str = "Examples:
  keyline keys return 0042 --reason \"left the company\"
  keyline keys return 0042 --reason \"left the company\" --wipe-later

The passkey is deleted at Entra, PIN and letter are void, and the journal keeps why. What else the
person has there is told first, and asked for unless you say --yes. Then put the key into a slot:
it is wiped, here or in any slot of a running station, and may be enrolled anew. A key that was
reported lost and turned up is taken back the same way.

Exit code 0: done. 2: nobody could be asked. 3: refused. 4: the key is not wiped yet. 6: it is
noted down, and the passkey is still at Entra; type the same again, or leave it to the station.
130: nobody agreed.";

pub(super) const LOST: &str = "Examples:
  keyline keys lost 12345678 --reason \"stolen on a train\"
  keyline keys lost 0042 --reason \"left in a taxi\" --yes

The passkey is deleted at Entra, PIN and letter are void, and the journal keeps why. What else the
person has there is told first, and asked for unless you say --yes. Wherever the key turns up it
is refused in words; once you have it back, `keyline keys return` makes it usable again.

Exit code 0: done. 2: nobody could be asked. 3: refused. 6: it is noted down, and the passkey is
still at Entra; type the same again, or leave it to the station. 130: nobody agreed.";

pub(super) const SCRAP: &str = "Examples:
  keyline keys scrap 0042 --reason \"does not light up\"
  keyline keys scrap 12345678 --reason \"the plug is bent\" --yes

The passkey is deleted at Entra, PIN and letter are void, and the journal keeps why. What else the
person has there is told first, and asked for unless you say --yes. The key is not wiped here:
destroy it. A slot that gets it all the same refuses it in words.

Exit code 0: done. 2: nobody could be asked. 3: refused. 6: it is noted down, and the passkey is
still at Entra; type the same again, or leave it to the station. 130: nobody agreed.";

/// `keyline handover`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(group(ArgGroup::new("which").args(["job", "batch"]).required(true)))]
pub struct Handover {
    /// Number, user, envelope, control number or serial
    #[arg(value_name = "JOB")]
    pub job: Option<String>,
    /// All keys of this batch that can be (the job file's name without its ending)
    #[arg(long, value_name = "BATCH")]
    pub batch: Option<String>,
    /// Ask nobody whether the older passkeys may go
    #[arg(long)]
    pub yes: bool,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// `keyline keys return`, `lost` and `scrap`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Retirement {
    /// Serial, envelope, job number, control number or user
    #[arg(value_name = "KEY")]
    pub key: String,
    /// What happened; it stands in the journal
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
    /// Ask nobody
    #[arg(long)]
    pub yes: bool,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// `keyline keys return`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Return {
    #[command(flatten)]
    pub retirement: Retirement,
    /// Do not wait for the key: the running station wipes it in any slot
    #[arg(long)]
    pub wipe_later: bool,
}
