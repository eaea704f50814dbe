//! The letter: tried before the key is touched, made once at the end.

use crate::app::runner::outcome::Outcome;
use crate::app::runner::{Run, person_of};
use crate::domain::event::{Evidence, Intent};
use crate::domain::fault::Fault;
use crate::domain::mailer::{ControlNumber, Destination, Mailer};
use crate::domain::pin::{Pin, PinUnfit};

/// Characters of the serial that a letter shows.
const SERIAL_ENDING: usize = 4;
/// A control number is refused by its own sampling once in two thousand million draws.
const CONTROL_DRAWS_MAX: u32 = 8;

impl Run<'_> {
    pub(super) fn draw_control(&self) -> Result<ControlNumber, Fault> {
        for _ in 0..CONTROL_DRAWS_MAX {
            let mut bytes = [0; 8];
            self.bench.ports.entropy.fill(&mut bytes)?;
            if let Some(control) = ControlNumber::draw(bytes) {
                return Ok(control);
            }
        }
        Err(Fault::Internal {
            what: "no control number could be drawn".to_owned(),
        })
    }

    pub(super) fn deliver(&mut self) -> Outcome {
        let Some(Intent::Deliver { control }) = self.enrollment.intent().cloned() else {
            return Outcome::NotDone(Fault::Internal {
                what: "a mailer without a number".to_owned(),
            });
        };
        let delivered = self
            .pin_on_key()
            .and_then(|pin| self.mailer(&control, pin))
            .and_then(|mailer| self.bench.ports.press.deliver(&mailer));
        match delivered {
            Ok(delivered) => Outcome::done(Evidence::Delivered {
                control,
                target: delivered.place,
            }),
            Err(fault) => Outcome::failed(fault),
        }
    }

    /// A name that no font can show is known before the key is touched, and so is a PIN that paper cannot. A drawn PIN is
    /// stood for by as many zeros.
    pub(super) fn check_letter(&mut self) -> Result<(), Fault> {
        let unfit = |unfit: PinUnfit| Fault::Internal {
            what: unfit.to_string(),
        };
        let specimen = match self.bench.ports.ledger.specified_pin(self.job.id)? {
            Some(pin) => pin,
            None => Pin::new(&"0".repeat(self.policy.pin.length)).map_err(unfit)?,
        };
        let mailer = self.mailer(&self.draw_control()?.to_string(), specimen)?;
        self.bench.ports.press.check(&mailer)
    }

    pub(super) fn mailer(&self, control: &str, pin: Pin) -> Result<Mailer, Fault> {
        let control = ControlNumber::parse(control).map_err(|wrong| Fault::Internal {
            what: wrong.to_string(),
        })?;
        let binding = self.enrollment.binding();
        let serial = binding.and_then(|binding| binding.serial.as_ref());
        let serial_ending = serial.map(|serial| serial.ending(SERIAL_ENDING).to_owned());
        let request = &self.job.request;
        let clock = &self.bench.ports.clock;
        Ok(Mailer {
            language: request
                .language
                .clone()
                .unwrap_or_else(|| self.bench.policies.default_language.clone()),
            recipient: person_of(self.job).to_owned(),
            department: request.department.clone(),
            destination: Destination::of(request),
            key_model: self.model(),
            serial_ending,
            envelope: self.job.envelope,
            batch: self.job.batch.clone(),
            sequence: self.job.sequence,
            control,
            date: clock.today(),
            force_pin_change: self.enrollment.plan().configuration.force_pin_change,
            pin,
        })
    }
}
