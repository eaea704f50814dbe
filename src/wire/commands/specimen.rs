//! `keyline mailer preview`, `calibrate` and `check`: sheets that nobody is to trust. No ledger is opened, no printer is asked;
//! without a configuration it is the shipped templates that are shown.

use std::io::{IsTerminal as _, Write};
use std::path::Path;

use crate::adapter::paper::{Composer, Templates};
use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::job::column::nearest;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{Destination, Mailer, SheetKind};
use crate::face::cli::{CONFIG_DEFAULT, Kind};
use crate::face::report::specimen as told;
use crate::face::say::clean::clean;
use crate::face::say::{Complaint, ExitCode, news};
use crate::face::terminal::Progress;
use crate::port::Clock;
use crate::wire::commands::{Ended, admin, cannot_write};
use crate::wire::config::Config;
use crate::wire::outfile::Unnamed;
use crate::wire::trials::{Bench, Sample, no_number, pin};
use crate::wire::{WireFault, policies, stationery};

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
    /// `None`: the first that the profile is for.
    pub(super) kind: Option<Kind>,
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
    let templates = desk.templates()?;
    let kind = wish
        .kind
        .map_or_else(|| first_kind(&templates, wish.profile), sheet_kind);
    lays_out(&templates, wish.profile, kind)?;
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
    let found = all(&desk)?;
    told::trials(&found, json, out)?;
    Ok(if found.iter().any(told::Trial::fails) {
        ExitCode::Courier
    } else {
        ExitCode::Done
    })
}

/// Every sheet of every profile in every language.
fn all(desk: &Desk) -> Result<Vec<told::Trial>, Complaint> {
    let templates = desk.templates()?;
    let profiles: Vec<(String, Vec<SheetKind>)> = templates
        .profiles()
        .map(|(name, kinds)| (name.to_owned(), kinds.to_vec()))
        .collect();
    let mut progress = Progress::begin("setting sheets");
    let total = u64::try_from(profiles.len()).unwrap_or(u64::MAX);
    let mut found = Vec::new();
    for (done, (profile, kinds)) in (0_u64..).zip(profiles) {
        progress.step(done, total);
        let composer = desk.composer(desk.templates()?, &profile)?;
        let bench = Bench {
            composer: &composer,
            templates: &templates,
            profile: &profile,
            pins: desk.pins(&profile)?,
            whole: true,
        };
        for kind in kinds {
            for language in templates.languages_of(kind) {
                found.extend(bench.tried(kind, language)?);
            }
        }
    }
    Ok(found)
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

    /// Eight digits; for the station's own layout also what its policies draw.
    fn pins(&self, profile: &str) -> Result<Vec<Sample>, Complaint> {
        let mut pins = vec![Sample::usual()];
        let own = self.0.as_ref().filter(|own| own.paper.profile == profile);
        if let Some(config) = own {
            let policies = policies::load(config).map_err(WireFault::from)?;
            pins.extend(Sample::drawn(&policies));
        }
        Ok(pins)
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
            return Ok(language);
        }
        let has = |kind: &SheetKind| templates.languages_of(*kind).any(|known| known == language);
        let others = [SheetKind::Pin, SheetKind::Key, SheetKind::Receipt];
        let others: Vec<&str> = others
            .iter()
            .filter(|kind| has(kind))
            .map(|kind| kind.word())
            .collect();
        if others.is_empty() {
            return Err(unknown("language", &language, &known));
        }
        // A label has the words of the key's letter.
        let folder = match kind {
            SheetKind::Pin | SheetKind::Key | SheetKind::Receipt => kind,
            SheetKind::Label => SheetKind::Key,
        };
        Err(Complaint::usage(
            format!(
                "The language `{}` has words for {} alone, none for {}.",
                clean(&language),
                others.join(" and "),
                kind.word()
            ),
            format!(
                "Write letters/{}/{}.toml in the folder that `[paper] templates` names, or take one of {}.",
                folder.word(),
                clean(&language),
                clean(&known.join(", "))
            ),
        ))
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

/// Of a profile that does not exist it is told later.
fn first_kind(templates: &Templates, profile: &str) -> SheetKind {
    let mut profiles = templates.profiles();
    let own = profiles.find(|(name, _)| *name == profile);
    let first = own.and_then(|(_, kinds)| kinds.first());
    first.copied().unwrap_or(SheetKind::Pin)
}

/// A specimen shows the profile that was named, and no other in its stead. Of one that does not exist it is told later.
fn lays_out(templates: &Templates, profile: &str, kind: SheetKind) -> Result<(), Complaint> {
    let own = templates.profiles().find(|(name, _)| *name == profile);
    let Some((_, kinds)) = own.filter(|(_, kinds)| !kinds.contains(&kind)) else {
        return Ok(());
    };
    let words = |kinds: &[SheetKind]| kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>();
    let serve: Vec<&str> = templates
        .profiles()
        .filter(|(_, kinds)| kinds.contains(&kind))
        .map(|(name, _)| name)
        .collect();
    Err(Complaint::usage(
        format!(
            "The profile `{}` lays out no {} sheet; it lays out {}.",
            clean(profile),
            kind.word(),
            words(kinds).join(", ")
        ),
        format!(
            "Take one of those kinds, or a profile that lays out {} sheets: {}.",
            kind.word(),
            clean(&serve.join(", "))
        ),
    ))
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

/// A specimen that cannot be set: no job is concerned.
fn unsettable(fault: &Fault) -> Complaint {
    let Fault::Mailer { what } = fault else {
        return Complaint::from(fault);
    };
    Complaint::new(
        ExitCode::Courier,
        format!("The specimen could not be made: {}", news::sentence(what)),
        "Nothing was written. Give another --name, --lang or --kind; `keyline mailer check` tells which profiles take which sheets and languages.",
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
