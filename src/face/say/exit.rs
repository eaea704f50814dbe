//! How the program ends. Scripts read these numbers, so they never change their meaning.

use crate::app::station::Summary;
use crate::domain::fault::Fault;

/// The exit codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "a script wants to know how it ended"]
pub enum ExitCode {
    /// Done: everything that was asked for.
    #[default]
    Done,
    /// A defect of keyline itself.
    Bug,
    /// The command line, the configuration or an input file cannot be understood.
    Usage,
    /// A job, a job file or a policy was refused.
    Refused,
    /// A job is held, or waits for the operator or the administrator.
    Waiting,
    /// A key failed, or cannot do what is asked.
    Authenticator,
    /// Entra or the way to it failed.
    RelyingParty,
    /// The printer, or another way of bringing the PIN to its recipient, failed.
    Courier,
    /// The ledger, or a folder that the station works in, failed.
    Journal,
    /// Stopped by a signal or by the operator.
    Interrupted,
}

impl ExitCode {
    /// All of them, from the mildest to the worst.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Waiting,
        Self::Refused,
        Self::Authenticator,
        Self::Courier,
        Self::RelyingParty,
        Self::Interrupted,
        Self::Usage,
        Self::Journal,
        Self::Bug,
    ];

    /// The number that the shell sees.
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Waiting => 4,
            Self::Authenticator => 5,
            Self::RelyingParty => 6,
            Self::Courier => 7,
            Self::Journal => 8,
            Self::Interrupted => 130,
        }
    }

    /// The code with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The worse of two: what needs the most attention wins, not the higher number.
    pub fn worst(self, other: Self) -> Self {
        if other.severity() > self.severity() {
            other
        } else {
            self
        }
    }

    /// The worst of all; [`ExitCode::Done`] of none.
    pub fn worst_of(codes: impl IntoIterator<Item = Self>) -> Self {
        codes.into_iter().fold(Self::Done, Self::worst)
    }

    /// How a run of the station ends: with its worst outcome.
    pub fn of_run(summary: &Summary) -> Self {
        let rejected = if summary.rejected_files > 0 {
            Self::Refused
        } else {
            Self::Done
        };
        let interrupted = if summary.interrupted {
            Self::Interrupted
        } else {
            Self::Done
        };
        let faults = summary
            .held
            .iter()
            .chain(&summary.broken)
            .chain(&summary.folder)
            .map(Self::of);
        Self::worst_of(faults.chain([rejected, interrupted]))
    }

    /// How a command ends that met this fault.
    pub const fn of(fault: &Fault) -> Self {
        match fault {
            Fault::KeyGone
            | Fault::KeyMute
            | Fault::KeyHeldElsewhere
            | Fault::KeyGarbled { .. }
            | Fault::Transport { .. }
            | Fault::Ctap { .. }
            | Fault::TouchMissing
            | Fault::TouchDeclined
            | Fault::ResetTooLate
            | Fault::ResetRefused
            | Fault::PinWrong { .. }
            | Fault::PinSpared { .. }
            | Fault::PinAuthBlocked
            | Fault::PinBlocked
            | Fault::PinChangeForced
            | Fault::PinTooShort { .. }
            | Fault::PinRefused
            | Fault::StorageFull
            | Fault::CredentialExcluded
            | Fault::Unsupported { .. }
            | Fault::AttestationWrong { .. }
            | Fault::AttestationForeign { .. } => Self::Authenticator,
            Fault::ModelNotAllowed { .. }
            | Fault::KeyUnlisted { .. }
            | Fault::TenantRefuses { .. }
            | Fault::UserDisabled
            | Fault::UserUnfit { .. }
            | Fault::ModelRevoked { .. }
            | Fault::CurrentPinMissing
            | Fault::SpecifiedPinMissing
            | Fault::UserUnknown { .. }
            | Fault::PolicyMissing { .. } => Self::Refused,
            Fault::KeyUsed
            | Fault::KeyHoldsPasskey
            | Fault::KeyEnrolledFor { .. }
            | Fault::KeyRetired { .. }
            | Fault::WrongKey
            | Fault::WrongSerial { .. }
            | Fault::OnHold { .. } => Self::Waiting,
            Fault::Unreachable { .. }
            | Fault::Throttled { .. }
            | Fault::SignIn { .. }
            | Fault::NotPermitted { .. }
            | Fault::Clock { .. }
            | Fault::Refused { .. }
            | Fault::AnswerUnusable { .. }
            | Fault::RegistrationUncertain
            | Fault::PasskeyRefused { .. }
            | Fault::PasskeyAmbiguous { .. } => Self::RelyingParty,
            Fault::Mailer { .. }
            | Fault::DeliveryUncertain
            | Fault::PrinterAway { .. }
            | Fault::LetterSpoiled { .. } => Self::Courier,
            Fault::Folder { .. }
            | Fault::Ledger { .. }
            | Fault::LedgerHeld { .. }
            | Fault::LedgerUnfit { .. }
            | Fault::StationKeys { .. }
            | Fault::Unsealable { .. } => Self::Journal,
            Fault::Recipients { .. } => Self::Usage,
            Fault::Interrupted | Fault::Cancelled => Self::Interrupted,
            Fault::Internal { .. } => Self::Bug,
        }
    }

    fn severity(self) -> usize {
        Self::ALL
            .iter()
            .position(|code| *code == self)
            .unwrap_or(Self::ALL.len())
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_number_and_its_place() {
        let mut numbers: Vec<u8> = ExitCode::ALL.iter().map(|code| code.number()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]);
    }

    #[test]
    fn the_worst_outcome_of_a_run_decides() {
        let on_hold = || Fault::OnHold {
            why: "asked for".to_owned(),
        };
        let check = |summary: Summary, code: u8| {
            assert_eq!(ExitCode::of_run(&summary).number(), code, "{summary:?}");
        };
        check(
            Summary {
                done: 3,
                ..Summary::default()
            },
            0,
        );
        check(
            Summary {
                held: vec![on_hold()],
                ..Summary::default()
            },
            4,
        );
        check(
            Summary {
                held: vec![on_hold(), Fault::DeliveryUncertain],
                rejected_files: 1,
                ..Summary::default()
            },
            7,
        );
        check(
            Summary {
                held: vec![on_hold()],
                interrupted: true,
                ..Summary::default()
            },
            130,
        );
        check(
            Summary {
                interrupted: true,
                broken: Some(Fault::Ledger {
                    what: "disk full".to_owned(),
                }),
                ..Summary::default()
            },
            8,
        );
    }
}
