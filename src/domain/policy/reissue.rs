//! The plan of a reissue: another PIN and another letter for a key that has everything else. Nothing in it wipes the key or
//! touches its passkey.

use crate::domain::authenticator::Capabilities;
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::paper::Bagging;
use crate::domain::policy::{Plan, Policy, check_configuration};

impl Plan {
    /// The plan for the key whose letter is void. A change of the PIN clears a forced change (CTAP 2.1 §6.5.5.6), so the
    /// configuration is looked at again.
    ///
    /// # Errors
    /// What the key cannot do, when the policy was changed since.
    pub fn reissue(policy: &Policy, key: &Capabilities) -> Result<Self, Fault> {
        let configuration = policy.configuration();
        check_configuration(configuration, key)?;
        let mut steps = vec![Step::ChangePin];
        if !configuration.is_empty() {
            steps.push(Step::Configure);
        }
        if policy.bagging() != Bagging::None {
            steps.push(Step::Bag);
        }
        if policy.makes_letter() {
            steps.push(Step::Deliver);
        }
        Ok(Self {
            steps,
            configuration,
        })
    }
}
