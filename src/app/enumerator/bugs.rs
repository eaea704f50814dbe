//! Defects that the enumerator has to find, planted in the ports.

mod directory;
mod ledger;

use std::sync::Arc;

use crate::app::Ports;
use crate::app::world::World;
use crate::domain::authenticator::{Attachment, Capabilities, Serial};
use crate::domain::credential::{
    Attestation, CreationOptions, CredentialId, MethodId, RegisteredCredential, RpId,
};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::paper::{Outlet, Printing, Ticket};
use crate::domain::pin::Pin;
use crate::port::{
    Attendant, Authenticator, Configuration, Deleted, Delivered, KeyEvent, Keys, Ledger,
    MakeCredential, PinVerdict, Place, Press, RelyingParty, Repowered,
};

/// A planted defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    PinBeforeJournal,
    BlindAfterTimeout,
    OldKeysFirst,
    AnyKeyWillDo,
    MailerTwice,
    AbandonInTwo,
    ToggleRepeated,
    PinOverwritten,
    PrimaryOnTheList,
    PinTold,
    UnknownSentAgain,
    VanishedIsNotPrinted,
    SpoilForgotten,
    PinForgottenEarly,
    OldKeysWithTheParcel,
    DisabledOverlooked,
    PolicyOverlooked,
}

/// Ports with a defect.
pub(super) struct Bent {
    world: World,
    bug: Bug,
}

impl Bent {
    /// The ports of `world`, one of them bent.
    pub(super) fn ports(world: &World, bug: Bug) -> Ports {
        let bent = || Self {
            world: world.clone(),
            bug,
        };
        let mut ports = world.ports();
        match bug {
            Bug::PinBeforeJournal => {
                ports.ledger = Arc::new(bent());
                ports.keys = Arc::new(bent());
            }
            Bug::BlindAfterTimeout
            | Bug::AbandonInTwo
            | Bug::PinOverwritten
            | Bug::PrimaryOnTheList => ports.ledger = Arc::new(bent()),
            Bug::OldKeysFirst => ports.relying_party = Arc::new(bent()),
            Bug::SpoilForgotten | Bug::PinForgottenEarly | Bug::OldKeysWithTheParcel => {
                ports.ledger = Arc::new(bent())
            }
            Bug::MailerTwice | Bug::PinTold | Bug::UnknownSentAgain | Bug::VanishedIsNotPrinted => {
                ports.press = Arc::new(bent())
            }
            Bug::AnyKeyWillDo | Bug::ToggleRepeated => ports.keys = Arc::new(bent()),
            Bug::DisabledOverlooked | Bug::PolicyOverlooked => ports.directory = Arc::new(bent()),
        }
        ports
    }
}

/// What is there is deleted before the new key is registered.
impl RelyingParty for Bent {
    fn ready(&self) -> Result<(), Fault> {
        self.world.ready()
    }

    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault> {
        self.world.creation_options(user)
    }

    fn register(
        &self,
        user: &str,
        display_name: &str,
        attestation: &Attestation,
    ) -> Result<MethodId, Fault> {
        for old in self.world.credentials(user)? {
            self.world.delete(user, &old.method)?;
        }
        self.world.register(user, display_name, attestation)
    }

    fn credentials(&self, user: &str) -> Result<Vec<RegisteredCredential>, Fault> {
        self.world.credentials(user)
    }

    fn delete(&self, user: &str, method: &MethodId) -> Result<Deleted, Fault> {
        self.world.delete(user, method)
    }
}

/// Whoever asks is told that nothing was printed; or the place of a letter tells what is in it.
impl Press for Bent {
    fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        Press::check(&self.world, mailer)
    }

    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault> {
        let mut delivered = self.world.deliver(mailer)?;
        if self.bug == Bug::PinTold {
            delivered.place.push_str(mailer.pin.reveal());
        }
        Ok(delivered)
    }

    fn whereabouts(
        &self,
        control: &ControlNumber,
        envelope: Envelope,
    ) -> Result<Option<Delivered>, Fault> {
        match (self.bug, self.world.whereabouts(control, envelope)) {
            (Bug::MailerTwice, _) | (Bug::VanishedIsNotPrinted, Err(Fault::DeliveryUncertain)) => {
                Ok(None)
            }
            (_, answer) => answer,
        }
    }

    fn prints(&self) -> bool {
        self.world.prints()
    }

    fn can_take(&self) -> Result<(), Fault> {
        self.world.can_take()
    }

    fn outlet(&self) -> Outlet {
        self.world.outlet()
    }

    fn reaches(&self, outlet: &Outlet) -> bool {
        self.world.reaches(outlet)
    }

    fn serves(&self, ticket: &Ticket) -> bool {
        self.world.serves(ticket)
    }

    fn follow(&self, ticket: &Ticket) -> Result<Printing, Fault> {
        let answer = Press::follow(&self.world, ticket)?;
        if self.bug == Bug::UnknownSentAgain && matches!(answer, Printing::Unknown { .. }) {
            self.world.state().print_once_more(ticket);
            return Ok(Printing::OnPaper);
        }
        Ok(answer)
    }

    fn forget(&self, control: &ControlNumber, folder: &str) -> Result<(), Fault> {
        self.world.forget(control, folder)
    }

    fn kept(&self, folder: &str) -> Result<Vec<ControlNumber>, Fault> {
        self.world.kept(folder)
    }
}

impl Keys for Bent {
    fn watch(&self, sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        self.world.watch(sink)
    }

    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        Ok(Box::new(BentKey {
            key: self.world.open(place, attendant)?,
            bug: self.bug,
        }))
    }
}

struct BentKey {
    key: Box<dyn Authenticator>,
    bug: Bug,
}

impl Authenticator for BentKey {
    fn capabilities(&mut self) -> Result<Capabilities, Fault> {
        let mut told = self.key.capabilities()?;
        if self.bug == Bug::ToggleRepeated {
            told.always_uv = Some(false);
        }
        Ok(told)
    }

    /// Every key passes for the bound one.
    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        let told = self.key.serial()?;
        Ok(match self.bug {
            Bug::AnyKeyWillDo => Serial::new("32070001"),
            _ => told,
        })
    }

    fn attachment(&self) -> Attachment {
        self.key.attachment()
    }

    fn product(&self) -> String {
        self.key.product()
    }

    fn reset(&mut self) -> Result<(), Fault> {
        self.key.reset()
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.key.repower()
    }

    fn set_pin(&mut self, pin: &Pin) -> Result<(), Fault> {
        match self.bug {
            // It is on the key already.
            Bug::PinBeforeJournal => Ok(()),
            _ => self.key.set_pin(pin),
        }
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), Fault> {
        self.key.change_pin(current, new)
    }

    fn pin_retries(&mut self) -> Result<u32, Fault> {
        self.key.pin_retries()
    }

    fn try_pin(&mut self, pin: &Pin) -> Result<PinVerdict, Fault> {
        self.key.try_pin(pin)
    }

    fn make_credential(
        &mut self,
        request: &MakeCredential<'_>,
        pin: &Pin,
    ) -> Result<Attestation, Fault> {
        self.key.make_credential(request, pin)
    }

    fn assert_silently(
        &mut self,
        rp: &RpId,
        allow: &[CredentialId],
    ) -> Result<Option<CredentialId>, Fault> {
        self.key.assert_silently(rp, allow)
    }

    fn configure(&mut self, pin: &Pin, wanted: Configuration) -> Result<(), Fault> {
        self.key.configure(pin, wanted)
    }
}
