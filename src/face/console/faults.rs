//! What a fault says, in the visitor's language. The English of it is [`crate::face::say::fault`]'s, letter for letter: a test holds
//! the two together. What somebody else said (a driver, Entra, a file system) stays in English and is marked so. Never a hint: who
//! has to act, and how, is the page's to say.

use super::bench::text::{Sentence, Text};
use crate::domain::custody::Fate;
use crate::domain::fault::Fault;
use crate::face::say::clean::clean;
use crate::face::say::mds;
use crate::face::say::news::sentence;

/// What happened, in sentences and parts of sentences that follow each other with a space between.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each fault, and no other logic"
)]
pub(super) fn said(fault: &Fault) -> Vec<Sentence> {
    match fault {
        Fault::KeyGone => plain("fault.key_gone"),
        Fault::KeyMute => plain("fault.key_mute"),
        Fault::KeyHeldElsewhere => plain("fault.key_held_elsewhere"),
        Fault::KeyGarbled { what } => because("fault.key_garbled", what),
        Fault::Transport { what } => because("fault.transport", what),
        Fault::Ctap { command, status } => ours(
            Text::with("fault.ctap", "command", clean(command)).and("status", status.to_string()),
        ),
        Fault::TouchMissing => plain("fault.touch_missing"),
        Fault::TouchDeclined => plain("fault.touch_declined"),
        Fault::ResetTooLate => plain("fault.reset_too_late"),
        Fault::ResetRefused => plain("fault.reset_refused"),
        Fault::PinWrong { retries_left: None } => plain("fault.pin_wrong"),
        Fault::PinWrong {
            retries_left: Some(0),
        } => plain("fault.pin_wrong_last"),
        Fault::PinWrong {
            retries_left: Some(left),
        } => count("fault.pin_wrong_left", u64::from(*left)),
        Fault::PinSpared { retries_left: 0 } => plain("fault.pin_spared_last"),
        Fault::PinSpared { retries_left } => count("fault.pin_spared", u64::from(*retries_left)),
        Fault::PinAuthBlocked => plain("fault.pin_auth_blocked"),
        Fault::PinBlocked => plain("fault.pin_blocked"),
        Fault::PinChangeForced => plain("fault.pin_change_forced"),
        Fault::PinTooShort { needed, drawn } => ours(
            Text::with("fault.pin_too_short", "needed", needed.to_string())
                .and("drawn", drawn.to_string()),
        ),
        Fault::PinRefused => plain("fault.pin_refused"),
        Fault::StorageFull => plain("fault.storage_full"),
        Fault::CredentialExcluded => plain("fault.credential_excluded"),
        Fault::Unsupported { what } => because("fault.unsupported", what),
        Fault::AttestationWrong { why } => because("fault.attestation_wrong", why),
        Fault::ModelNotAllowed { aaguid } => with(
            "fault.model_not_allowed",
            "aaguid",
            aaguid.to_string().as_str(),
        ),
        Fault::ModelRevoked { model, status } => {
            let mut said = with("fault.model_revoked", "model", model);
            said.push(alarm(status));
            said
        }
        Fault::AttestationForeign { why } => because("fault.attestation_foreign", why),
        Fault::KeyUsed => plain("fault.key_used"),
        Fault::KeyHoldsPasskey => plain("fault.key_holds_passkey"),
        Fault::KeyEnrolledFor { holder, envelope } => {
            of_envelope("fault.key_enrolled_for", holder, envelope)
        }
        Fault::KeyRetired {
            fate,
            holder,
            envelope,
        } => {
            let key = match fate {
                Fate::Returned => "fault.key_returned",
                Fate::Lost => "fault.key_lost",
                Fate::Scrapped => "fault.key_scrapped",
            };
            of_envelope(key, holder, envelope)
        }
        Fault::WrongKey => plain("fault.wrong_key"),
        Fault::WrongSerial { wanted } => with("fault.wrong_serial", "serial", wanted),
        Fault::KeyUnlisted { serial } => with("fault.key_unlisted", "serial", serial),
        Fault::CurrentPinMissing => plain("fault.current_pin_missing"),
        Fault::SpecifiedPinMissing => plain("fault.specified_pin_missing"),
        Fault::Unreachable { what } => because("fault.unreachable", what),
        Fault::Throttled { seconds } => count("fault.throttled", *seconds),
        Fault::SignIn { what } => because("fault.sign_in", what),
        Fault::NotPermitted { why, .. } => because("fault.not_permitted", why),
        Fault::Clock { seconds } => count("fault.clock", seconds.unsigned_abs()),
        Fault::Refused {
            status,
            code,
            message,
            request_id,
        } => refused(*status, code, message, request_id),
        Fault::UserUnknown {
            request_id,
            code,
            message,
        } => unknown(code, message, request_id),
        Fault::UserDisabled => plain("fault.user_disabled"),
        Fault::UserUnfit { why } => because("fault.user_unfit", why),
        Fault::TenantRefuses { why } => because("fault.tenant_refuses", why),
        Fault::AnswerUnusable { what, request_id } => {
            let mut said = because("fault.answer_unusable", what);
            if !request_id.is_empty() {
                said.extend(with("fault.request", "request", request_id));
            }
            said
        }
        Fault::RegistrationUncertain => plain("fault.registration_uncertain"),
        Fault::PasskeyRefused { why } => {
            let mut parts = plain("fault.passkey_refused");
            parts.extend(said(why));
            parts
        }
        Fault::PasskeyAmbiguous { methods } => {
            let methods: Vec<&str> = methods.iter().map(|method| method.0.as_str()).collect();
            with("fault.passkey_ambiguous", "methods", &methods.join(", "))
        }
        Fault::Mailer { what } => because("fault.mailer", what),
        Fault::DeliveryUncertain => plain("fault.delivery_uncertain"),
        Fault::PrinterAway { what } => because("fault.printer_away", what),
        // Somebody's own words, in whatever language they have.
        Fault::LetterSpoiled { reason } => {
            ours(Text::with("fault.letter_spoiled", "why", sentence(reason)))
        }
        Fault::OnHold { why } => ours(Text::with("fault.on_hold", "why", sentence(why))),
        Fault::Interrupted => plain("fault.interrupted"),
        Fault::Folder { what } => because("fault.folder", what),
        Fault::Ledger { what } => because("fault.ledger", what),
        Fault::LedgerHeld { ledger, holder } => ours(
            Text::with("fault.ledger_held", "holder", clean(holder)).and("ledger", clean(ledger)),
        ),
        Fault::LedgerUnfit { what } => because("fault.ledger_unfit", what),
        Fault::StationKeys { what } => because("fault.station_keys", what),
        Fault::Recipients { what } => because("fault.recipients", what),
        Fault::Unsealable { what } => because("fault.unsealable", what),
        Fault::PolicyMissing { policy } => with("fault.policy_missing", "policy", policy),
        Fault::Cancelled => plain("fault.cancelled"),
        Fault::Internal { what } => because("fault.internal", what),
    }
}

