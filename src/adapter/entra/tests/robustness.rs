//! No answer whatsoever, however odd, brings the adapter down.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NOW, decode, good_options};
use crate::adapter::entra::{Answer, bundle, creation_options, fido2_methods, token};

/// JSON out of the members that the adapter looks at, and others.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,30}".prop_map(Value::from),
        "[A-Za-z0-9_=+/-]{0,40}[012]?".prop_map(Value::from),
        Just(json!("login.microsoft.com")),
        Just(json!("2026-05-28T20:31:40")),
    ];
    let name = proptest::sample::select(vec![
        "value",
        "publicKey",
        "challengeTimeoutDateTime",
        "rp",
        "user",
        "id",
        "challenge",
        "excludeCredentials",
        "pubKeyCredParams",
        "alg",
        "extensions",
        "@odata.nextLink",
        "aaGuid",
        "error",
        "code",
        "message",
        "access_token",
        "expires_in",
        "error_codes",
        "error_description",
    ]);
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..8).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

fn read_every_way(body: &[u8]) {
    let _ = creation_options::decode(body, NOW);
    let _ = fido2_methods::decode_page(body);
    let _ = fido2_methods::registered(body);
    let _ = token::decode(body);
    let _ = bundle::open(body, None);
    let _ = bundle::open(body, Some("password"));
    for status in [302, 400, 401, 404, 409, 429, 503] {
        let answer = Answer {
            status,
            request_id: "r".to_owned(),
            from_graph: false,
            retry_after: None,
            date: None,
            body: body.to_vec().into(),
        };
        let _ = (
            answer.refused(),
            answer.failed(),
            answer.refused_token(),
            token::refused(&answer, &[("client_secret", "s")]).fault(),
        );
    }
}

proptest! {
    #[test]
    fn no_json_brings_the_adapter_down(value in any_json()) {
        read_every_way(value.to_string().as_bytes());
    }

    #[test]
    fn no_bytes_bring_the_adapter_down(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_every_way(&body);
    }

    #[test]
    fn a_good_answer_with_one_member_replaced_is_read_or_refused(value in any_json(), which in 0_usize..14) {
        let pointers = [
            "/publicKey", "/publicKey/rp", "/publicKey/rp/id", "/publicKey/user", "/publicKey/user/id",
            "/publicKey/challenge", "/publicKey/pubKeyCredParams", "/publicKey/pubKeyCredParams/0/alg",
            "/publicKey/timeout", "/publicKey/excludeCredentials", "/publicKey/excludeCredentials/0/id",
            "/publicKey/extensions", "/publicKey/extensions/hmacCreateSecret", "/challengeTimeoutDateTime",
        ];
        let mut body = good_options();
        *body.pointer_mut(pointers[which]).unwrap() = value;
        let _ = decode(&body);
    }
}
