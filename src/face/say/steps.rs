//! What a step is called while it is done, and after it was done.

use crate::domain::event::Step;

/// What the station is doing, for the operator.
pub const fn doing(step: Step) -> &'static str {
    match step {
        Step::Reset => "wiping the key",
        Step::SetPin => "setting the PIN",
        Step::MakeCredential => "making the passkey",
        Step::Register => "registering it with Entra",
        Step::Configure => "setting the key's rules",
        Step::ChangePin => "changing the PIN",
        Step::Bag => "waiting for its bag",
        Step::Deliver => "writing the letter",
    }
}

/// What it did, for the journal's reader.
pub const fn did(step: Step) -> &'static str {
    match step {
        Step::Reset => "wiped the key",
        Step::SetPin => "set the PIN",
        Step::MakeCredential => "made the passkey",
        Step::Register => "registered the passkey with Entra",
        Step::Configure => "set the key's rules",
        Step::ChangePin => "changed the PIN",
        Step::Bag => "put the key into its bag",
        Step::Deliver => "made the letter",
    }
}

/// What it was about to do.
pub const fn to_do(step: Step) -> &'static str {
    match step {
        Step::Reset => "wipe the key",
        Step::SetPin => "set the PIN",
        Step::MakeCredential => "make the passkey",
        Step::Register => "register the passkey with Entra",
        Step::Configure => "set the key's rules",
        Step::ChangePin => "change the PIN",
        Step::Bag => "put the key into its bag",
        Step::Deliver => "make the letter",
    }
}

/// Why the key wants a touch in this step.
pub const fn touch(step: Option<Step>) -> &'static str {
    match step {
        Some(Step::Reset) => "a touch lets the station wipe it",
        Some(Step::MakeCredential) => "a touch lets the key make the passkey",
        Some(
            Step::SetPin
            | Step::Register
            | Step::Configure
            | Step::ChangePin
            | Step::Bag
            | Step::Deliver,
        )
        | None => "the key waits for it",
    }
}