fn ours(text: Text) -> Vec<Sentence> {
    vec![Sentence::Ours(text)]
}

fn plain(key: &str) -> Vec<Sentence> {
    ours(Text::plain(key))
}

fn with(key: &str, name: &'static str, value: &str) -> Vec<Sentence> {
    ours(Text::with(key, name, clean(value)))
}

fn count(key: &str, count: u64) -> Vec<Sentence> {
    ours(Text::count(key, count))
}

/// Our words, and behind them somebody else's.
fn because(key: &str, what: &str) -> Vec<Sentence> {
    vec![
        Sentence::Ours(Text::plain(key)),
        Sentence::Theirs(sentence(what)),
    ]
}

fn of_envelope(key: &str, holder: &str, envelope: &str) -> Vec<Sentence> {
    ours(Text::with(key, "holder", clean(holder)).and("envelope", clean(envelope)))
}

/// Why a model is not to be trusted. A status that is not known stays as the metadata has it.
fn alarm(status: &str) -> Sentence {
    let key = match status {
        "REVOKED" => "fault.model_is_revoked",
        "USER_VERIFICATION_BYPASS" => "fault.model_is_bypassed",
        "ATTESTATION_KEY_COMPROMISE" => "fault.model_is_forged",
        "USER_KEY_REMOTE_COMPROMISE" => "fault.model_leaks_over_the_wire",
        "USER_KEY_PHYSICAL_COMPROMISE" => "fault.model_leaks_in_hand",
        other => return Sentence::Theirs(format!("{}.", mds::status(other))),
    };
    Sentence::Ours(Text::plain(key))
}

