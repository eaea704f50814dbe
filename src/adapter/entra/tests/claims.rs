//! What a token says of itself, and that one which says nothing is no fault.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::adapter::entra::claims::read;
use crate::domain::time::Timestamp;

fn token(claims: &Value) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

#[test]
fn the_token_of_an_application_has_its_roles() {
    let claims = read(&token(&json!({
        "roles": ["UserAuthMethod-Passkey.ReadWrite.All", "GroupMember.Read.All", 7],
        "tid": "t", "appid": "a", "exp": 1_780_000_000,
    })))
    .unwrap();
    assert!(!claims.grants.delegated);
    assert_eq!(
        claims.grants.permissions,
        [
            "UserAuthMethod-Passkey.ReadWrite.All",
            "GroupMember.Read.All"
        ]
    );
    assert_eq!(claims.grants.tenant.as_deref(), Some("t"));
    assert_eq!(claims.grants.application.as_deref(), Some("a"));
    assert_eq!(claims.expires, Some(Timestamp(1_780_000_000_000)));
    assert_eq!((claims.name, claims.grants.account), (None, None));
}

#[test]
fn the_token_of_a_person_has_scopes_and_says_who_it_is_in_both_versions() {
    for (name, client) in [("upn", "appid"), ("preferred_username", "azp")] {
        // A person's roles are those of the directory, and no permissions.
        let claims = read(&token(&json!({
            "scp": "User.Read  GroupMember.Read.All", "roles": ["no"],
            name: "ada@contoso.com", client: "a", "name": "Ada\u{1b}[2J",
        })))
        .unwrap();
        assert!(claims.grants.delegated);
        assert_eq!(
            claims.grants.permissions,
            ["User.Read", "GroupMember.Read.All"]
        );
        assert_eq!(claims.grants.account.as_deref(), Some("ada@contoso.com"));
        assert_eq!(claims.grants.application.as_deref(), Some("a"));
        assert!(!claims.name.unwrap().contains('\u{1b}'));
    }
}

#[test]
fn an_application_that_nobody_has_consented_to_has_no_permission() {
    let claims = read(&token(&json!({ "tid": "t" }))).unwrap();
    assert!(claims.grants.permissions.is_empty() && !claims.grants.delegated);
}

#[test]
fn an_opaque_token_says_nothing() {
    let payload = URL_SAFE_NO_PAD.encode("{}");
    for opaque in [
        "",
        "t0ken",
        "EwB4A8l6BAAU",
        "a.b",
        "a.%%%.c",
        "a.W10.c",
        &format!("a.{payload}.c.d"),
        &format!("{payload}.{payload}"),
    ] {
        assert_eq!(read(opaque), None, "{opaque}");
    }
    // Padded base64 is not what the standard wants, and not a reason to stop either.
    let padded = format!("a.{}.c", STANDARD.encode(r#"{"tid":"1"}"#));
    assert!(read(&padded).is_some());
}

proptest! {
    #[test]
    fn no_token_brings_the_adapter_down(token in "\\PC{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = read(&token);
        let _ = read(&format!("a.{}.c", URL_SAFE_NO_PAD.encode(bytes)));
    }
}
