//! The printer that `[paper]` names, as a press, and what `keyline check` and `keyline printers` ask it. Reads its password where the
//! configuration says, and nowhere else.

use std::sync::Arc;

use crate::adapter::paper::printer::{Password, describe};
use crate::adapter::paper::{Composer, FolderPress, PrinterOptions, PrinterPress};
use crate::app::board::{Board, News};
use crate::domain::fault::Fault;
use crate::domain::paper::printer::{Concern, PrinterDescription};
use crate::face::say;
use crate::port::Press;
use crate::wire::WireFault;
use crate::wire::config::{Config, ConfigFault, Remedy, Spool};

/// How the configured printer prints letters; `None`: letters become files.
///
/// # Errors
/// In words, when its password cannot be read here.
pub(super) fn options(config: &Config) -> Result<Option<PrinterOptions>, String> {
    let paper = &config.paper;
    let Some(uri) = paper.printer.uri() else {
        return Ok(None);
    };
    let password = match &paper.password {
        Some(source) => Some(Password::new(source.reveal_as("printer's password")?)),
        None => None,
    };
    let ca_file = (!paper.ca_file.as_os_str().is_empty()).then(|| config.path(&paper.ca_file));
    Ok(Some(PrinterOptions {
        uri: uri.to_string(),
        user: (!paper.user.is_empty()).then(|| paper.user.clone()),
        password,
        ca_file,
        media: paper.media.keyword().to_owned(),
        tray: paper.tray.name().map(str::to_owned),
        sides: paper.sides.keyword().to_owned(),
        spool: match &paper.spool {
            Spool::None => None,
            Spool::Folder(folder) => Some(config.path(folder)),
        },
    }))
}

/// As [`options`], with the fault as the configuration's.
///
/// # Errors
/// When the password cannot be read here.
pub(super) fn options_of(config: &Config) -> Result<Option<PrinterOptions>, WireFault> {
    options(config).map_err(|what| wrong(config, format!("[paper] {what}"), Remedy::Mend))
}

fn wrong(config: &Config, what: String, remedy: Remedy) -> WireFault {
    WireFault::Config(ConfigFault {
        file: config.file.display().to_string(),
        what,
        remedy,
    })
}

/// Where letters go: to the printer, or into the folder. No job is concerned yet, so what is wrong is the configuration's matter.
///
/// # Errors
/// What of `[paper]` or `[letters]` cannot be used. A printer that is away is none: letters wait for it.
pub(super) fn open_press(config: &Config, composer: Composer) -> Result<Arc<dyn Press>, WireFault> {
    let told = |section: &str, remedy, fault| {
        if let Fault::Mailer { what } = fault {
            wrong(config, format!("{section}: {what}"), remedy)
        } else {
            WireFault::Fault(fault)
        }
    };
    match options_of(config)? {
        Some(options) => {
            let press = PrinterPress::open(options, composer)
                .map_err(|fault| told("[paper]", Remedy::Mend, fault))?;
            Ok(Arc::new(press))
        }
        None => {
            let folder = config.path(&config.letters.folder);
            let press = FolderPress::open(&folder, composer)
                .map_err(|fault| told("[letters] folder", Remedy::Folder, fault))?;
            Ok(Arc::new(press))
        }
    }
}

/// Says once, on the terminal and in the log, what must not stay so at the print server while letters are printed. Asked beside
/// everything else, because no start waits for a printer; one that is away says nothing of it.
pub(super) fn tell_of_dangers(config: &Config, board: &Arc<Board>) {
    let Ok(Some(options)) = options(config) else {
        return;
    };
    let board = Arc::clone(board);
    std::thread::spawn(move || {
        // That it does not answer is told by whoever has a letter for it.
        let Ok(about) = describe(&options, true) else {
            return;
        };
        for concern in about.concerns.iter().filter(|concern| is_danger(concern)) {
            let what = say::printers::concern(concern);
            tracing::warn!(what, "how the print server is set up");
            board.announce(News::Trouble { what });
        }
    });
}

/// Whether a PIN may come out twice, or stays on a disk, however well the station works. All else is told by `keyline check`.
const fn is_danger(concern: &Concern) -> bool {
    match concern {
        Concern::PrintsAgain { .. } | Concern::KeepsFiles { .. } => true,
        Concern::NotLoaded { .. }
        | Concern::ForgetsJobs { .. }
        | Concern::FewJobs { .. }
        | Concern::Unread { .. }
        | Concern::Unencrypted { .. }
        | Concern::MayScale => false,
    }
}

/// What the configured printer says of itself, and whether it takes letters; `None`: there is none.
///
/// # Errors
/// [`Fault::PrinterAway`] when it does not answer now, [`Fault::Mailer`] for what has to be mended.
pub(super) fn ask(config: &Config) -> Result<Option<Asked>, Fault> {
    let options = options(config).map_err(|what| Fault::Mailer { what })?;
    let Some(options) = options else {
        return Ok(None);
    };
    let description = describe(&options, true)?;
    Ok(Some(Asked {
        description,
        can_take: PrinterPress::try_out(&options),
    }))
}

/// A printer's answer.
pub(super) struct Asked {
    pub(super) description: PrinterDescription,
    /// Whether a letter could be handed over now.
    pub(super) can_take: Result<(), Fault>,
}
