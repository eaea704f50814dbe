//! A printer as press: each letter is one job of its own, sent over IPP from memory, at most once, and followed until the device
//! says what became of it. Prints nothing twice, believes nothing that a job's number alone says, and names no person.
//!
//! # Why
//! No print protocol tells whether a sheet lies in the tray. So whatever is not certain is said to be uncertain: an answer that
//! never came, a job that was given up, a record that is gone. Certain is a refusal, and that the printer could not be reached.
//! The job's name is made from the control number: after a crash it is found again by that, and by nothing else.

mod about;
mod answer;
mod channel;
mod follow;
mod loaded;
mod options;
mod pinned;
mod place;
mod request;
mod server;
mod spool;
mod state;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

pub use self::options::{LOCAL_SERVER, Password, PrinterOptions};

use self::about::About;
use self::answer::{Answer, Group, Verdict, refusal};
use self::channel::{Channel, Lost};
use self::follow::Seen;
use self::place::{Place, is_same_queue};
use self::request::{Request, Which};
use self::spool::Spool;
use self::state::Standing;
use super::{Composer, copies};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::paper::printer::PrinterDescription;
use crate::domain::paper::{Outlet, Printing, Ticket, job_name};
use crate::port::{Delivered, Press};

/// Prints letters. One job is in flight at a time, by whoever uses it.
pub struct PrinterPress {
    composer: Composer,
    options: PrinterOptions,
    channel: Channel,
    spool: Spool,
    /// The jobs of this run, which a second sheet must not repeat even when the printer forgot the first.
    handed_over: Mutex<HashSet<ControlNumber>>,
    /// What was seen of jobs under way, by their number.
    seen: Mutex<HashMap<i32, Seen>>,
}

