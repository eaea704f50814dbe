//! `keyline pins show`: opens the sealed PIN of one job with the recovery identity. Meant for the administrator's machine
//! with a bare copy of the ledger; the station itself has no key that could. Never opens a PIN that is not on the key, and none of
//! the station's own ledger before that is noted there.

use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use crate::adapter::ledger::{
    Identities, PinKind, Prompt, RecoveredPin, SqliteLedger, open_pins, sealed_rows,
};
use crate::app::admin::{NoPin, Origin, VoidPin, opening};
use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::face::ask;
use crate::face::cli::Pins;
use crate::face::control::{Answer, Ask};
use crate::face::report::{find_one, name};
use crate::face::say::{Complaint, ExitCode, clean, pins as words};
use crate::port::{JobRecord, Keeping};
use crate::wire::commands::{Ended, admin, cannot_write};
use crate::wire::config::Config;
use crate::wire::{WireFault, station};

/// More than the answer ever needs.
const TEXT_BYTES: usize = 4096;

pub(super) fn show(config: &Path, command: &Pins, out: &mut dyn Write) -> Ended {
    let Pins::Show {
        job,
        identity,
        ledger,
        void: reason,
    } = command;
    let (ledger, own) = match ledger {
        Some(copy) => (open_copy(copy)?, own_behind(config, copy)),
        None => {
            let config = Config::load(config).map_err(WireFault::from)?;
            (station::read_ledger(&config)?, Some(config))
        }
    };
    let identities = read_identity(identity)?;
    let record = find_one(&ledger, job)?;
    let sealed = sealed_rows(&ledger, record.job.id)?;
    let kept: Vec<Origin> = sealed
        .iter()
        .filter_map(|row| origin(row.kind(), row.attempt()))
        .collect();
    let found = opening(&ledger, &record, &kept)?.map_err(|why| words::none(why, &record))?;
    let void = found.void;
    if let (Some(void), None) = (&void, reason) {
        return Err(words::refused(void, &name(&record), &TimeZone::system()));
    }
    // Written down before anything is opened: nobody can take a look back.
    match own {
        Some(own) => note(&own, &record, void.and(reason.as_deref()))?,
        None => ask::say(words::COPY),
    }
    let mut pins = open_pins(&ledger, record.job.id, &identities)?;
    let Some(at) = place(&pins, found.on_key) else {
        return Err(words::none(NoPin::NotSet, &record));
    };
    let before = found.before.and_then(|before| place(&pins, before));
    let before = before.and_then(|at| pins.get(at).map(|pin| pin.pin.duplicate()));
    let pin = pins.swap_remove(at);
    drop(pins);
    write(&record, &pin, before.as_ref(), void.as_ref(), out)?;
    if let Some(doubt) = words::uncertain(found.certainty) {
        ask::say(doubt);
    }
    Ok(ExitCode::Done)
}

fn open_copy(copy: &Path) -> Result<SqliteLedger, Complaint> {
    SqliteLedger::open_reader(copy).map_err(|fault| {
        Complaint::usage(
            Complaint::from(&fault).message,
            "Give --ledger a copy of a station's ledger, the file that `[ledger] file` names there.",
        )
    })
}

fn read_identity(path: &Path) -> Result<Identities, Complaint> {
    let hint = "Give --identity the file with the private half of a recovery pair: a line AGE-SECRET-KEY-1… or AGE-PLUGIN-….";
    if let Err(error) = std::fs::File::open(path) {
        return Err(Complaint::usage(
            format!("The identity {} cannot be read: {error}.", path.display()),
            hint,
        ));
    }
    Identities::read(path, Arc::new(Tty)).map_err(|fault| {
        let message = if let Fault::Unsealable { what } = &fault {
            format!("This is no identity: {}.", clean(what))
        } else {
            Complaint::from(&fault).message
        };
        Complaint::usage(message, hint)
    })
}

/// Where a sealed PIN came from; one that was never on the key has no place here.
pub(in crate::wire) fn origin(kind: PinKind, attempt: Attempt) -> Option<Origin> {
    match kind {
        PinKind::Set => Some(Origin::Set(attempt)),
        PinKind::Current => Some(Origin::Kept),
        PinKind::Specified => None,
    }
}

/// The PIN that came from there.
fn place(pins: &[RecoveredPin], from: Origin) -> Option<usize> {
    pins.iter()
        .rposition(|pin| origin(pin.kind, pin.attempt) == Some(from))
}

/// Whoever opens PINs with the station's own ledger stands in its audit chain: by the running station, or by us where none runs.
fn note(config: &Config, record: &JobRecord, void: Option<&str>) -> Result<(), Complaint> {
    let asked = Ask::Keep {
        keeping: Keeping::Opening {
            job: record.job.id,
            reason: void.map(str::to_owned),
            void: void.is_some(),
        },
        actor: admin::actor(),
    };
    admin::put(config, &asked)
        .and_then(Answer::into_result)
        .map(drop)
        .map_err(words::not_noted)
}

/// The station whose own ledger was named as if it were a copy.
pub(super) fn own_behind(config: &Path, copy: &Path) -> Option<Config> {
    let config = Config::load(config).ok()?;
    let own = std::fs::metadata(config.path(&config.ledger.file)).ok()?;
    let copy = std::fs::metadata(copy).ok()?;
    ((own.dev(), own.ino()) == (copy.dev(), copy.ino())).then_some(config)
}

fn write(
    record: &JobRecord,
    pin: &RecoveredPin,
    before: Option<&Pin>,
    void: Option<&VoidPin>,
    out: &mut dyn Write,
) -> Result<(), Complaint> {
    let serial = match (pin.serial.as_str(), &record.serial) {
        ("", None) => "the key tells none".to_owned(),
        ("", Some(serial)) => serial.to_string(),
        (serial, _) => serial.to_owned(),
    };
    let person = record.job.request.name.as_deref().unwrap_or("");
    let void = void.map_or_else(String::new, words::void);
    // Room for all of it at once: growing would leave copies behind that nobody wipes.
    let mut lines = Zeroizing::new(String::with_capacity(TEXT_BYTES));
    for (title, value) in [
        ("job", record.job.id.to_string().as_str()),
        ("person", &clean(person)),
        ("user", &clean(&pin.user)),
        ("envelope", &record.job.envelope.to_string()),
        ("serial", &clean(&serial)),
        ("state", &void),
        ("PIN", pin.pin.reveal()),
        ("old PIN", before.map_or("", Pin::reveal)),
    ] {
        if !value.is_empty() {
            *lines += &format!("{title:<10}");
            *lines += value;
            *lines += "\n";
        }
    }
    out.write_all(lines.as_bytes())
        .map_err(|error| cannot_write(&error))
}

/// The terminal of whoever opens PINs, for identities on hardware keys.
struct Tty;

impl Prompt for Tty {
    fn say(&self, message: &str) {
        ask::say(message);
    }

    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let choices = no.map_or_else(|| yes.to_owned(), |no| format!("{yes} / {no}"));
        let answer = ask::text(&format!("{question} ({choices})"))?;
        Some(answer.eq_ignore_ascii_case(yes))
    }

    fn ask(&self, question: &str) -> Option<String> {
        ask::text(question)
    }

    fn ask_secret(&self, question: &str) -> Option<Zeroizing<String>> {
        ask::secret(question)
    }
}
