//! Every fault has its words, and they are words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect_file;

use super::*;
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::MethodId;
use crate::domain::fault::{CtapStatus, Move};
use crate::face::say::{Complaint, ExitCode};

/// Which variant it is. A new one makes this refuse to compile, and then it is missing below.
fn number(fault: &Fault) -> usize {
    match fault {
        Fault::KeyGone => 0,
        Fault::KeyMute => 1,
        Fault::KeyHeldElsewhere => 2,
        Fault::KeyGarbled { .. } => 3,
        Fault::Transport { .. } => 4,
        Fault::Ctap { .. } => 5,
        Fault::TouchMissing => 6,
        Fault::TouchDeclined => 7,
        Fault::ResetTooLate => 8,
        Fault::ResetRefused => 9,
        Fault::PinWrong { .. } => 10,
        Fault::PinAuthBlocked => 11,
        Fault::PinBlocked => 12,
        Fault::PinChangeForced => 13,
        Fault::PinTooShort { .. } => 14,
        Fault::PinRefused => 15,
        Fault::StorageFull => 16,
        Fault::CredentialExcluded => 17,
        Fault::Unsupported { .. } => 18,
        Fault::AttestationWrong { .. } => 19,
        Fault::ModelNotAllowed { .. } => 20,
        Fault::KeyUsed => 21,
        Fault::KeyHoldsPasskey => 22,
        Fault::KeyEnrolledFor { .. } => 23,
        Fault::WrongKey => 24,
        Fault::WrongSerial { .. } => 25,
        Fault::CurrentPinMissing => 26,
        Fault::SpecifiedPinMissing => 27,
        Fault::Unreachable { .. } => 28,
        Fault::Throttled { .. } => 29,
        Fault::SignIn { .. } => 30,
        Fault::Clock { .. } => 31,
        Fault::Refused { .. } => 32,
        Fault::UserUnknown { .. } => 33,
        Fault::AnswerUnusable { .. } => 34,
        Fault::RegistrationUncertain => 35,
        Fault::Mailer { .. } => 36,
        Fault::DeliveryUncertain => 37,
        Fault::Folder { .. } => 38,
        Fault::Ledger { .. } => 39,
        Fault::Unsealable { .. } => 40,
        Fault::PolicyMissing { .. } => 41,
        Fault::OnHold { .. } => 42,
        Fault::Cancelled => 43,
        Fault::Internal { .. } => 44,
        Fault::Interrupted => 45,
        Fault::LedgerHeld { .. } => 46,
        Fault::StationKeys { .. } => 47,
        Fault::Recipients { .. } => 48,
        Fault::LedgerUnfit { .. } => 49,
        Fault::PasskeyRefused { .. } => 50,
        Fault::PasskeyAmbiguous { .. } => 51,
        Fault::PinSpared { .. } => 52,
        Fault::PrinterAway { .. } => 53,
        Fault::LetterSpoiled { .. } => 54,
        Fault::UserDisabled => 55,
        Fault::UserUnfit { .. } => 56,
        Fault::TenantRefuses { .. } => 57,
        Fault::KeyUnlisted { .. } => 58,
        Fault::KeyRetired { .. } => 59,
        Fault::ModelRevoked { .. } => 60,
        Fault::AttestationForeign { .. } => 61,
        Fault::NotPermitted { .. } => 62,
    }
}

const FAULTS: usize = 63;

