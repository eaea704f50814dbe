//! The letter: tried before the key is touched, made once at the end.

use crate::app::runner::{Run, person_of};
use crate::app::{Policies, Ports};
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::job::Job;
use crate::domain::mailer::{ControlNumber, Destination, Mailer};
use crate::domain::pin::{Pin, PinUnfit};

/// Characters of the serial that a letter shows.
const SERIAL_ENDING: usize = 4;
/// As long as models' names get.
const SPECIMEN_MODEL: &str = "Security Key by Yubico with NFC";
/// A control number is refused by its own sampling once in two thousand million draws.
const CONTROL_DRAWS_MAX: u32 = 8;

impl Run<'_> {
    pub(super) fn draw_control(&self) -> Result<ControlNumber, Fault> {
        draw_control(self.bench.ports)
    }

    /// By now the key has another PIN: a void letter that still lies in the press would only be sent by mistake. What cannot be
    /// taken back is harmless, and the journal and the administrator's command named its number.
    pub(super) fn take_void_letters_back(&self) {
        if !self.enrollment.is_reissue() {
            return;
        }
        let taken = self
            .bench
            .ports
            .ledger
            .journal(self.job.id)
            .and_then(|rows| {
                for row in rows {
                    if let Happening::Reissued {
                        void: Some(control),
                        ..
                    } = &row.event.happening
                        && let Ok(control) = ControlNumber::parse(control)
                    {
                        self.bench
                            .ports
                            .press
                            .take_back(&control, self.job.envelope)?;
                    }
                }
                Ok(())
            });
        if let Err(fault) = taken {
            tracing::warn!(job = self.job.id.0, fault = %fault.brief(), "a void letter was not taken back");
        }
        self.forget_sheet();
    }

    pub(super) fn mailer(&self, control: &str, pin: Pin) -> Result<Mailer, Fault> {
        let control = ControlNumber::parse(control).map_err(|wrong| Fault::Internal {
            what: wrong.to_string(),
        })?;
        let serial = self
            .enrollment
            .binding()
            .and_then(|binding| binding.serial.as_ref());
        let key = KeyWords {
            model: self.model(),
            serial_ending: serial.map(|serial| serial.ending(SERIAL_ENDING).to_owned()),
            force_pin_change: self.enrollment.plan().configuration.force_pin_change,
        };
        Ok(mailer(
            self.bench.policies,
            self.job,
            key,
            control,
            pin,
            self.bench.ports.clock.today(),
        ))
    }
}

/// What a letter says of the key.
struct KeyWords {
    model: String,
    serial_ending: Option<String>,
    force_pin_change: bool,
}

/// Tries to set the letter of a job that has no key yet: a name that no font can show is known before a key is taken, and so
/// is a PIN that paper cannot show.
///
/// # Errors
/// [`Fault::Mailer`] with what cannot be set; faults of the ledger.
pub fn try_letter(ports: &Ports, policies: &Policies, job: &Job) -> Result<(), Fault> {
    let policy = policies.get(&job.request.policy)?;
    if !policy.makes_letter() {
        return Ok(());
    }
    let specified = ports.ledger.specified_pin(job.id)?;
    let (control, today) = (draw_control(ports)?, ports.clock.today());
    let letter = specimen(policies, job, specified, control, today)?;
    letter.map_or(Ok(()), |letter| ports.press.check(&letter))
}

/// The letter of a job that has no key yet, to be tried and thrown away; `None` where its policy makes none. A drawn PIN is
/// stood for by as many zeros, the key by a long name.
///
/// # Errors
/// [`Fault::PolicyMissing`].
pub fn specimen(
    policies: &Policies,
    job: &Job,
    specified: Option<Pin>,
    control: ControlNumber,
    today: jiff::civil::Date,
) -> Result<Option<Mailer>, Fault> {
    let policy = policies.get(&job.request.policy)?;
    if !policy.makes_letter() {
        return Ok(None);
    }
    let unfit = |unfit: PinUnfit| Fault::Internal {
        what: unfit.to_string(),
    };
    let pin = match specified {
        Some(pin) => pin,
        None => Pin::new(&"0".repeat(policy.pin.length)).map_err(unfit)?,
    };
    let key = KeyWords {
        model: SPECIMEN_MODEL.to_owned(),
        serial_ending: Some("0".repeat(SERIAL_ENDING)),
        force_pin_change: policy.force_pin_change,
    };
    Ok(Some(mailer(policies, job, key, control, pin, today)))
}

fn draw_control(ports: &Ports) -> Result<ControlNumber, Fault> {
    for _ in 0..CONTROL_DRAWS_MAX {
        let mut bytes = [0; 8];
        ports.entropy.fill(&mut bytes)?;
        if let Some(control) = ControlNumber::draw(bytes) {
            return Ok(control);
        }
    }
    Err(Fault::Internal {
        what: "no control number could be drawn".to_owned(),
    })
}

fn mailer(
    policies: &Policies,
    job: &Job,
    key: KeyWords,
    control: ControlNumber,
    pin: Pin,
    date: jiff::civil::Date,
) -> Mailer {
    let request = &job.request;
    let default = || policies.default_language.clone();
    Mailer {
        language: request.language.clone().unwrap_or_else(default),
        recipient: person_of(job).to_owned(),
        department: request.department.clone(),
        destination: Destination::of(request),
        key_model: key.model,
        serial_ending: key.serial_ending,
        envelope: job.envelope,
        batch: job.batch.clone(),
        sequence: job.sequence,
        control,
        date,
        force_pin_change: key.force_pin_change,
        pin,
    }
}
