//! Printers in words: how they stand, and what about them should be changed before letters are printed there.

use crate::domain::fault::Fault;
use crate::domain::paper::printer::{Activity, Concern, PrinterDescription};
use crate::face::say::news::sentence;
use crate::face::say::{Complaint, ExitCode, clean::clean, fault};

/// `printer-state`, and why.
pub fn state(printer: &PrinterDescription) -> String {
    let activity = match printer.activity {
        Activity::Idle => "idle",
        Activity::Processing => "printing",
        Activity::Stopped => "stopped",
        Activity::Unclear => "it does not say",
    };
    let mut words = vec![activity.to_owned()];
    words.extend(printer.reasons.iter().map(|reason| self::reason(reason)));
    if !printer.accepts_jobs {
        words.push("takes no jobs".to_owned());
    }
    words.join(", ")
}

/// A reason of the standard's, without its weight and its hyphens.
fn reason(reason: &str) -> String {
    let bare = ["-error", "-warning", "-report"]
        .into_iter()
        .find_map(|weight| reason.strip_suffix(weight))
        .unwrap_or(reason);
    match bare {
        "media-empty" | "media-needed" => "out of paper".to_owned(),
        "media-low" => "little paper left".to_owned(),
        "media-jam" => "paper jam".to_owned(),
        "cover-open" | "door-open" | "interlock-open" => "cover open".to_owned(),
        "toner-empty" | "marker-supply-empty" => "out of toner or ink".to_owned(),
        "toner-low" | "marker-supply-low" => "little toner or ink left".to_owned(),
        "output-area-full" => "output tray full".to_owned(),
        "input-tray-missing" => "a paper tray is missing".to_owned(),
        "paused" => "paused".to_owned(),
        other => clean(&other.replace('-', " ")),
    }
}

/// "yes", "no", or that nobody knows.
pub const fn yes(answer: Option<bool>) -> &'static str {
    match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => "it does not say",
    }
}

/// What should be changed, and the line to change.
pub fn concern(concern: &Concern) -> String {
    match concern {
        Concern::NotLoaded { media, tray, ready } => {
            let place = tray.as_ref().map_or_else(
                || "the printer".to_owned(),
                |tray| format!("its tray {}", clean(tray)),
            );
            format!(
                "the paper {} does not lie in {place}, which has {}: put it in and tell the printer so, or it stops at the first letter; if other paper is right, set `media` in [paper], and `profile` with it",
                clean(media),
                clean(&ready.join(", "))
            )
        }
        Concern::PrintsAgain { queue, policy } => format!(
            "the print server prints a letter that failed again ({}): `lpadmin -p {} -o printer-error-policy=abort-job`",
            clean(policy),
            clean(queue)
        ),
        Concern::KeepsFiles { setting } => format!(
            "the print server keeps each letter, with its PIN, after it is printed ({}): write `PreserveJobFiles No` into its cupsd.conf",
            clean(setting)
        ),
        Concern::ForgetsJobs { setting } => format!(
            "the print server forgets what it printed before the station can ask ({}): write `PreserveJobHistory Yes` into its cupsd.conf",
            clean(setting)
        ),
        Concern::FewJobs { jobs_max } => format!(
            "the print server has room for {jobs_max} jobs, and those of others may crowd letters out: write `MaxJobs 500` into its cupsd.conf"
        ),
        Concern::Unread { what } => format!(
            "whether the print server keeps letters with their PINs is not known ({}): its cupsd.conf must say `PreserveJobFiles No`",
            clean(what)
        ),
        Concern::Unencrypted { host } => format!(
            "letters go to {} in clear: write ipps:// if the printer can, or connect it to this computer",
            clean(host)
        ),
        Concern::MayScale => {
            "the printer does not say whether it prints to scale: print `keyline mailer calibrate` and measure it".to_owned()
        }
    }
}

/// Why a printer says nothing, for a list.
pub fn silent(fault: &Fault) -> String {
    if let Fault::PrinterAway { what } | Fault::Mailer { what } = fault {
        sentence(what)
    } else {
        fault::message(fault)
    }
}

/// Why nothing can be said of a printer that somebody named.
pub fn complaint(fault: &Fault) -> Complaint {
    if let Fault::Mailer { what } = fault {
        Complaint::new(
            ExitCode::Courier,
            sentence(what),
            "A printer is ipp://HOST/PATH or ipps://HOST/PATH, a print server ipp://HOST/. Its web page or its menu shows the path; often it is /ipp/print.",
        )
    } else if let Fault::PrinterAway { .. } = fault {
        // It need not be the station's, so of letters nothing is said.
        Complaint {
            hint: "Look whether it is switched on and connected, and whether host, port and path are right.".to_owned(),
            ..Complaint::from(fault)
        }
    } else {
        Complaint::from(fault.clone())
    }
}

/// That nothing was found and nothing is wrong.
pub const NONE: &str = "There is no print server on this computer, and the configuration names no printer: letters become files.";