#[expect(clippy::too_many_lines, reason = "one of each")]
pub(in crate::face) fn all() -> Vec<Fault> {
    let text = |text: &str| text.to_owned();
    vec![
        Fault::UserDisabled,
        Fault::UserUnfit {
            why: text("guests have no passkeys here"),
        },
        Fault::TenantRefuses {
            why: text(
                "the passkey profile Keys does not list the model 2fc0579f-8113-47ea-b116-bb5a8db9202a",
            ),
        },
        Fault::KeyUnlisted {
            serial: text("23616243"),
        },
        Fault::KeyGone,
        Fault::KeyMute,
        Fault::KeyHeldElsewhere,
        Fault::KeyGarbled {
            what: text("a reply of 3 bytes to getInfo"),
        },
        Fault::Transport {
            what: text("no such device"),
        },
        Fault::Ctap {
            command: text("makeCredential"),
            status: CtapStatus::INVALID_PARAMETER,
        },
        Fault::TouchMissing,
        Fault::TouchDeclined,
        Fault::ResetTooLate,
        Fault::ResetRefused,
        Fault::PinWrong {
            retries_left: Some(0),
        },
        Fault::PinWrong {
            retries_left: Some(1),
        },
        Fault::PinWrong {
            retries_left: Some(5),
        },
        Fault::PinWrong { retries_left: None },
        Fault::PinSpared { retries_left: 3 },
        Fault::PinSpared { retries_left: 1 },
        Fault::PinSpared { retries_left: 0 },
        Fault::PinAuthBlocked,
        Fault::PinBlocked,
        Fault::PinChangeForced,
        Fault::PinTooShort {
            needed: 8,
            drawn: 6,
        },
        Fault::PinRefused,
        Fault::StorageFull,
        Fault::CredentialExcluded,
        Fault::Unsupported {
            what: text("a minimum PIN length (min_pin_length)"),
        },
        Fault::AttestationWrong {
            why: text("the signature does not fit"),
        },
        Fault::ModelNotAllowed {
            aaguid: Aaguid([0x2f; 16]),
        },
        Fault::ModelRevoked {
            model: text("Acme Key"),
            status: text("USER_KEY_REMOTE_COMPROMISE"),
        },
        Fault::AttestationForeign {
            why: text(
                "its certificate was signed by nobody whom the metadata names for this model",
            ),
        },
        Fault::KeyUsed,
        Fault::KeyHoldsPasskey,
        Fault::KeyEnrolledFor {
            holder: text("Anna Lang"),
            envelope: text("0042"),
        },
        Fault::KeyRetired {
            fate: Fate::Returned,
            holder: text("Anna Lang"),
            envelope: text("0042"),
        },
        Fault::KeyRetired {
            fate: Fate::Lost,
            holder: text("Anna Lang"),
            envelope: text("0042"),
        },
        Fault::KeyRetired {
            fate: Fate::Scrapped,
            holder: text("Anna Lang"),
            envelope: text("0042"),
        },
        Fault::WrongKey,
        Fault::WrongSerial {
            wanted: text("12345678"),
        },
        Fault::CurrentPinMissing,
        Fault::SpecifiedPinMissing,
        Fault::Unreachable {
            what: text("connection refused"),
        },
        Fault::Throttled { seconds: 1 },
        Fault::Throttled { seconds: 30 },
        Fault::SignIn {
            what: text("AADSTS7000215: Invalid client secret provided"),
        },
        Fault::NotPermitted {
            why: text(
                "the token bears neither UserAuthMethod-Passkey.ReadWrite.All nor UserAuthenticationMethod.ReadWrite.All",
            ),
            refused: Vec::new(),
        },
        Fault::Clock { seconds: -400 },
        Fault::Clock { seconds: 400 },
        Fault::Refused {
            status: 403,
            code: text("accessDenied"),
            message: text("Request Authorization failed"),
            request_id: text("4f7a1c52-51f1-4d0c-9f6e-0b7a6a1b2c3d"),
        },
        Fault::UserUnknown {
            request_id: text("4f7a1c52-51f1-4d0c-9f6e-0b7a6a1b2c3d"),
            code: text("Request_ResourceNotFound"),
            message: text("Resource 'anna@contoso.com' does not exist."),
        },
        Fault::AnswerUnusable {
            what: text("there is no challenge in it"),
            request_id: text("4f7a1c52-51f1-4d0c-9f6e-0b7a6a1b2c3d"),
        },
        Fault::RegistrationUncertain,
        Fault::PasskeyRefused {
            why: Box::new(Fault::Refused {
                status: 400,
                code: text("badRequest"),
                message: text("The model is not allowed"),
                request_id: text("4f7a1c52-51f1-4d0c-9f6e-0b7a6a1b2c3d"),
            }),
        },
        Fault::PasskeyAmbiguous {
            methods: ["qsT1", "qsT0="].map(|id| MethodId(text(id))).to_vec(),
        },
        Fault::Mailer {
            what: text("no font has the letter U+1F600 of `name`"),
        },
        Fault::DeliveryUncertain,
        Fault::PrinterAway {
            what: text("nobody answers at ipps://printer.contoso.com/ipp/print"),
        },
        Fault::LetterSpoiled {
            reason: text("torn in the tray"),
        },
        Fault::Folder {
            what: text("queue/new is not there"),
        },
        Fault::Ledger {
            what: text("the disk is full"),
        },
        Fault::LedgerHeld {
            ledger: text("ledger/keyline.db"),
            holder: text("process 4711"),
        },
        Fault::LedgerUnfit {
            what: text("ledger/keyline.db is not there"),
        },
        Fault::StationKeys {
            what: text("keys/signing.key is not a station key"),
        },
        Fault::Recipients {
            what: text("`age1xyz` is not an age recipient"),
        },
        Fault::Unsealable {
            what: text("no identity matches"),
        },
        Fault::PolicyMissing {
            policy: text("standard"),
        },
        Fault::OnHold {
            why: text("on leave until May"),
        },
        Fault::Interrupted,
        Fault::Cancelled,
        Fault::Internal {
            what: text("a plan without steps"),
        },
    ]
}

