//! What becomes of the key once its job is done: handed over, given back, lost, scrapped, wiped for another person.
//!
//! # Why
//! A parcel travels for days. Until somebody says that the person has the key, what they signed in with before stays theirs; so
//! the older methods that wait are frozen with the registration and become duties with the hand-over. A retired key never comes
//! back to its job: whoever shall have it again gets a new one.

use crate::domain::credential::MethodId;
use crate::domain::custody::{Custody, Fate, NotHandedOver};
use crate::domain::enrollment::{Enrollment, Phase, Standing};
use crate::domain::event::{Happening, Step};
use crate::domain::paper::Leaving;

impl Enrollment {
    /// Who has the key.
    pub fn custody(&self) -> Custody {
        Custody {
            handed_over: self.handed_over,
            retired: self.retired,
            wiped: self.wiped,
            pending: u32::try_from(self.pending().len()).unwrap_or(u32::MAX),
        }
    }

    /// The older methods that still wait for the hand-over of this key, or of one that takes its place.
    pub fn pending(&self) -> &[MethodId] {
        if self.handed_over || !self.is_finished() {
            &[]
        } else {
            &self.after_handover
        }
    }

    /// The older methods that go with the hand-over, whether it has come or not.
    pub fn after_handover(&self) -> &[MethodId] {
        &self.after_handover
    }

    /// Whether the last step is done.
    pub(super) fn is_finished(&self) -> bool {
        self.phase == Phase::Ready && self.attempt.0 > 0 && self.current().is_none()
    }

    /// Whether the key may be called handed over now. Where keys go out in bags, bag and letter have to have left the house.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn may_hand_over(&self) -> Result<(), NotHandedOver> {
        let planned = |step| self.plan.steps.contains(&step);
        if let Some(fate) = self.retired {
            return Err(NotHandedOver::Retired(fate));
        }
        if self.handed_over {
            return Err(NotHandedOver::Already);
        }
        if self.standing() != Standing::Done {
            return Err(NotHandedOver::NotDone);
        }
        if self.spoiled.is_some() {
            return Err(NotHandedOver::LetterVoid);
        }
        if planned(Step::Bag) && !self.has_left(Leaving::BagDispatched) {
            return Err(NotHandedOver::BagHere);
        }
        if planned(Step::Bag) && planned(Step::Deliver) && !self.has_left(Leaving::LetterDispatched)
        {
            return Err(NotHandedOver::LetterHere);
        }
        Ok(())
    }

    /// Whether the key may have this fate now: its job is done, and nothing worse was said of it.
    pub fn may_retire(&self, fate: Fate) -> bool {
        self.standing() == Standing::Done && fate.may_follow(self.retired)
    }

    /// Whether the key is to be reset as soon as it is seen: it came back, and has its person's PIN and passkey still.
    pub fn awaits_wiping(&self) -> bool {
        self.retired == Some(Fate::Returned) && !self.wiped
    }

    pub(super) fn fold_custody(&mut self, happening: &Happening) -> Option<()> {
        match happening {
            Happening::HandedOver => self.may_hand_over().ok().map(|()| self.handed_over = true),
            Happening::Retired { fate, .. } => self.may_retire(*fate).then(|| self.retire(*fate)),
            Happening::Wiped => self.awaits_wiping().then(|| self.wiped = true),
            Happening::Began { .. }
            | Happening::Rebound { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::NotDone { .. }
            | Happening::Bagged
            | Happening::Printed { .. }
            | Happening::Spoiled { .. }
            | Happening::Left { .. }
            | Happening::Abandoned { .. }
            | Happening::Reissued { .. }
            | Happening::Held { .. }
            | Happening::Released
            | Happening::Cancelled { .. } => None,
        }
    }

    /// A letter for a key that nobody has is void, wherever it is.
    fn retire(&mut self, fate: Fate) {
        self.retired = Some(fate);
        if self.delivered.is_some() && self.spoiled.is_none() {
            self.spoiled = Some(format!("its key is {}", fate.word()));
        }
    }
}
