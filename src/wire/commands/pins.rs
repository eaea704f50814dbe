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
    ERASED_PERSON, Identities, PinKind, Prompt, RecoveredPin, SqliteLedger, open_pins, sealed_pins,
};
use crate::app::admin::{VoidPin, void_pin};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Step};
use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::face::ask;
use crate::face::cli::Pins;
use crate::face::control::{Answer, Ask};
use crate::face::report::{find_one, name};
use crate::face::say::{Complaint, ExitCode, clean, pins as words};
use crate::port::{JobRecord, Keeping, Ledger};
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
    let state = state_of(&ledger, &record)?;
    refuse_what_is_gone(&ledger, &record, &state)?;
    let void = void_pin(&ledger, &record, &state)?;
    if let (Some(void), None) = (&void, reason) {
        return Err(words::refused(void, &name(&record), &TimeZone::system()));
    }
    // Written down before anything is opened: nobody can take a look back.
    match own {
        Some(own) => note(&own, &record, void.and(reason.as_deref()))?,
        None => ask::say(words::COPY),
    }
    let mut pins = open_pins(&ledger, record.job.id, &identities)?;
    let Some(at) = on_key(&pins, &state) else {
        return Err(nothing_set(&record));
    };
    let before = before(&pins, &state).map(|pin| pin.pin.duplicate());
    let pin = pins.swap_remove(at);
    drop(pins);
    write(&record, &pin, before.as_ref(), void.as_ref(), out)?;
    say_what_is_uncertain(&record, &state, &pin);
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

fn state_of(ledger: &SqliteLedger, record: &JobRecord) -> Result<Enrollment, Complaint> {
    let journal = ledger.journal(record.job.id)?;
    let state = Enrollment::replay(journal.iter().map(|stamped| &stamped.event));
    state.map_err(|impossible| {
        Complaint::from(Fault::Ledger {
            what: impossible.to_string(),
        })
    })
}

/// What was there once is told apart from what never was.
fn refuse_what_is_gone(
    ledger: &SqliteLedger,
    record: &JobRecord,
    state: &Enrollment,
) -> Result<(), Complaint> {
    if record.job.request.user == ERASED_PERSON {
        return Err(Complaint::new(
            ExitCode::Refused,
            format!(
                "The person of job {} (envelope {}) was erased, and their sealed PINs with them.",
                record.job.id, record.job.envelope
            ),
            "Nothing in this ledger brings them back.",
        ));
    }
    if record.custody.wiped {
        return Err(Complaint::new(
            ExitCode::Refused,
            format!(
                "{}: the key came back and was wiped. Its PIN is void, and on no key any more.",
                name(record)
            ),
            "Whoever has the key now is found by its serial number: keyline keys identify",
        ));
    }
    if sealed_pins(ledger, record.job.id)? > 0 {
        return Ok(());
    }
    if state.pin_of().is_some() {
        return Err(Complaint::new(
            ExitCode::Refused,
            format!(
                "{}: the sealed PIN is no longer kept; its days are over.",
                name(record)
            ),
            "`[retention] sealed_pins_days` says how long sealed PINs are kept. An older copy of the ledger may still hold it.",
        ));
    }
    Err(nothing_set(record))
}

fn nothing_set(record: &JobRecord) -> Complaint {
    Complaint::new(
        ExitCode::Waiting,
        format!("{}: there is no PIN of ours on a key.", name(record)),
        "`keyline jobs show` tells how far the job is.",
    )
}

/// The PIN that is, or may be, on the key: the one of the attempt that set it; for a key that kept its PIN, the one that the
/// job file gave.
fn on_key(pins: &[RecoveredPin], state: &Enrollment) -> Option<usize> {
    match state.pin_of() {
        Some(attempt) => place(pins, PinKind::Set, attempt),
        None => place(pins, PinKind::Current, Attempt(0)),
    }
}

/// The PIN that is on the key if its change, which is in doubt, did not happen.
fn before<'a>(pins: &'a [RecoveredPin], state: &Enrollment) -> Option<&'a RecoveredPin> {
    let attempt = state.pin_before()?;
    pins.get(place(pins, PinKind::Set, attempt)?)
}

fn place(pins: &[RecoveredPin], kind: PinKind, attempt: Attempt) -> Option<usize> {
    pins.iter()
        .rposition(|pin| pin.kind == kind && pin.attempt == attempt)
}

/// Whoever opens PINs with the station's own ledger stands in its audit chain: by the running station, or by us where none runs.
fn note(config: &Config, record: &JobRecord, void: Option<&str>) -> Result<(), Complaint> {
    let asked = Ask::Keep {
        keeping: Keeping::Opening {
            job: record.job.id,
            void: void.map(str::to_owned),
        },
        actor: admin::actor(),
    };
    admin::put(config, &asked)
        .and_then(Answer::into_result)
        .map(drop)
        .map_err(words::not_noted)
}

/// The station whose own ledger was named as if it were a copy.
fn own_behind(config: &Path, copy: &Path) -> Option<Config> {
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

fn say_what_is_uncertain(record: &JobRecord, state: &Enrollment, pin: &RecoveredPin) {
    let in_doubt =
        state.intent().is_some() && matches!(state.current(), Some(Step::SetPin | Step::ChangePin));
    if state.pin_before().is_some() {
        ask::say(
            "It is not certain that the key took the new PIN: its change was cut off just then. If it did not, it has the old one.",
        );
    } else if in_doubt {
        ask::say("It is not certain that the key took this PIN: the job was cut off just then.");
    } else if pin.kind == PinKind::Current {
        ask::say("The key kept its PIN: this is the one that the job file gave.");
    } else if state.plan().configuration.force_pin_change && record.standing == Standing::Done {
        ask::say("The key demands a new PIN at its first use; after that this one is of no use.");
    }
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