#[test]
fn every_fault_is_here() {
    let here: BTreeSet<usize> = all().iter().map(number).collect();
    assert_eq!(here, (0..FAULTS).collect());
}

#[test]
fn every_fault_has_a_sentence_and_a_hint_in_words() {
    for fault in all() {
        let (message, hint) = (message(&fault), hint(&fault));
        for text in [&message, &hint] {
            assert!(text.len() > 12, "{text}");
            assert!(text.ends_with('.') || text.ends_with(")."), "{text}");
            for debris in [
                "Some(", "None", "Ok(", "Err(", "::", "{", "}", "Aaguid", "..", "  ",
            ] {
                assert!(!text.contains(debris), "{debris} in: {text}");
            }
        }
        let first = message.chars().next().unwrap();
        assert!(
            first.is_uppercase() || message.starts_with("keyline"),
            "{message}"
        );
        assert_ne!(ExitCode::of(&fault), ExitCode::Done);
    }
}

#[test]
fn what_services_say_cannot_move_the_cursor() {
    let fault = Fault::Refused {
        status: 400,
        code: "bad\u{1b}[2J".to_owned(),
        message: "line\r\nerror: forged".to_owned(),
        request_id: "\u{202E}x".to_owned(),
    };
    let message = message(&fault);
    assert!(!message.chars().any(char::is_control), "{message}");
    assert!(!message.contains('\u{202E}'));
}

#[test]
fn all_of_it_can_be_read_aloud() {
    let mut text = String::new();
    for fault in all() {
        let _ = writeln!(
            text,
            "[{}] {}\n      {}\n",
            ExitCode::of(&fault).number(),
            message(&fault),
            hint(&fault)
        );
    }
    expect_file!["words.txt"].assert_eq(&text);
}

#[test]
fn a_refusal_without_code_or_reason_is_a_sentence_all_the_same() {
    let refused = |code: &str, reason: &str| {
        message(&Fault::Refused {
            status: 403,
            code: code.to_owned(),
            message: reason.to_owned(),
            request_id: "r-1".to_owned(),
        })
    };
    assert_eq!(
        [
            refused("Denied", "No way."),
            refused("", "No way"),
            refused("Denied", " "),
            refused("", ""),
        ],
        [
            "Entra refused with 403 Denied: No way. The request was r-1.",
            "Entra refused with 403: No way. The request was r-1.",
            "Entra refused with 403 Denied and gave no reason. The request was r-1.",
            "Entra refused with 403 and gave no reason. The request was r-1.",
        ]
    );
}

/// Whether a command that knows of no job can meet it.
fn comes_without_a_job(fault: &Fault) -> bool {
    fault.whose_move() == Move::Wait
        || matches!(
            fault,
            Fault::Refused { .. }
                | Fault::UserUnknown { .. }
                | Fault::UserDisabled
                | Fault::UserUnfit { .. }
                | Fault::TenantRefuses { .. }
                | Fault::AnswerUnusable { .. }
                | Fault::Mailer { .. }
                | Fault::PolicyMissing { .. }
                | Fault::Cancelled
                | Fault::Internal { .. }
        )
}

#[test]
fn nobody_is_told_to_release_or_to_cancel_a_job_that_there_is_not() {
    for fault in all().iter().filter(|fault| comes_without_a_job(fault)) {
        let hint = hint_to_command(fault);
        // A printer and a ledger stop commands about jobs alone.
        assert!(
            !hint.contains("job") && !hint.contains("slot"),
            "{fault:?}: {hint}"
        );
        assert!(hint.ends_with('.'), "{hint}");
    }
    let unknown = Fault::UserUnknown {
        request_id: "r-1".to_owned(),
        code: String::new(),
        message: String::new(),
    };
    assert!(hint(&unknown).contains("Cancel the job"), "of a held job");
    let complaint = Complaint::from(&unknown);
    assert!(complaint.hint.contains("keyline users find"));
}

#[test]
fn a_sign_in_that_a_disk_keeps_from_being_stored_names_the_disk() {
    let full = Fault::SignIn {
        what: "ledger/entra-sign-in.age cannot be written: No space left on device".to_owned(),
    };
    for hint in [hint(&full), hint_to_command(&full)] {
        assert!(hint.contains("the room on its disk"), "{hint}");
    }
}
