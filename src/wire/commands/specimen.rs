//! `keyline mailer preview`, `calibrate` and `check`: sheets that nobody is to trust. No ledger is opened, no printer is asked;
//! without a configuration it is the shipped templates that are shown.

mod trials;

use std::io::{IsTerminal as _, Write};
use std::path::Path;

use crate::adapter::paper::{Composer, Templates};
use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::job::column::nearest;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{ControlNumber, Destination, Mailer, SheetKind};
use crate::domain::pin::Pin;
use crate::face::cli::{CONFIG_DEFAULT, Kind};
use crate::face::report::specimen as told;
use crate::face::say::clean::clean;
use crate::face::say::{Complaint, ExitCode, news};
use crate::port::Clock;
use crate::wire::commands::{Ended, admin, cannot_write};
use crate::wire::config::Config;
use crate::wire::outfile::Unnamed;
use crate::wire::{WireFault, stationery};

/// Eight digits in a row: the rules for PINs never let it be drawn.
const SPECIMEN_PIN: &str = "12345678";
/// On a specimen and in its code, where a batch would be.
const SPECIMEN: &str = "SPECIMEN";
/// stdout.
const STDOUT: &str = "-";

/// What `keyline mailer preview` was asked for.
pub(super) struct Wish<'a> {
    pub(super) profile: &'a str,
    pub(super) language: Option<&'a str>,
    pub(super) kind: Kind,
    pub(super) name: &'a str,
}

/// Where a PDF goes.
pub(super) struct Output<'a> {
    pub(super) path: &'a Path,
    pub(super) force: bool,
}

pub(super) fn preview(
    config: &Path,
    wish: &Wish<'_>,
    output: &Output<'_>,
    out: &mut dyn Write,
) -> Ended {
    let desk = Desk::at(config)?;
    let kind = sheet_kind(wish.kind);
    let templates = desk.templates()?;
    let language = desk.language(&templates, kind, wish.language)?;
    let composer = desk.composer(templates, wish.profile)?;
    let mailer = specimen(language, wish.name.to_owned())?;
    let pdf = composer
        .specimen(kind, &mailer)
        .map_err(|fault| unsettable(&fault))?;
    put(output, &pdf, out)
}

pub(super) fn calibrate(
    config: &Path,
    profile: &str,
    output: &Output<'_>,
    out: &mut dyn Write,
) -> Ended {
    let desk = Desk::at(config)?;
    let composer = desk.composer(desk.templates()?, profile)?;
    let pdf = composer.calibration(SystemClock.today())?;
    put(output, &pdf, out)
}

pub(super) fn check(config: &Path, json: bool, out: &mut dyn Write) -> Ended {
    let desk = Desk::at(config)?;
    let found = trials::all(&desk)?;
    told::trials(&found, json, out)?;
    Ok(if found.iter().any(told::Trial::fails) {
        ExitCode::Courier
    } else {
        ExitCode::Done
    })
}

/// A configuration, or what is shipped where there is none.
struct Desk(Option<Config>);

impl Desk {
    fn at(path: &Path) -> Result<Self, Complaint> {
        let none = path == Path::new(CONFIG_DEFAULT) && !path.exists();
        Ok(Self(if none { None } else { Some(admin::load(path)?) }))
    }

    fn templates(&self) -> Result<Templates, WireFault> {
        match &self.0 {
            Some(config) => stationery::templates(config),
            None => Ok(Templates::shipped()?),
        }
    }

    /// What makes sheets of `profile`, which has to be there.
    fn composer(&self, templates: Templates, profile: &str) -> Result<Composer, Complaint> {
        let known: Vec<&str> = templates.profiles().map(|(name, _)| name).collect();
        if !known.contains(&profile) {
            return Err(unknown("profile", profile, &known));
        }
        Ok(match &self.0 {
            Some(config) => stationery::composer_for(config, templates, profile)?,
            None => stationery::shipped_composer(profile)?,
        })
    }