impl PrinterPress {
    /// A press at this printer, which need not be there yet.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when an option cannot be used, in words.
    pub fn open(options: PrinterOptions, composer: Composer) -> Result<Self, Fault> {
        Ok(Self {
            composer,
            channel: Channel::open(&options)?,
            spool: Spool::open(options.spool.as_deref())?,
            options,
            handed_over: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// Whether a letter could be handed over now to a printer with these options: [`Press::can_take`] without a press.
    ///
    /// # Errors
    /// [`Fault::Mailer`] for what somebody has to mend, [`Fault::PrinterAway`] for what passes.
    pub fn try_out(options: &PrinterOptions) -> Result<(), Fault> {
        let channel = Channel::open(options)?;
        About::ask(&channel)?.can_take(&channel, options)
    }

    /// The printer's jobs of this name. First those under way: a job that ends between the questions is then seen twice, and never
    /// missed.
    fn jobs_named(&self, name: &str) -> Result<Vec<Ticket>, Fault> {
        let mut found: Vec<Ticket> = Vec::new();
        for which in [Which::NotCompleted, Which::Completed] {
            for (ticket, _) in self.list(which, name)? {
                if !found.iter().any(|known| known.job == ticket.job) {
                    found.push(ticket);
                }
            }
        }
        Ok(found)
    }

    fn list(&self, which: Which, name: &str) -> Result<Vec<(Ticket, Option<Standing>)>, Fault> {
        Ok(self
            .jobs(which)?
            .jobs()
            .filter(|job| job.text("job-name") == Some(name))
            .filter_map(|job| Some((self.ticket(name, job)?, Standing::of(job))))
            .collect())
    }

    /// The printer's jobs, whosever they are.
    fn jobs(&self, which: Which) -> Result<Answer, Fault> {
        let answer = self
            .channel
            .ask(Request::jobs(&self.channel, which))
            .map_err(Lost::into_fault)?;
        match answer.verdict() {
            // No jobs: some printers say "not found".
            Verdict::Done | Verdict::Gone => Ok(answer),
            Verdict::Later | Verdict::Never | Verdict::Unclear => {
                Err(refusal(&self.channel.uri, &answer))
            }
        }
    }

    fn ticket(&self, name: &str, job: Group<'_>) -> Option<Ticket> {
        Some(Ticket {
            printer: self.channel.uri.clone(),
            job: job.number("job-id")?,
            uuid: job.text("job-uuid").map(str::to_owned),
            name: name.to_owned(),
        })
    }

    fn delivered(&self, ticket: Ticket) -> Delivered {
        Delivered {
            place: self.channel.uri.clone(),
            ticket: Some(ticket),
        }
    }

    /// Sends the letter, once, and tells what is certain.
    fn print(&self, request: Request, name: &str) -> Result<Ticket, Fault> {
        let answer = match self.channel.ask(request) {
            Ok(answer) => answer,
            Err(lost @ (Lost::Unsent(_) | Lost::Untrusted(_))) => return Err(lost.into_fault()),
            // Users and passwords were asked about before, without a letter, so even HTTP's refusal is no certainty here.
            Err(Lost::Refused(_) | Lost::NoAnswer(_) | Lost::Garbled(_)) => {
                return Err(Fault::DeliveryUncertain);
            }
        };
        match answer.verdict() {
            // A printer that took a letter and does not say as which job has it all the same.
            Verdict::Done => answer
                .jobs()
                .find_map(|job| self.ticket(name, job))
                .map(|ticket| self.with_uuid(ticket))
                .ok_or(Fault::DeliveryUncertain),
            Verdict::Later | Verdict::Never | Verdict::Gone if answer.made_no_job() => {
                Err(refusal(&self.channel.uri, &answer))
            }
            Verdict::Unclear | Verdict::Later | Verdict::Never | Verdict::Gone => {
                Err(Fault::DeliveryUncertain)
            }
        }
    }

    /// Few printers tell a job's UUID when they take it, many when they are asked. Without one its name has to do.
    fn with_uuid(&self, ticket: Ticket) -> Ticket {
        if ticket.uuid.is_some() {
            return ticket;
        }
        let asked = self.channel.ask(Request::job(&self.channel, ticket.job));
        let uuid = asked.ok().and_then(|answer| {
            let job = answer.jobs().next()?;
            let other = job.text("job-name").is_some_and(|name| name != ticket.name);
            job.text("job-uuid").filter(|_| !other).map(str::to_owned)
        });
        Ticket { uuid, ..ticket }
    }

    /// Asks whether the printer would take the letter as it is wished.
    fn validate(&self, about: &About, name: &str) -> Result<(), Fault> {
        let wish = about.wish(&self.options, name);
        let answer = self
            .channel
            .ask(Request::validate(&self.channel, &wish))
            .map_err(Lost::into_fault)?;
        if answer.verdict() != Verdict::Done {
            return Err(refusal(&self.channel.uri, &answer));
        }
        // On other paper than the layout's, an address leaves its window. Scaling and copies it may not know.
        let ignored = ["media", "media-col", "sides"]
            .into_iter()
            .find(|name| answer.ignores(name));
        match ignored {
            None => Ok(()),
            Some(ignored) => Err(Fault::Mailer {
                what: format!(
                    "{} would print on other paper than asked for (it ignores `{ignored}`): compare `media`, `tray` and `sides` in [paper] with what `keyline printers` shows",
                    self.channel.uri
                ),
            }),
        }
    }

    /// Cancels the jobs of this name that have not ended.
    fn cancel(&self, name: &str) -> Result<(), Fault> {
        for (ticket, _) in self.list(Which::NotCompleted, name)? {
            let answer = self
                .channel
                .ask(Request::cancel(&self.channel, ticket.job))
                .map_err(Lost::into_fault)?;
            match answer.verdict() {
                // "Not possible": it is done by now.
                Verdict::Done | Verdict::Gone | Verdict::Later => {}
                Verdict::Never | Verdict::Unclear => {
                    return Err(Fault::Mailer {
                        what: format!(
                            "the void letter {name} may still come out of {}: cancel job {} there",
                            self.channel.uri, ticket.job
                        ),
                    });
                }
            }
        }
        Ok(())
    }

    /// Nobody asks any more about a sheet of which nothing can be told, so what waits of it must not come out later. That it cannot
    /// be taken back makes the doubt no greater.
    fn let_nothing_come_late(&self, name: &str) {
        if let Err(fault) = self.cancel(name) {
            tracing::warn!(name, fault = %fault.brief(), "a letter in doubt may still come out of the printer");
        }
    }

    fn lock_handed_over(&self) -> std::sync::MutexGuard<'_, HashSet<ControlNumber>> {
        self.handed_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Press for PrinterPress {
    fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        self.composer.check(mailer)
    }

    fn prints(&self) -> bool {
        true
    }

    fn can_take(&self) -> Result<(), Fault> {
        About::ask(&self.channel)?.can_take(&self.channel, &self.options)
    }

    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault> {
        let letter = self.composer.render(mailer)?;
        let name = job_name(&mailer.control);
        let about = About::ask(&self.channel)?;
        about.can_take(&self.channel, &self.options)?;
        let second = self.lock_handed_over().contains(&mailer.control);
        if second || !self.jobs_named(&name)?.is_empty() {
            return Err(Fault::Mailer {
                what: format!(
                    "{} has had the letter {name} already: a control number belongs to one sheet",
                    self.channel.uri
                ),
            });
        }
        self.validate(&about, &name)?;
        self.spool.keep(&mailer.control, &letter)?;
        let wish = about.wish(&self.options, &name);
        let printed = self.print(Request::print(&self.channel, &wish, letter), &name);
        match printed {
            Ok(ticket) => {
                self.lock_handed_over().insert(mailer.control);
                Ok(self.delivered(ticket))
            }
            Err(Fault::DeliveryUncertain) => {
                self.lock_handed_over().insert(mailer.control);
                Err(Fault::DeliveryUncertain)
            }
            Err(refused) => {
                self.spool.remove(&mailer.control)?;
                Err(refused)
            }
        }
    }

    fn outlet(&self) -> Outlet {
        Outlet::Printer {
            uri: self.channel.uri.clone(),
            spool: self.spool.known_as().map(str::to_owned),
        }
    }

    fn reaches(&self, outlet: &Outlet) -> bool {
        match outlet {
            Outlet::Printer { uri, .. } => is_same_queue(uri, &self.channel.uri),
            Outlet::Folder { .. } => false,
        }
    }

    fn follow(&self, ticket: &Ticket) -> Result<Printing, Fault> {
        if !self.serves(ticket) {
            return Ok(unknown(&ticket.elsewhere()));
        }
        let away = |what: &str| Fault::PrinterAway {
            what: what.to_owned(),
        };
        let answer = self
            .channel
            .ask(Request::job(&self.channel, ticket.job))
            .map_err(|lost| away(lost.what()))?;
        let said = match answer.verdict() {
            Verdict::Done => self.standing(ticket, &answer)?,
            Verdict::Gone => vanished(),
            Verdict::Later | Verdict::Never | Verdict::Unclear => {
                return Err(away(&format!(
                    "{} does not say how the job stands ({})",
                    self.channel.uri,
                    answer::name(answer.status)
                )));
            }
        };
        if matches!(said, Printing::Unknown { .. }) {
            self.let_nothing_come_late(&ticket.name);
        }
        Ok(said)
    }

    fn take_back(&self, control: &ControlNumber, _: Envelope) -> Result<(), Fault> {
        self.cancel(&job_name(control))
    }

    fn forget(&self, control: &ControlNumber, folder: &str) -> Result<(), Fault> {
        copies::remove(Path::new(folder), control)
    }

    fn kept(&self, folder: &str) -> Result<Vec<ControlNumber>, Fault> {
        copies::kept(Path::new(folder))
    }

    fn waiting(&self) -> Result<Vec<ControlNumber>, Fault> {
        let waiting = self.jobs(Which::NotCompleted)?;
        let names = waiting.jobs().filter_map(|job| job.text("job-name"));
        Ok(names.filter_map(control_of).collect())
    }

    fn whereabouts(
        &self,
        control: &ControlNumber,
        _: Envelope,
    ) -> Result<Option<Delivered>, Fault> {
        // None is never certain: the printer may have had it, and lost its record. One that does not answer is asked again.
        match self.jobs_named(&job_name(control)) {
            Ok(mut found) if found.len() == 1 => Ok(found.pop().map(|one| self.delivered(one))),
            Err(away @ Fault::PrinterAway { .. }) => Err(away),
            Ok(_) | Err(_) => {
                self.let_nothing_come_late(&job_name(control));
                Err(Fault::DeliveryUncertain)
            }
        }
    }
}

/// The number in a job's name, if it is one of ours.
fn control_of(name: &str) -> Option<ControlNumber> {
    ControlNumber::parse(name.strip_prefix("PM-")?).ok()
}

fn unknown(why: &str) -> Printing {
    Printing::Unknown {
        why: why.to_owned(),
    }
}

fn vanished() -> Printing {
    unknown("the printer knows nothing of the job any more")
}

/// Why no printer can be asked at this URI; what of it may be a secret is not repeated. `None`: one can.
pub fn objection(uri: &str) -> Option<String> {
    match Place::parse(uri) {
        Err(Fault::Mailer { what }) => Some(what),
        Ok(_) | Err(_) => None,
    }
}

/// What this printer says of itself. `configured`: it is the station's, and letters are printed there with these options.
///
/// # Errors
/// [`Fault::PrinterAway`] or [`Fault::Mailer`], in words.
pub fn describe(options: &PrinterOptions, configured: bool) -> Result<PrinterDescription, Fault> {
    about::describe(&Channel::open(options)?, configured.then_some(options))
}

/// All queues of the print server at `options`' URI. `chosen`: the station's printer.
///
/// # Errors
/// [`Fault::PrinterAway`] or [`Fault::Mailer`], in words.
pub fn queues(
    options: &PrinterOptions,
    chosen: Option<&PrinterOptions>,
) -> Result<Vec<PrinterDescription>, Fault> {
    about::queues(&Channel::open(options)?, chosen)
}
