//! What a printer says of itself (RFC 8011 §5.4), whether a letter could go there, and what an administrator should change first.
//! Asks; changes nothing.

use super::PrinterOptions;
use super::answer::{Answer, Group, Verdict, refusal};
use super::channel::{Channel, Lost};
use super::loaded::not_loaded;
use super::place::is_same;
use super::request::{Request, Wish, dimensions};
use super::server::concerns_of_server;
use super::state::{activity, is_only_hungry, reasons, waits_for};
use crate::domain::fault::Fault;
use crate::domain::paper::printer::{Activity, Concern, PrinterDescription};

/// What is asked.
pub(super) const ATTRIBUTES: [&str; 28] = [
    "color-supported",
    "copies-supported",
    "cups-version",
    "device-uri",
    "document-format-supported",
    "job-cancel-after-supported",
    "job-sheets-supported",
    "media-col-ready",
    "media-default",
    "media-ready",
    "media-source-supported",
    "media-supported",
    "number-up-supported",
    "operations-supported",
    "print-color-mode-supported",
    "print-scaling-supported",
    "printer-error-policy",
    "printer-info",
    "printer-is-accepting-jobs",
    "printer-make-and-model",
    "printer-name",
    "printer-state",
    "printer-state-reasons",
    "printer-type",
    "printer-uri-supported",
    "printer-uuid",
    "queued-job-count",
    "sides-supported",
];

/// Every operation that a sheet's way needs. All are REQUIRED of a printer (RFC 8011 §5.4.15), yet not all have them.
const OPERATIONS: [(i32, &str); 4] = [
    (0x0002, "Print-Job"),
    (0x0004, "Validate-Job"),
    (0x0009, "Get-Job-Attributes"),
    (0x000A, "Get-Jobs"),
];

/// The document format of letters.
const PDF: &str = "application/pdf";

/// A printer's answer about itself.
pub(super) struct About(Answer);