    /// The language that was asked for, or the configuration's.
    fn language(
        &self,
        templates: &Templates,
        kind: SheetKind,
        asked: Option<&str>,
    ) -> Result<String, Complaint> {
        let configured = self
            .0
            .as_ref()
            .map(|config| config.letters.language.as_str());
        let language = asked.or(configured).unwrap_or("en").to_lowercase();
        let known: Vec<&str> = templates.languages_of(kind).collect();
        if known.contains(&language.as_str()) {
            Ok(language)
        } else {
            Err(unknown("language", &language, &known))
        }
    }
}

fn unknown(what: &str, word: &str, known: &[&str]) -> Complaint {
    let meant = nearest(&word.to_lowercase(), known.iter().copied());
    let hint = meant.map_or_else(String::new, |meant| {
        format!("Did you mean `{}`? ", clean(meant))
    });
    Complaint::usage(
        format!("There is no {what} `{}`.", clean(word)),
        format!("{hint}There are {}.", clean(&known.join(", "))),
    )
}

const fn sheet_kind(kind: Kind) -> SheetKind {
    match kind {
        Kind::Pin => SheetKind::Pin,
        Kind::Key => SheetKind::Key,
        Kind::Receipt => SheetKind::Receipt,
        Kind::Label => SheetKind::Label,
    }
}

/// A letter of nobody's.
fn specimen(language: String, recipient: String) -> Result<Mailer, Complaint> {
    Ok(Mailer {
        language,
        recipient,
        department: None,
        destination: Destination::Postal(vec![
            "12 Example Street".to_owned(),
            "Example Town".to_owned(),
        ]),
        key_model: "Security Key NFC".to_owned(),
        serial_ending: Some("0000".to_owned()),
        envelope: Envelope(0),
        batch: BatchName(SPECIMEN.to_owned()),
        sequence: 1,
        control: no_number()?,
        date: SystemClock.today(),
        force_pin_change: false,
        pin: pin(SPECIMEN_PIN)?,
    })
}

/// A control number that belongs to no sheet of any ledger, with its check digits.
fn no_number() -> Result<ControlNumber, Fault> {
    ControlNumber::draw([0; 8]).ok_or_else(|| Fault::Internal {
        what: "zero is no control number".to_owned(),
    })
}

fn pin(text: &str) -> Result<Pin, Fault> {
    Pin::new(text).map_err(|unfit| Fault::Internal {
        what: unfit.to_string(),
    })
}

/// A specimen that cannot be set: no job is concerned.
fn unsettable(fault: &Fault) -> Complaint {
    let Fault::Mailer { what } = fault else {
        return Complaint::from(fault);
    };
    Complaint::new(
        ExitCode::Courier,
        format!("The specimen could not be made: {}", news::sentence(what)),
        "Nothing was written. `keyline mailer check` tells which layouts take which sheets and languages.",
    )
}

fn put(output: &Output<'_>, pdf: &[u8], out: &mut dyn Write) -> Ended {
    let path = output.path;
    if path == Path::new(STDOUT) {
        if std::io::stdout().is_terminal() {
            return Err(Complaint::usage(
                "A PDF is not for a terminal.",
                "Send it on, such as `… -o - | lp`, or name a file.",
            ));
        }
        out.write_all(pdf)
            .and_then(|()| out.flush())
            .map_err(|error| cannot_write(&error))?;
        return Ok(ExitCode::Done);
    }
    if path.is_dir() {
        return Err(Complaint::usage(
            format!("{} is a folder.", path.display()),
            "Name a file in it.",
        ));
    }
    if std::fs::symlink_metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(Complaint::usage(
            format!("{} is there already and is no file.", path.display()),
            "Name another file; nothing else is written over. With `-o -` the PDF goes to stdout.",
        ));
    }
    let named = Unnamed::write(path, pdf).and_then(|whole| whole.name(output.force));
    named.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return Complaint::usage(
                format!("{} is there already.", path.display()),
                "Name another file, or add --force to write over it.",
            );
        }
        Complaint::new(
            ExitCode::Journal,
            format!("{} was not written: {error}.", path.display()),
            "Look at the folder, its owner and mode, and the room on its disk. Nothing was left behind.",
        )
    })?;
    Ok(ExitCode::Done)
}
