//! `keyline check`: a job file, a configuration, a policy, a layout or a letter, told apart by ending and content. Changes nothing.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use crate::adapter::folder::check_file;
use crate::adapter::paper::{Composer, Templates};
use crate::adapter::system::SystemClock;
use crate::app::runner::letter::specimen;
use crate::app::{Policies, intake};
use crate::domain::fault::Fault;
use crate::domain::job::column::nearest;
use crate::domain::job::reason::{Fate, tell};
use crate::domain::job::row::{BadRow, Code};
use crate::domain::job::sheet::JobFile;
use crate::domain::job::{Draft, Envelope, Job, JobId};
use crate::domain::mailer::SheetKind;
use crate::domain::policy::Policy;
use crate::face::report::specimen::unread;
use crate::face::say::news::{count, sentence};
use crate::face::say::{Complaint, ExitCode, clean};
use crate::face::terminal::Progress;
use crate::port::{Clock, Ledger};
use crate::wire::commands::{Ended, MEND_POLICY, cannot_write, said};
use crate::wire::config::{CONFIG_BYTES_MAX, Config, listed};
use crate::wire::{WireFault, policies, preflight, station, stationery, trials};

/// What a file is, so that the right questions are asked.
enum Kind {
    Configuration,
    Policy(String),
    Layout(String),
    Letter(SheetKind, String),
    JobFile,
}

/// Checks `file`; `config` is the station that a job file is for.
pub(super) fn check(config: &Path, file: &Path, out: &mut dyn Write) -> Ended {
    match kind(config, file) {
        Kind::Configuration => check_config(file, out),
        Kind::Policy(text) => check_policy(file, &text, out),
        Kind::Layout(text) => check_template(None, file, &text, out),
        Kind::Letter(kind, text) => check_template(Some(kind), file, &text, out),
        Kind::JobFile => check_job_file(config, file, out),
    }
}

fn kind(config: &Path, file: &Path) -> Kind {
    let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if place(file) == place(config) {
        return Kind::Configuration;
    }
    let Some(text) = toml_text(file) else {
        return Kind::JobFile;
    };
    let table = toml::from_str::<toml::Table>(&text).ok();
    let names = match &table {
        Some(table) => table.keys().map(String::as_str).collect(),
        None => names_in(&text),
    };
    let has = |name: &str| names.contains(name);
    let in_policies = file
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|name| name == "policies");
    // A configuration has a section `paper` as well.
    let paper = table.as_ref().and_then(|table| table.get("paper"));
    let sized = paper.is_some_and(|paper| paper.get("width").is_some());
    if has("job") {
        Kind::JobFile
    } else if has("boxes") || sized {
        Kind::Layout(text)
    } else if has("page") || (has("subject") && has("info")) {
        Kind::Letter(letter_kind(file, has), text)
    } else if has("entra") || has("ledger") || has("queue") {
        Kind::Configuration
    } else if in_policies || is_policy(&names) {
        Kind::Policy(text)
    } else {
        Kind::JobFile
    }
}

/// Whether a policy was meant: every setting in it may be mistyped.
fn is_policy(names: &BTreeSet<&str>) -> bool {
    let settings = Policy::settings();
    names
        .iter()
        .any(|name| nearest(&name.to_lowercase(), settings).is_some())
}

/// The names of sections and settings in a text that is no TOML, so that its mistake is told as that of what it was to be.
fn names_in(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            match line.strip_prefix('[') {
                Some(section) => section.trim_start_matches('[').split(']').next(),
                None => line.split_once('=').map(|(name, _)| name),
            }
        })
        .map(str::trim)
        .collect()
}

/// The sheet that a letter's words are for: its folder says so, or else the words that only one has.
fn letter_kind(file: &Path, has: impl Fn(&str) -> bool) -> SheetKind {
    let folder = file.parent().and_then(Path::file_name);
    let named = [SheetKind::Pin, SheetKind::Key, SheetKind::Receipt]
        .into_iter()
        .find(|kind| folder.is_some_and(|folder| folder == kind.word()));
    named.unwrap_or_else(|| {
        if has("signature") || has("statement") {
            SheetKind::Receipt
        } else if has("pin_label") || has("spelling") {
            SheetKind::Pin
        } else {
            SheetKind::Key
        }
    })
}

/// The text of a small TOML file. Looked at before it is opened: a pipe would wait for its writer, and a huge file is none of
/// ours.
fn toml_text(file: &Path) -> Option<String> {
    let ending = file.extension()?;
    let metadata = std::fs::metadata(file).ok()?;
    let fits = ending.eq_ignore_ascii_case("toml")
        && metadata.is_file()
        && metadata.len() <= CONFIG_BYTES_MAX;
    fits.then(|| std::fs::read_to_string(file).ok()).flatten()
}

fn check_policy(file: &Path, text: &str, out: &mut dyn Write) -> Ended {
    let policy = policies::parse(text).map_err(|what| {
        Complaint::new(
            ExitCode::Refused,
            format!("{}: {what}", file.display()),
            MEND_POLICY,
        )
    })?;
    let warning = policies::warning(&policy)
        .map_or_else(String::new, |warning| format!("warning: {warning}\n"));
    said(
        out,
        &format!("{}: the policy is right.\n{warning}", file.display()),
    )
}

fn check_template(kind: Option<SheetKind>, file: &Path, text: &str, out: &mut dyn Write) -> Ended {
    Templates::try_out(kind, file, text).map_err(|fault| {
        let Fault::Mailer { what } = fault else {
            return Complaint::from(&fault);
        };
        Complaint::new(
            ExitCode::Refused,
            format!("{}: {}", file.display(), sentence(&what)),
            "Mend the file, then check again. `[paper] templates` names the folder of your own profiles and letters.",
        )
    })?;
    let what = match kind {
        None => "the profile is".to_owned(),
        Some(kind) => format!("the words of a {} sheet are", kind.word()),
    };
    said(
        out,
        &format!(
            "{}: {what} right. Whether everything fits: `keyline mailer check`.\n",
            file.display()
        ),
    )
}

