//! A printer (`ippeveprinter`) beside the station, what it is up to, and the sheets that came out of it: read off the page, as
//! whoever opens the envelope does. It has power when the station has none, and forgets what it knew when its own goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use keyline::domain::mailer::ControlNumber;

use crate::letters::{Letter, control_on};
use crate::printing::{Mood, Printer, wait};

/// Between two looks at the device, which gives no sign.
const GLANCE: Duration = Duration::from_millis(5);

/// What becomes of the first sheet's job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    None,
    /// There is no paper; somebody fills it in.
    OutOfPaper,
    /// The printer's power goes with the job in its hand. It comes back and knows nothing of it; the sheet comes out after that.
    ForgetsAndPrints,
    /// The same, but the sheet comes out only after everything else is over.
    ForgetsAndPrintsLate,
    /// It aborts the job, with a sheet or without one.
    GivesUp {
        with_sheet: bool,
    },
}

impl Mischief {
    /// Whether whatever is printed is done with, unless the station is cut down as well.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(self, Self::None | Self::OutOfPaper)
    }

    fn mood(self) -> Mood {
        match self {
            Self::None => Mood::Fine,
            Self::OutOfPaper => Mood::OutOfPaper,
            Self::ForgetsAndPrints | Self::ForgetsAndPrintsLate => Mood::Slow,
            Self::GivesUp { with_sheet: true } => Mood::GivesUpAfter,
            Self::GivesUp { with_sheet: false } => Mood::GivesUp,
        }
    }
}

/// A sheet. No `Debug`: it holds a PIN.
pub(crate) struct Sheet {
    pub(crate) control: ControlNumber,
    pub(crate) letter: Letter,
}

/// The printer and its tray. Both go with the value.
pub(crate) struct Tray {
    printer: Arc<Mutex<Printer>>,
    read: Mutex<BTreeMap<PathBuf, Arc<Sheet>>>,
    over: Arc<AtomicBool>,
    fate: Option<JoinHandle<()>>,
}

impl Tray {
    /// A printer that is up to this.
    pub(crate) fn new(mischief: Mischief) -> Self {
        let printer = Printer::start().unwrap();
        printer.device.set(mischief.mood()).unwrap();
        let printer = Arc::new(Mutex::new(printer));
        let over = Arc::new(AtomicBool::new(false));
        let (its, ended) = (Arc::clone(&printer), Arc::clone(&over));
        let fate = std::thread::spawn(move || befall(mischief, &its, &ended));
        Self {
            printer,
            read: Mutex::default(),
            over,
            fate: Some(fate),
        }
    }

    pub(crate) fn uri(&self) -> String {
        self.lock().uri()
    }

    /// From now on it does what it is there for.
    pub(crate) fn mend(&self) {
        self.lock().device.set(Mood::Fine).unwrap();
    }

    /// What is still in the device comes out now.
    pub(crate) fn empty(&self) {
        let printer = self.lock();
        printer.device.feed().unwrap();
        // A job that was begun and given up has no sheet; every other one has.
        wait("the last sheets", || printer.device.in_hand() == 0);
    }

    /// The sheets that came out, in their order.
    pub(crate) fn sheets(&self) -> Vec<Arc<Sheet>> {
        let files = self.lock().device.sheets();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        files
            .into_iter()
            .map(|file| {
                Arc::clone(
                    read.entry(file.clone())
                        .or_insert_with(|| Arc::new(look(&file))),
                )
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Printer> {
        lock(&self.printer)
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(fate) = self.fate.take() {
            // What went wrong there shows in what came out.
            let _ = fate.join();
        }
    }
}

fn lock(printer: &Mutex<Printer>) -> MutexGuard<'_, Printer> {
    printer.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look(file: &std::path::Path) -> Sheet {
    let letter = Letter::read_for(file, String::new());
    Sheet {
        control: control_on(&letter.text),
        letter,
    }
}

/// What happens to the printer once it has a job.
fn befall(mischief: Mischief, printer: &Mutex<Printer>, over: &AtomicBool) {
    if matches!(mischief, Mischief::None | Mischief::GivesUp { .. }) {
        return;
    }
    while lock(printer).device.begun() == 0 {
        if over.load(Ordering::SeqCst) {
            return;
        }
        std::thread::sleep(GLANCE);
    }
    let mut printer = lock(printer);
    match mischief {
        Mischief::None | Mischief::GivesUp { .. } => {}
        Mischief::OutOfPaper => printer.device.feed().unwrap(),
        Mischief::ForgetsAndPrints => {
            printer.kill();
            printer.start_again().unwrap();
            printer.device.feed().unwrap();
            printer.device.wait_for_sheets(1);
            printer.device.set(Mood::Fine).unwrap();
        }
        Mischief::ForgetsAndPrintsLate => {
            printer.kill();
            printer.start_again().unwrap();
            // Whoever waits to be fed waits on.
            printer.device.set(Mood::Fine).unwrap();
        }
    }
}
