//! What a log line says of a fault: its kind, codes and ids. Never the words of a service, nor of people: they can name a person in
//! any spelling, and no log line does that.

use std::fmt::{self, Debug, Display, Formatter};

use crate::domain::fault::Fault;

/// Characters. Codes of services are shorter.
const CODE_CHARS_MAX: usize = 64;

/// A fault, for the log.
pub struct Brief<'a>(&'a Fault);

impl Fault {
    /// What may be logged of it.
    pub const fn brief(&self) -> Brief<'_> {
        Brief(self)
    }
}

impl Display for Brief<'_> {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each fault, and no other logic"
    )]
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fault::Refused {
                status,
                code,
                request_id,
                ..
            } => write!(
                f,
                "Refused {status} {} (request {})",
                plain_code(code),
                plain_code(request_id)
            ),
            Fault::UserUnknown {
                request_id, code, ..
            } => write!(
                f,
                "UserUnknown {} (request {})",
                plain_code(code),
                plain_code(request_id)
            ),
            Fault::AnswerUnusable { request_id, .. } => {
                write!(f, "AnswerUnusable (request {})", plain_code(request_id))
            }
            Fault::KeyEnrolledFor { envelope, .. } | Fault::KeyRetired { envelope, .. } => {
                write!(f, "{} (envelope {})", kind(self.0), plain_code(envelope))
            }
            Fault::NotPermitted { refused, .. } => {
                write!(f, "NotPermitted (people refused: {})", refused.len())
            }
            Fault::PasskeyRefused { why } => write!(f, "PasskeyRefused: {}", why.brief()),
            Fault::Unreachable { what } => write!(f, "Unreachable{}", of_request(what)),
            Fault::SignIn { what } => write!(f, "SignIn{}", sign_in_code(what)),
            Fault::UserUnfit { .. }
            | Fault::TenantRefuses { .. }
            | Fault::Mailer { .. }
            | Fault::LetterSpoiled { .. }
            | Fault::OnHold { .. } => f.write_str(&kind(self.0)),
            // Keyline's own words, and those of systems that know no people.
            Fault::KeyGone
            | Fault::KeyMute
            | Fault::KeyHeldElsewhere
            | Fault::TouchMissing
            | Fault::TouchDeclined
            | Fault::ResetTooLate
            | Fault::ResetRefused
            | Fault::PinAuthBlocked
            | Fault::PinBlocked
            | Fault::PinChangeForced
            | Fault::PinRefused
            | Fault::StorageFull
            | Fault::CredentialExcluded
            | Fault::KeyUsed
            | Fault::KeyHoldsPasskey
            | Fault::WrongKey
            | Fault::CurrentPinMissing
            | Fault::SpecifiedPinMissing
            | Fault::UserDisabled
            | Fault::RegistrationUncertain
            | Fault::DeliveryUncertain
            | Fault::Interrupted
            | Fault::Cancelled
            | Fault::KeyGarbled { .. }
            | Fault::Transport { .. }
            | Fault::Ctap { .. }
            | Fault::PinWrong { .. }
            | Fault::PinSpared { .. }
            | Fault::PinTooShort { .. }
            | Fault::Unsupported { .. }
            | Fault::AttestationWrong { .. }
            | Fault::ModelNotAllowed { .. }
            | Fault::ModelRevoked { .. }
            | Fault::AttestationForeign { .. }
            | Fault::WrongSerial { .. }
            | Fault::KeyUnlisted { .. }
            | Fault::Throttled { .. }
            | Fault::Clock { .. }
            | Fault::PasskeyAmbiguous { .. }
            | Fault::PrinterAway { .. }
            | Fault::Folder { .. }
            | Fault::Ledger { .. }
            | Fault::LedgerHeld { .. }
            | Fault::LedgerUnfit { .. }
            | Fault::StationKeys { .. }
            | Fault::Recipients { .. }
            | Fault::Unsealable { .. }
            | Fault::PolicyMissing { .. }
            | Fault::Internal { .. } => Display::fmt(self.0, f),
        }
    }
}

/// The name of a variant, without what is in it.
pub fn kind(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let name = text.split(|c: char| !c.is_ascii_alphanumeric()).next();
    name.unwrap_or_default().to_owned()
}

/// Text that should be a code or an id, for the log: anything else is left out, for it may name a person.
pub fn plain_code(code: &str) -> &str {
    let is_code = code
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if is_code && code.len() <= CODE_CHARS_MAX {
        code
    } else {
        "(no code)"
    }
}

/// The request that words of a service end with, where they do: `… (request ID)`.
fn of_request(what: &str) -> String {
    let id = what
        .strip_suffix(')')
        .and_then(|what| what.rsplit_once("(request "));
    id.map_or_else(String::new, |(_, id)| {
        format!(" (request {})", plain_code(id))
    })
}

/// The number by which Entra calls what is wrong with a sign-in, where it tells one.
fn sign_in_code(what: &str) -> String {
    let Some((_, behind)) = what.split_once("AADSTS") else {
        return String::new();
    };
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    format!(" AADSTS{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::custody::Fate;

    #[test]
    fn kinds_codes_and_ids_are_told_and_nobody_is_named() {
        let words = || "Anna Lang <anna@contoso.com> of AADSTS50076: no".to_owned();
        let refused = Fault::Refused {
            status: 403,
            code: "accessDenied".to_owned(),
            message: words(),
            request_id: "r-1".to_owned(),
        };
        for (fault, told) in [
            (refused.clone(), "Refused 403 accessDenied (request r-1)"),
            (
                Fault::PasskeyRefused {
                    why: Box::new(refused),
                },
                "PasskeyRefused: Refused 403 accessDenied (request r-1)",
            ),
            (
                Fault::UserUnknown {
                    request_id: "r-2".to_owned(),
                    code: words(),
                    message: words(),
                },
                "UserUnknown (no code) (request r-2)",
            ),
            (
                Fault::KeyEnrolledFor {
                    holder: "Anna Lang".to_owned(),
                    envelope: "0042".to_owned(),
                },
                "KeyEnrolledFor (envelope 0042)",
            ),
            (
                Fault::KeyRetired {
                    fate: Fate::Lost,
                    holder: "Anna Lang".to_owned(),
                    envelope: "0042".to_owned(),
                },
                "KeyRetired (envelope 0042)",
            ),
            (
                Fault::NotPermitted {
                    why: words(),
                    refused: vec![words()],
                },
                "NotPermitted (people refused: 1)",
            ),
            (Fault::SignIn { what: words() }, "SignIn AADSTS50076"),
            (
                Fault::Unreachable {
                    what: "the service failed with 503 busy: Anna Lang (request r-0) waits (request r-3)".to_owned(),
                },
                "Unreachable (request r-3)",
            ),
            (Fault::Unreachable { what: words() }, "Unreachable"),
            (
                Fault::Unreachable {
                    what: "no (request Anna Lang)".to_owned(),
                },
                "Unreachable (request (no code))",
            ),
            (Fault::UserUnfit { why: words() }, "UserUnfit"),
            (Fault::OnHold { why: words() }, "OnHold"),
            (Fault::KeyGone, "the key was taken out"),
        ] {
            assert_eq!(fault.brief().to_string(), told);
        }
    }
}
