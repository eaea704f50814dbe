//! `keyline printers`: asks the station's printer and this computer's print server, or the one that was named. Prints nothing on
//! paper, changes nothing.

use std::io::Write;
use std::path::Path;

use crate::adapter::paper::PrinterOptions;
use crate::adapter::paper::printer::{LOCAL_SERVER, describe, objection, queues};
use crate::domain::fault::Fault;
use crate::domain::paper::printer::PrinterDescription;
use crate::face::cli::Printers;
use crate::face::report;
use crate::face::say::news::sentence;
use crate::face::say::printers::complaint;
use crate::face::say::{Complaint, ExitCode, clean::clean};
use crate::wire::commands::Ended;
use crate::wire::config::Config;
use crate::wire::{WireFault, printer};

pub(super) fn printers(path: &Path, wish: &Printers, out: &mut dyn Write) -> Ended {
    let chosen = chosen(path)?;
    if let Some(uri) = &wish.uri {
        if let Some(why) = objection(uri) {
            return Err(Complaint::usage(
                sentence(&clean(&why)),
                "Write ipp://HOST/PATH or ipps://HOST/PATH for a printer, ipp://HOST/ for a print server.",
            ));
        }
        let found = named(uri, chosen.as_ref()).map_err(|fault| complaint(&fault))?;
        report::printers(&found, &[], wish.json, out)?;
        return Ok(ExitCode::Done);
    }
    let mut found = Vec::new();
    let mut failed = Vec::new();
    if let Some(options) = &chosen {
        match describe(options, true) {
            Ok(description) => found.push(description),
            Err(fault) => failed.push((options.uri.clone(), fault)),
        }
    }
    match queues(&PrinterOptions::of(LOCAL_SERVER), chosen.as_ref()) {
        Ok(queues) => found.extend(queues.into_iter().filter(|queue| !queue.configured)),
        // Most computers have no print server, and need none.
        Err(Fault::PrinterAway { .. }) => {}
        Err(fault) => failed.push((LOCAL_SERVER.to_owned(), fault)),
    }
    report::printers(&found, &failed, wish.json, out)?;
    Ok(if failed.is_empty() {
        ExitCode::Done
    } else {
        ExitCode::Courier
    })
}

/// The station's printer, where there is a station here and it has one.
fn chosen(path: &Path) -> Result<Option<PrinterOptions>, WireFault> {
    if !path.exists() {
        return Ok(None);
    }
    let config = Config::load(path)?;
    printer::options_of(&config)
}

/// The printer at `uri`, or all of the print server there. What the configuration says of the same printer counts.
fn named(uri: &str, chosen: Option<&PrinterOptions>) -> Result<Vec<PrinterDescription>, Fault> {
    let ours = chosen.filter(|options| options.uri == uri);
    let options = ours.cloned().unwrap_or_else(|| PrinterOptions::of(uri));
    if options.is_server() {
        queues(&options, chosen)
    } else {
        Ok(vec![describe(&options, ours.is_some())?])
    }
}