/// A refusal, with everything that Entra gave.
fn refused(status: u16, code: &str, message: &str, request_id: &str) -> Vec<Sentence> {
    let what = format!("{status} {}", clean(code));
    let what = what.trim_end().to_owned();
    let mut said = match message.trim() {
        "" => ours(Text::with("fault.refused_mute", "what", what)),
        message => vec![
            Sentence::Ours(Text::with("fault.refused", "what", what)),
            Sentence::Theirs(sentence(message)),
        ],
    };
    said.extend(with("fault.request", "request", request_id));
    said
}

/// A user whom the tenant does not know.
fn unknown(code: &str, message: &str, request_id: &str) -> Vec<Sentence> {
    let code = match code {
        "" => String::new(),
        code => format!(" (404 {})", clean(code)),
    };
    let mut said = match message.trim() {
        "" => ours(Text::with("fault.user_unknown", "code", code)),
        message => vec![
            Sentence::Ours(Text::with("fault.user_unknown_because", "code", code)),
            Sentence::Theirs(sentence(message)),
        ],
    };
    said.extend(with("fault.request", "request", request_id));
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::console::words::Words;
    use crate::face::say::fault;

    fn in_words(fault: &Fault, language: &str) -> String {
        let words = Words::get(language);
        assert_eq!(words.language(), language);
        let said: Vec<String> = said(fault).iter().map(|one| one.say(words)).collect();
        said.join(" ")
    }

    #[test]
    fn in_english_a_page_says_what_the_command_says() {
        let mut faults = fault::tests::all();
        for message in ["", "Not today"] {
            let [request_id, message] = ["r-1", message].map(str::to_owned);
            faults.push(Fault::Refused {
                status: 400,
                code: String::new(),
                message: message.clone(),
                request_id: request_id.clone(),
            });
            faults.push(Fault::UserUnknown {
                request_id,
                code: String::new(),
                message,
            });
        }
        faults.extend(
            [
                "REVOKED",
                "USER_VERIFICATION_BYPASS",
                "ATTESTATION_KEY_COMPROMISE",
                "USER_KEY_PHYSICAL_COMPROMISE",
                "SOMETHING_NEW",
            ]
            .map(|status| Fault::ModelRevoked {
                model: "Acme Key".to_owned(),
                status: status.to_owned(),
            }),
        );
        for fault in faults {
            assert_eq!(in_words(&fault, "en"), fault::message(&fault));
        }
    }

    #[test]
    fn in_german_every_fault_is_german_but_for_what_others_said() {
        let (english, german) = (Words::get("en"), Words::get("de"));
        for fault in fault::tests::all() {
            let parts = said(&fault);
            let own: Vec<&Sentence> = parts
                .iter()
                .filter(|part| !part.is_foreign(german))
                .collect();
            assert!(!own.is_empty(), "{fault:?}");
            for part in own {
                assert_ne!(part.say(german), part.say(english), "{fault:?}");
            }
            let whole = in_words(&fault, "de");
            assert!(!whole.contains(['{', '}']), "{whole}");
        }
    }

    #[test]
    fn nothing_that_a_service_says_turns_the_line() {
        let fault = Fault::Refused {
            status: 400,
            code: "bad\u{1b}[2J".to_owned(),
            message: "line\r\nerror: {what}".to_owned(),
            request_id: "\u{202E}{request}".to_owned(),
        };
        for language in ["en", "de"] {
            let said = in_words(&fault, language);
            assert!(!said.chars().any(char::is_control), "{said}");
            assert!(!said.contains('\u{202E}'), "{said}");
            // What looks like a placeholder stays what it is.
            assert!(
                said.contains("{what}") && said.contains("{request}"),
                "{said}"
            );
        }
    }
}
