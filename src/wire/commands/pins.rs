//! `keyline pins show`: opens the sealed PINs of one job with the recovery identity. Meant for the administrator's machine
//! with a copy of the ledger; the station itself has no key that could.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::adapter::ledger::{Identities, Prompt, open_pins};
use crate::adapter::ledger::{PinKind, SqliteLedger};
use crate::face::say::{Complaint, ExitCode};
use crate::wire::commands::{Ended, cannot_write};
use crate::wire::config::Config;
use crate::wire::{WireFault, station};

pub(super) fn show(
    config: &Path,
    job: &str,
    identity: &Path,
    copy: Option<&Path>,
    out: &mut dyn Write,
) -> Ended {
    let ledger = match copy {
        Some(copy) => SqliteLedger::open_reader(copy)?,
        None => station::read_ledger(&Config::load(config).map_err(WireFault::from)?)?,
    };
    let identities = Identities::read(identity, Arc::new(Tty))?;
    let record = crate::face::report::find_one(&ledger, job)?;
    let mut pins = open_pins(&ledger, record.job.id, &identities)?;
    // The newest PIN that was set is the one on the key.
    let Some(current) = pins
        .iter()
        .rposition(|pin| matches!(pin.kind, PinKind::Set))
        .map(|at| pins.remove(at))
    else {
        return Err(Complaint::new(
            ExitCode::Waiting,
            "No PIN was set for this job yet.",
            "`keyline jobs show` tells how far it is.",
        ));
    };
    let serial = if current.serial.is_empty() {
        "none"
    } else {
        &current.serial
    };
    let text = Zeroizing::new(format!(
        "person    {}\nenvelope  {}\nserial    {serial}\nPIN       {}\n",
        current.user,
        record.job.envelope,
        current.pin.reveal()
    ));
    out.write_all(text.as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(ExitCode::Done)
}

/// The terminal of whoever opens PINs, for identities on hardware keys.
struct Tty;

impl Prompt for Tty {
    fn say(&self, message: &str) {
        // Nobody is left to be told when stderr is gone.
        let _ = writeln!(std::io::stderr(), "{message}");
    }

    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let choices = no.map_or_else(|| yes.to_owned(), |no| format!("{yes} / {no}"));
        let answer = self.ask(&format!("{question} ({choices})"))?;
        Some(answer.eq_ignore_ascii_case(yes))
    }

    fn ask(&self, question: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        self.say(question);
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok()?;
        Some(answer.trim().to_owned())
    }

    fn ask_secret(&self, question: &str) -> Option<Zeroizing<String>> {
        let _ = question;
        None
    }
}
