//! Settling a doubt: the world is asked what it has seen. A probe never does what it asks about, with two exceptions that
//! are safe: a PIN is tried once, and the same attestation is sent again while its challenge lives.

use std::time::Duration;

use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::app::runner::register::{in_vain, is_refusal, registered};
use crate::domain::authenticator::Recognition;
use crate::domain::credential::{CredentialId, MethodId, RegisteredCredential};
use crate::domain::event::{Happening, Step, Witness};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::PinVerdict;

/// How often the list is read before a passkey counts as not registered: the directory takes up to a minute.
const LIST_READS: u32 = 13;
const LIST_INTERVAL: Duration = Duration::from_secs(5);
/// Seconds by which our clock may be off Entra's: a station whose clock is further off does not begin.
const CLOCK_SKEW_SECONDS: i64 = 300;

/// What the user's list shows of a passkey.
enum Sighting {
    Found(MethodId),
    Several(Vec<MethodId>),
    /// Not after a minute either; this was the last reading.
    Absent(Vec<RegisteredCredential>),
}

impl Run<'_> {
    /// Asks the world about a step that is in doubt.
    pub(super) fn probe(&mut self, step: Step) -> Outcome {
        match step {
            Step::SetPin => self.probe_set_pin().unwrap_or_else(Outcome::Doubt),
            Step::Register => self.probe_register(),
            Step::Configure => match self.recognise() {
                Ok(()) => self.configure(),
                Err(fault) => Outcome::Doubt(fault),
            },
            Step::ChangePin => self.probe_change_pin().unwrap_or_else(Outcome::Doubt),
            // The machine repeats the first two, awaits the third, and looks after a sheet elsewhere.
            Step::Reset | Step::MakeCredential | Step::Bag | Step::Deliver => {
                Outcome::Doubt(Fault::Internal {
                    what: format!("no probe for {step}"),
                })
            }
        }
    }

    /// At most one try of the sealed PIN; a key without a PIN tells by that alone.
    fn probe_set_pin(&mut self) -> Result<Outcome, Fault> {
        let identity = self.identity()?;
        let recognition = match self.enrollment.binding() {
            Some(binding) => binding.recognise(&identity),
            None => Recognition::Other,
        };
        if recognition == Recognition::Other {
            return Err(Fault::WrongKey);
        }
        let same = self.bound || recognition == Recognition::Same;
        if !identity.capabilities.has_pin() {
            self.bound = true;
            let reason = Fault::KeyGone;
            // A blank key without a serial may be another one; then the first may carry this PIN, and a new one is drawn.
            return Ok(if same {
                Outcome::NotDone(reason)
            } else {
                Outcome::Abandon {
                    reason,
                    restart: Step::SetPin,
                }
            });
        }
        let attempt = self.enrollment.attempt();
        let pin = self
            .bench
            .ports
            .ledger
            .pin_in_flight(self.job.id, attempt)?;
        if !same {
            if self.nothing_of_ours() {
                return Err(Fault::WrongKey);
            }
            self.spare_retries()?;
        } else if let Some(left) = self.spared()? {
            // Somebody has tried PINs on it: it is wiped anew, as after a wrong one.
            return Ok(Outcome::Abandon {
                reason: Fault::PinWrong {
                    retries_left: Some(left),
                },
                restart: Step::Reset,
            });
        }
        match self.try_pin(&pin)? {
            PinVerdict::Right => {
                self.bound = true;
                Ok(Outcome::plain())
            }
            PinVerdict::Wrong { retries_left } if same => Ok(Outcome::Abandon {
                reason: Fault::PinWrong { retries_left },
                restart: Step::Reset,
            }),
            PinVerdict::Wrong { .. } => Err(Fault::WrongKey),
        }
    }

    /// The same attestation once more, while its challenge lives; then the user's list, for a minute; then the exclude list.
    fn probe_register(&mut self) -> Outcome {
        let made = match self.made() {
            Ok(made) => made,
            Err(outcome) => return outcome,
        };
        let mut refusal = None;
        if self.bench.ports.clock.now() <= made.expires {
            match self.post() {
                Ok(method) => return registered(method, Witness::Reply),
                // A refusal of the second POST may be about the first one's success: the list decides.
                Err(fault) if is_refusal(&fault) => refusal = Some(fault),
                Err(fault) => return Outcome::Doubt(fault),
            }
        }
        match self.look_for(&made.credential) {
            Ok(Sighting::Found(method)) => registered(method, Witness::List),
            Ok(Sighting::Several(methods)) => Outcome::Doubt(Fault::PasskeyAmbiguous { methods }),
            Ok(Sighting::Absent(listed)) => self
                .not_in_the_list(&made.credential, &listed, refusal)
                .unwrap_or_else(Outcome::Doubt),
            Err(fault) => Outcome::Doubt(fault),
        }
    }

    /// The list does not show the passkey. The exclude list of fresh options is the cross-check: what stands in it is registered.
    fn not_in_the_list(
        &mut self,
        credential: &CredentialId,
        listed: &[RegisteredCredential],
        refusal: Option<Fault>,
    ) -> Result<Outcome, Fault> {
        let user = self.job.request.user.as_str();
        let options = self.with_tenant(|bench| bench.ports.relying_party.creation_options(user))?;
        if !options.exclude.contains(credential) {
            // Whatever appears later is in the journal as abandoned, is looked for again, and deleted.
            return Ok(Outcome::Abandon {
                reason: refusal.map_or(Fault::RegistrationUncertain, in_vain),
                restart: Step::MakeCredential,
            });
        }
        let mut alike = self.namesakes(listed)?;
        Ok(match (alike.pop(), alike.is_empty()) {
            (Some(method), true) => registered(method, Witness::List),
            (Some(method), false) => {
                alike.push(method);
                Outcome::Doubt(Fault::PasskeyAmbiguous { methods: alike })
            }
            (None, _) => Outcome::Doubt(Fault::Unreachable {
                what: "the new passkey is registered, but the user's list does not show it yet"
                    .to_owned(),
            }),
        })
    }

    /// The entries of a list that could be the new passkey although their ids are encodings of nothing: of its name and its
    /// model, and nobody else's. Asked only once it is known to be registered.
    fn namesakes(&mut self, listed: &[RegisteredCredential]) -> Result<Vec<MethodId>, Fault> {
        let (name, model) = (self.key_name(), self.attestation()?.aaguid);
        let (ledger, user) = (&self.bench.ports.ledger, &self.job.request.user);
        let begun = self.begun_to_register()?;
        let mut methods: Vec<MethodId> = listed
            .iter()
            .filter(|entry| {
                entry.may_be.is_empty()
                    && entry.display_name == name
                    && entry.aaguid.is_none_or(|aaguid| aaguid == model)
                    && entry.created.is_none_or(|created| created >= begun)
            })
            .map(|entry| entry.method.clone())
            .collect();
        let mut taken = ledger.live_among(&methods)?;
        let ours = ledger.passkeys_of_user(user)?.into_iter();
        taken.extend(ours.filter_map(|passkey| passkey.method));
        taken.extend_from_slice(self.enrollment.replaces());
        taken.extend_from_slice(self.enrollment.after_handover());
        methods.retain(|method| !taken.contains(method));
        Ok(methods)
    }

    /// What Entra calls older than this was there before we sent anything.
    fn begun_to_register(&self) -> Result<Timestamp, Fault> {
        let journal = self.bench.ports.ledger.journal(self.job.id)?;
        let begun = journal.iter().rev().find(|row| {
            let begins = matches!(
                row.event.happening,
                Happening::Started {
                    step: Step::Register,
                    ..
                }
            );
            begins && row.event.attempt == self.enrollment.attempt()
        });
        let at = begun.map_or(Timestamp(0), |row| row.at);
        Ok(at.plus_seconds(-CLOCK_SKEW_SECONDS))
    }

    /// Reads the user's list until the credential is in it, for a minute.
    fn look_for(&mut self, credential: &CredentialId) -> Result<Sighting, Fault> {
        let user = self.job.request.user.as_str();
        let mut listed = Vec::new();
        for read in 0..LIST_READS {
            if read > 0
                && !self
                    .bench
                    .ports
                    .clock
                    .wait(LIST_INTERVAL, self.bench.cancel)
            {
                return Err(Fault::Cancelled);
            }
            listed = self.with_tenant(|bench| bench.ports.relying_party.credentials(user))?;
            let found: Vec<MethodId> = listed
                .iter()
                .filter(|method| method.may_be.contains(credential))
                .map(|method| method.method.clone())
                .collect();
            match found.as_slice() {
                [] => {}
                [method] => return Ok(Sighting::Found(method.clone())),
                // One text may stand for two ids, so which of them is ours only a person can tell.
                [_, _, ..] => return Ok(Sighting::Several(found)),
            }
        }
        Ok(Sighting::Absent(listed))
    }
}