fn check_config(file: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(file).map_err(WireFault::from)?;
    let found = preflight::examine(&config);
    let warnings: String = found
        .warnings
        .iter()
        .map(|warning| format!("warning: {warning}\n"))
        .collect();
    let printer = found.printer.map_or_else(String::new, |printer| {
        format!("  printer     {}\n", clean(&printer))
    });
    if !found.objections.is_empty() || !found.policies.is_empty() {
        let (exit, hint) = if found.objections.is_empty() {
            (ExitCode::Refused, MEND_POLICY)
        } else {
            (
                ExitCode::Usage,
                "Mend what is named; nothing was changed. Then check again.",
            )
        };
        let all = [found.objections, found.policies].concat();
        let mut message = format!("{}: {}", file.display(), listed(&all));
        if !warnings.is_empty() {
            message.push_str(&format!("\n{}", warnings.trim_end()));
        }
        return Err(Complaint::new(exit, message, hint));
    }
    said(
        out,
        &format!(
            "{}: the configuration is right.\n  tenant      {} over {} ({})\n  policies    {}\n  recipients  {}\n  ledger      {}\n{}{printer}{warnings}",
            file.display(),
            config.entra.tenant,
            config.entra.graph,
            config.entra.api.path(),
            found.usable_policies.join(", "),
            config.ledger.recipients.len(),
            config.path(&config.ledger.file).display(),
            letters(&config)?
        ),
    )
}

/// The letters: their layout, their languages, and which of these nobody has read yet whose own they are.
fn letters(config: &Config) -> Result<String, WireFault> {
    let templates = stationery::templates(config)?;
    let all: Vec<&str> = templates.languages().collect();
    let mut sheets = Vec::new();
    for kind in [SheetKind::Pin, SheetKind::Key, SheetKind::Receipt] {
        for language in templates.languages_of(kind) {
            let reviewed = templates.is_reviewed(kind, language).unwrap_or_default();
            sheets.push((kind, language, reviewed));
        }
    }
    let unread = unread(sheets.into_iter());
    let unread = if unread.is_empty() {
        String::new()
    } else {
        format!("; not read by a native speaker yet: {}", unread.join(", "))
    };
    let fonts = match config.paper.fonts.len() {
        0 => String::new(),
        number => format!(", {} of your own", count(number, "font")),
    };
    Ok(format!(
        "  letters     profile {}{fonts}; {}{unread}\n",
        config.paper.profile,
        all.join(", ")
    ))
}

fn check_job_file(config: &Path, file: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(config).map_err(WireFault::from)?;
    let policies = policies::load(&config).map_err(WireFault::from)?;
    let templates = stationery::templates(&config)?;
    let languages = templates.languages().map(str::to_owned).collect();
    let rules = intake::rules(&policies, languages);
    let name = file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (unit, rows, bad) = match check_file(file, &rules) {
        Ok(parsed) => {
            let (unit, rows) = (parsed.unit, parsed.drafts.len());
            let ledger = station::read_ledger(&config)?;
            let composer = stationery::composer(&config, templates)?;
            let mut progress = Progress::begin("setting letters");
            let mut step = |done, total| progress.step(done, total);
            let station = (&config, &policies, &composer);
            let bad = objections(station, parsed, &ledger, &mut step)?;
            (unit, rows, bad)
        }
        Err(unusable) => (unusable.unit, 0, unusable.reasons),
    };
    if bad.is_empty() {
        let verdict = if rows == 1 { "it is" } else { "all of them" };
        return said(
            out,
            &format!(
                "{}: {}, {verdict} right.\n",
                file.display(),
                count(rows, "row")
            ),
        );
    }
    out.write_all(tell(&name, unit, Fate::Checked, &bad).as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(ExitCode::Refused)
}

/// What is wrong with rows, and which of the others have letters that cannot be made: their jobs would be held. `step` hears
/// how many of how many letters were tried.
///
/// # Errors
/// When the ledger or a policy cannot be read.
pub(in crate::wire) fn objections(
    (config, policies, composer): (&Config, &Policies, &Composer),
    file: JobFile,
    ledger: &dyn Ledger,
    step: &mut dyn FnMut(u64, u64),
) -> Result<Vec<BadRow>, Fault> {
    let batch = file.batch.clone();
    let (control, today) = (trials::no_number()?, SystemClock.today());
    let total = u64::try_from(file.drafts.len()).unwrap_or(u64::MAX);
    let mut tried = |sequence: u32, draft: Draft| {
        step(sequence.into(), total);
        let job = Job {
            id: JobId(0),
            batch: batch.clone(),
            sequence,
            envelope: Envelope(0),
            has_specified_pin: draft.pin.is_some(),
            has_current_pin: draft.current_pin.is_some(),
            request: draft.request,
        };
        let letter = specimen(policies, &job, draft.pin, control, today)?;
        match letter.map_or(Ok(()), |letter| composer.check(&letter)) {
            Ok(()) => Ok(None),
            Err(Fault::Mailer { what }) => Ok(Some(BadRow::at(
                draft.line,
                None,
                Code::Letter,
                format!("The letter cannot be made: {}", sentence(&what)),
                "The station would take this row and hold its job. Mend the row, its policy, or [paper] in the configuration.",
            ))),
            Err(fault) => Err(fault),
        }
    };
    intake::objections(file, policies, config.habits(), ledger, &mut tried)
}