impl About {
    /// Asks it.
    ///
    /// # Errors
    /// [`Fault::PrinterAway`] when it does not answer now, [`Fault::Mailer`] when it will not.
    pub(super) fn ask(channel: &Channel) -> Result<Self, Fault> {
        let answer = channel
            .ask(Request::printer(channel, &ATTRIBUTES))
            .map_err(Lost::into_fault)?;
        match answer.verdict() {
            Verdict::Done if answer.printers().next().is_some() => Ok(Self(answer)),
            Verdict::Done => Err(Fault::Mailer {
                what: format!("{} says nothing of itself: it is no printer", channel.uri),
            }),
            Verdict::Later | Verdict::Never | Verdict::Gone | Verdict::Unclear => {
                Err(refusal(&channel.uri, &answer))
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.printers().any(|printer| printer.has(name))
    }

    /// Why it stands still, if somebody can mend that.
    pub(super) fn waits_for(&self) -> Option<String> {
        self.0
            .printers()
            .find_map(|printer| waits_for(&reasons(printer)))
    }

    /// How a letter has to be asked for here.
    pub(super) fn wish<'a>(&self, options: &'a PrinterOptions, name: &'a str) -> Wish<'a> {
        Wish {
            name,
            media: &options.media,
            tray: options.tray.as_deref(),
            sides: &options.sides,
            no_banner: self.has("job-sheets-supported"),
            one_up: self.has("number-up-supported"),
            no_deadline: self.has("job-cancel-after-supported"),
        }
    }

    /// Whether a letter could be handed over now.
    ///
    /// # Errors
    /// [`Fault::Mailer`] for what somebody has to change, [`Fault::PrinterAway`] for what passes.
    pub(super) fn can_take(
        &self,
        channel: &Channel,
        options: &PrinterOptions,
    ) -> Result<(), Fault> {
        let Some(printer) = self.0.printers().next() else {
            return Ok(());
        };
        suits(printer, channel, options)?;
        let away = |what: String| Err(Fault::PrinterAway { what });
        let name = &channel.uri;
        let reasons = reasons(printer);
        if activity(printer) == Activity::Stopped && !is_only_hungry(&reasons) {
            let why = waits_for(&reasons).map_or_else(
                || "start it again".to_owned(),
                |wanted| format!("it waits for {wanted}"),
            );
            return away(format!("{name} is stopped: {why}"));
        }
        if printer.flag("printer-is-accepting-jobs") == Some(false) {
            return away(format!(
                "{name} takes no jobs just now (CUPS: `cupsaccept`)"
            ));
        }
        Ok(())
    }
}

/// Whether the printer can do what letters need at all.
fn suits(printer: Group<'_>, channel: &Channel, options: &PrinterOptions) -> Result<(), Fault> {
    let name = &channel.uri;
    let unfit = |what: String| Err(Fault::Mailer { what });
    let operations = printer.numbers("operations-supported");
    if let Some((_, lacking)) = OPERATIONS
        .iter()
        .find(|(number, _)| !operations.is_empty() && !operations.contains(number))
    {
        return unfit(format!(
            "{name} does not know {lacking}, without which nobody can tell what became of a sheet: print through a print server"
        ));
    }
    // Whoever names no choices is asked by Validate-Job.
    let refuses = |attribute: &str, wanted: &str| {
        let known = printer.texts(attribute);
        (!known.is_empty() && !known.contains(&wanted)).then(|| known.join(", "))
    };
    if let Some(formats) = refuses("document-format-supported", PDF) {
        return unfit(format!(
            "{name} does not take PDF (it takes {formats}): print through a print server that turns PDF into one of these"
        ));
    }
    if dimensions(&options.media).is_none() {
        return unfit(format!(
            "`{}` is no size of paper: `media` in [paper] is written as in iso_a4_210x297mm",
            options.media
        ));
    }
    if let Some(media) = refuses("media-supported", &options.media) {
        return unfit(format!(
            "{name} does not know the paper {}: set `media` in [paper] to one of {media}",
            options.media
        ));
    }
    if let Some(sides) = refuses("sides-supported", &options.sides) {
        return unfit(format!(
            "{name} cannot print {}: set `sides` in [paper] to one of {sides}",
            options.sides
        ));
    }
    if let Some(tray) = &options.tray
        && let Some(trays) = refuses("media-source-supported", tray)
    {
        return unfit(format!(
            "{name} has no tray {tray}: set `tray` in [paper] to one of {trays}"
        ));
    }
    Ok(())
}

/// The printer of `channel`, in full. `ours`: it is the one that the configuration names, and how letters are printed there.
///
/// # Errors
/// As [`About::ask`].
pub(super) fn describe(
    channel: &Channel,
    ours: Option<&PrinterOptions>,
) -> Result<PrinterDescription, Fault> {
    let about = About::ask(channel)?;
    let Some(printer) = about.0.printers().next() else {
        return Err(Fault::Mailer {
            what: format!("{} says nothing of itself", channel.uri),
        });
    };
    let uri = channel.uri.clone();
    Ok(description(printer, channel, uri, ours))
}

/// All queues of the print server at `channel` (CUPS). `chosen` is the printer that the configuration names.
///
/// # Errors
/// As [`About::ask`]; [`Fault::Mailer`] when it is no print server.
pub(super) fn queues(
    channel: &Channel,
    chosen: Option<&PrinterOptions>,
) -> Result<Vec<PrinterDescription>, Fault> {
    let answer = channel
        .ask(Request::queues(channel, &ATTRIBUTES))
        .map_err(Lost::into_fault)?;
    match answer.verdict() {
        // CUPS without a queue says "not found".
        Verdict::Done | Verdict::Gone => {}
        Verdict::Never => {
            return Err(Fault::Mailer {
                what: format!(
                    "{} lists no printers: it is no print server. Name the printer itself, such as {}ipp/print",
                    channel.uri, channel.uri
                ),
            });
        }
        Verdict::Later | Verdict::Unclear => return Err(refusal(&channel.uri, &answer)),
    }
    let base = channel.uri.trim_end_matches('/');
    Ok(answer
        .printers()
        .filter_map(|printer| {
            let name = printer.text("printer-name")?;
            let uri = format!("{base}/printers/{name}");
            let ours = chosen.filter(|chosen| is_same(&chosen.uri, &uri));
            Some(description(printer, channel, uri, ours))
        })
        .collect())
}

fn description(
    printer: Group<'_>,
    channel: &Channel,
    uri: String,
    ours: Option<&PrinterOptions>,
) -> PrinterDescription {
    let texts = |name: &str| -> Vec<String> {
        printer.texts(name).into_iter().map(str::to_owned).collect()
    };
    let text = |name: &str| {
        printer
            .text(name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let name = text("printer-name")
        .or_else(|| text("printer-info"))
        .unwrap_or_else(|| uri.clone());
    let sides = printer.texts("sides-supported");
    let colour = printer.flag("color-supported").or_else(|| {
        let modes = printer.texts("print-color-mode-supported");
        (!modes.is_empty()).then(|| modes.contains(&"color"))
    });
    PrinterDescription {
        concerns: concerns(printer, channel, &name, ours),
        name,
        uri,
        make_and_model: text("printer-make-and-model"),
        configured: ours.is_some(),
        activity: activity(printer),
        reasons: reasons(printer).into_iter().map(str::to_owned).collect(),
        accepts_jobs: printer.flag("printer-is-accepting-jobs").unwrap_or(true),
        takes_pdf: printer.texts("document-format-supported").contains(&PDF),
        media_default: text("media-default"),
        media_ready: texts("media-ready"),
        media_count: printer.texts("media-supported").len(),
        trays: texts("media-source-supported"),
        colour,
        duplex: (!sides.is_empty()).then(|| sides.iter().any(|sides| sides.starts_with("two-"))),
        error_policy: text("printer-error-policy"),
    }
}

/// What should be changed before letters are printed there.
fn concerns(
    printer: Group<'_>,
    channel: &Channel,
    name: &str,
    ours: Option<&PrinterOptions>,
) -> Vec<Concern> {
    let mut concerns: Vec<Concern> = ours
        .and_then(|options| not_loaded(printer, options))
        .into_iter()
        .collect();
    let local = is_loopback(&channel.host);
    if !channel.encrypted && !local {
        concerns.push(Concern::Unencrypted {
            host: channel.host.clone(),
        });
    }
    if let Some(policy) = printer.text("printer-error-policy")
        && policy != "abort-job"
    {
        concerns.push(Concern::PrintsAgain {
            queue: name.to_owned(),
            policy: policy.to_owned(),
        });
    }
    if printer.has("cups-version") || printer.has("printer-error-policy") {
        concerns.extend(concerns_of_server(local));
    } else if !printer.has("print-scaling-supported") {
        concerns.push(Concern::MayScale);
    }
    concerns
}

/// Whether what is sent to this host stays on this computer.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
