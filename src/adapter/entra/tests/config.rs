//! Which configurations are refused, and where the client secret is read from.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use url::Url;

use crate::adapter::entra::{Api, EntraConfig, SecretSource};
use crate::domain::fault::Fault;

fn config() -> EntraConfig {
    EntraConfig {
        tenant: "contoso.com".to_owned(),
        client_id: "0c0ffee0-0000-4000-8000-000000000001".to_owned(),
        authority: Url::parse("https://login.microsoftonline.com").unwrap(),
        graph: Url::parse("https://graph.microsoft.com").unwrap(),
        api: Api::V1_0,
        challenge_timeout_minutes: None,
        timeout: std::time::Duration::from_secs(1),
        ca_file: None,
    }
}

fn at(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn check(change: impl FnOnce(&mut EntraConfig), words: &str) {
    let mut config = config();
    change(&mut config);
    let refusal = config.check().unwrap_err().to_string();
    assert!(refusal.contains(words), "{refusal}");
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn http_is_for_this_machine_alone() {
    assert_eq!(config().check(), Ok(()));
    for url in [
        "http://127.0.0.1:8080",
        "http://[::1]:1",
        "http://localhost:9/",
    ] {
        let graph = at(url);
        assert_eq!(EntraConfig { graph, ..config() }.check(), Ok(()), "{url}");
    }
    check(
        |one| one.graph = at("http://graph.microsoft.com"),
        "a token would travel in clear",
    );
    check(
        |one| one.authority = at("http://127.0.0.1.example.com"),
        "authority `http://127",
    );
    check(
        |one| one.graph = at("http://10.0.0.1"),
        "a token would travel in clear",
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused_in_words() {
    check(
        |one| one.graph = at("https://u:hunter2@graph.microsoft.com"),
        "user name or password",
    );
    check(
        |one| one.graph = at("ftp://graph.microsoft.com"),
        "neither https nor http",
    );
    check(
        |one| one.graph = at("https://graph.microsoft.com/?x=1"),
        "query",
    );
    check(
        |one| one.graph = at("https://graph.microsoft.us"),
        "global cloud only",
    );
    check(
        |one| one.authority = at("https://login.microsoftonline.us"),
        "global cloud only",
    );
    check(
        |one| one.graph = at("https://graph.svc.sovcloud.fr"),
        "global cloud only",
    );
    check(
        |one| one.authority = at("https://login.sovcloud-identity.de"),
        "global cloud only",
    );
    // What only looks like one is somebody's own.
    let authority = at("https://notsovcloud.fr");
    assert_eq!(
        EntraConfig {
            authority,
            ..config()
        }
        .check(),
        Ok(())
    );
    check(
        |one| one.tenant = "contoso/x".to_owned(),
        "neither a tenant id",
    );
    check(|one| one.tenant = "..".to_owned(), "neither a tenant id");
    for anybody in ["common", "Organizations", "consumers"] {
        check(
            |one| one.tenant = anybody.to_owned(),
            "whatever tenant somebody belongs to",
        );
    }
    check(
        |one| one.client_id = "app".to_owned(),
        "not an application id",
    );
    check(
        |one| one.challenge_timeout_minutes = Some(60),
        "goes with api = \"beta\" only",
    );
    check(
        |one| {
            one.api = Api::Beta;
            one.challenge_timeout_minutes = Some(4);
        },
        "5 to 43200",
    );
}

#[test]
fn the_client_secret_comes_from_where_it_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "s3cret~value\n").unwrap();
    let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o600);
    assert_eq!(
        SecretSource::File(path.clone()).read().unwrap().reveal(),
        "s3cret~value"
    );

    let refusal = |source: SecretSource| match source.read() {
        Err(Fault::SignIn { what }) => what,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("taken"),
    };
    for open in [0o644, 0o640, 0o602] {
        mode(open);
        let what = refusal(SecretSource::File(path.clone()));
        let words = format!("chmod 600 {}", path.display());
        assert!(what.contains(&words) && !what.contains("s3cret"), "{what}");
    }
    mode(0o600);
    std::fs::write(&path, "\n").unwrap();
    assert!(refusal(SecretSource::File(path.clone())).contains("empty"));
    std::fs::write(&path, vec![b'a'; 5000]).unwrap();
    assert!(refusal(SecretSource::File(path.clone())).contains("larger"));
    assert!(refusal(SecretSource::File(folder.path().join("none"))).contains("none"));
    assert!(
        refusal(SecretSource::Env("KEYLINE_NO_SUCH_VARIABLE".to_owned()))
            .contains("KEYLINE_NO_SUCH")
    );

    // Cargo sets this one for every test.
    let source = SecretSource::Env("CARGO_PKG_NAME".to_owned());
    assert_eq!(source.read().unwrap().reveal(), "keyline");

    let source: SecretSource = serde_json::from_value(json!({ "credential": "entra" })).unwrap();
    assert_eq!(source, SecretSource::Credential("entra".to_owned()));
}
