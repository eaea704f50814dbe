//! Events as the ledger keeps them for years. A change here needs a migration: journals of today must be readable then.

use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn is_stored_as(event: &Event, wanted: Expect) {
    let text = serde_json::to_string(event).expect("events are plain data");
    wanted.assert_eq(&text);
    assert_eq!(&serde_json::from_str::<Event>(&text).unwrap(), event);
}

#[test]
fn a_key_was_bound() {
    is_stored_as(
        &began(1, &ALL),
        expect![[
            r#"{"attempt":1,"event":"began","binding":{"slot":3,"attachment":"hid","serial":"32070001","model":"Security Key","fingerprint":{"aaguid":"2f2f2f2f-2f2f-2f2f-2f2f-2f2f2f2f2f2f","firmware_version":328965}},"plan":{"steps":["reset","set_pin","make_credential","register","configure","deliver"],"configuration":{"always_uv":false,"min_pin_length":null,"force_pin_change":false}}}"#
        ]],
    );
}

#[test]
fn a_step_was_started() {
    is_stored_as(
        &started(1, Step::Reset),
        expect![[r#"{"attempt":1,"event":"started","step":"reset","intent":"plain"}"#]],
    );
    is_stored_as(
        &started(1, Step::Register),
        expect![[
            r#"{"attempt":1,"event":"started","step":"register","intent":{"register":{"replaces":["old"]}}}"#
        ]],
    );
    is_stored_as(
        &started(1, Step::Deliver),
        expect![[
            r#"{"attempt":1,"event":"started","step":"deliver","intent":{"deliver":{"control":"482091735583"}}}"#
        ]],
    );
}

#[test]
fn a_step_was_done() {
    is_stored_as(
        &done(1, Step::SetPin),
        expect![[r#"{"attempt":1,"event":"done","step":"set_pin","evidence":"plain"}"#]],
    );
    is_stored_as(
        &done(1, Step::MakeCredential),
        expect![[
            r#"{"attempt":1,"event":"done","step":"make_credential","evidence":{"made":{"credential":"01010101","rp_id":"login.microsoft.com","aaguid":"2f2f2f2f-2f2f-2f2f-2f2f-2f2f2f2f2f2f","format":"packed","algorithm":-7,"credential_protection":null,"hmac_secret":true,"own_check":{"verdict":"agrees"},"second_opinion":{"verdict":"cannot_judge","why":"no x5c"},"expires":1790000000000}}}"#
        ]],
    );
    is_stored_as(
        &done(2, Step::Register),
        expect![[
            r#"{"attempt":2,"event":"done","step":"register","evidence":{"registered":{"method":"method-2","witness":"reply"}}}"#
        ]],
    );
    is_stored_as(
        &done(1, Step::Deliver),
        expect![[
            r#"{"attempt":1,"event":"done","step":"deliver","evidence":{"delivered":{"control":"482091735583","target":"mailers/0042.pdf","confirmed":"device"}}}"#
        ]],
    );
}

#[test]
fn a_step_was_not_done_or_an_attempt_was_given_up() {
    is_stored_as(
        &not_done(1, Step::MakeCredential),
        expect![[
            r#"{"attempt":1,"event":"not_done","step":"make_credential","fault":{"fault":"touch_missing"}}"#
        ]],
    );
    let orphan = Some(credential(1));
    is_stored_as(
        &abandoned(1, Step::MakeCredential, orphan),
        expect![[
            r#"{"attempt":1,"event":"abandoned","reason":{"fault":"key_gone"},"credential":"01010101","restart":"make_credential"}"#
        ]],
    );
}

#[test]
fn a_letter_was_void_and_a_pin_changed() {
    is_stored_as(
        &reissue::reissued(1),
        expect![[
            r#"{"attempt":1,"event":"reissued","reason":"the printer ate it","void":"482091735583"}"#
        ]],
    );
    is_stored_as(
        &started(2, Step::ChangePin),
        expect![[r#"{"attempt":2,"event":"started","step":"change_pin","intent":"plain"}"#]],
    );
}

#[test]
fn a_key_was_bagged_a_sheet_printed_and_both_left() {
    is_stored_as(
        &event(1, Happening::Bagged),
        expect![[r#"{"attempt":1,"event":"bagged"}"#]],
    );
    for (sheet, wanted) in
        paper::sheets()
            .into_iter()
            .zip([expect![[r#"{"attempt":1,"event":"printed","control":"482091735583","sheet":{"accepted":{"ticket":{"printer":"ipp://printer.example/ipp/print","job":7,"uuid":null,"name":"keyline 7"}}}}"#]], expect![[r#"{"attempt":1,"event":"printed","control":"482091735583","sheet":"on_paper"}"#]], expect![[r#"{"attempt":1,"event":"printed","control":"482091735583","sheet":{"unknown":{"why":"aborted"}}}"#]]])
    {
        is_stored_as(&paper::printed(1, sheet), wanted);
    }
    is_stored_as(
        &paper::spoiled(1),
        expect![[r#"{"attempt":1,"event":"spoiled","control":"482091735583","reason":"torn"}"#]],
    );
    for (what, wanted) in [
        (
            Leaving::LetterEnveloped,
            expect![[r#"{"attempt":1,"event":"left","what":"letter_enveloped"}"#]],
        ),
        (
            Leaving::BagDispatched,
            expect![[r#"{"attempt":1,"event":"left","what":"bag_dispatched"}"#]],
        ),
        (
            Leaving::LetterDispatched,
            expect![[r#"{"attempt":1,"event":"left","what":"letter_dispatched"}"#]],
        ),
    ] {
        is_stored_as(&paper::left(1, what), wanted);
    }
}

/// Journals of the versions that confirmed nothing are read, and written again as they were.
#[test]
fn a_delivery_of_an_older_version_is_read() {
    let text = r#"{"attempt":1,"event":"done","step":"deliver","evidence":{"delivered":{"control":"482091735583","target":"mailers/0042.pdf"}}}"#;
    let old: Event = serde_json::from_str(text).expect("journals of older versions are read");
    assert_eq!(serde_json::to_string(&old).expect("plain data"), text);
    let mut events = before(Step::Deliver);
    events.extend([started(1, Step::Deliver), old]);
    assert_eq!(state(&events).next(), Command::Finish);
}

#[test]
fn a_job_was_held_released_or_cancelled() {
    is_stored_as(
        &held(1),
        expect![[r#"{"attempt":1,"event":"held","fault":{"fault":"delivery_uncertain"}}"#]],
    );
    is_stored_as(
        &event(1, Happening::Released),
        expect![[r#"{"attempt":1,"event":"released"}"#]],
    );
    let cancelled = Happening::Cancelled { credential: None };
    is_stored_as(
        &event(0, cancelled),
        expect![[r#"{"attempt":0,"event":"cancelled","credential":null}"#]],
    );
}

#[test]
fn every_fault_and_every_happening_survives_the_ledger() {
    let faults = [
        Fault::Ctap {
            command: "authenticatorReset".to_owned(),
            status: crate::domain::fault::CtapStatus::OPERATION_DENIED,
        },
        Fault::PinWrong {
            retries_left: Some(3),
        },
        Fault::Refused {
            status: 400,
            code: "c".to_owned(),
            message: "m".to_owned(),
            request_id: "r".to_owned(),
        },
        Fault::Clock { seconds: -5 },
        Fault::PasskeyRefused {
            why: Box::new(Fault::UserUnknown {
                request_id: "r".to_owned(),
                code: String::new(),
                message: String::new(),
            }),
        },
    ];
    for fault in faults {
        let held = event(7, Happening::Held { fault });
        let text = serde_json::to_string(&held).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), held);
    }
    let rebound = event(
        1,
        Happening::Rebound {
            binding: binding(""),
        },
    );
    let text = serde_json::to_string(&rebound).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), rebound);
}
