//! A station whose configuration came first, and the configuration that the package brings.

use std::os::unix::fs::PermissionsExt;

use super::*;

const PACKAGED: &str = include_str!("../../../config/debian/station.toml");

/// A recipient of nobody's: its private half was thrown away.
fn recipient(home: &Path) -> String {
    generate_practice_identity(&home.join("thrown-away.txt")).expect("a pair")
}

fn configured(home: &Path, recipients: &[String]) -> PathBuf {
    let file = home.join("etc/station.toml");
    std::fs::create_dir(home.join("etc")).expect("a folder");
    let text = configuration(recipients, &[]).expect("the template has what is changed");
    let at = |name: &str| format!("\"{}/{name}\"", home.join("var").display());
    let text = text
        .replace("\"ledger/keyline.db\"", &at("ledger.db"))
        .replace("\"keys\"", &at("keys"))
        .replace("folder = \"queue\"", &format!("folder = {}", at("queue")));
    write_new(&file, &text).expect("written");
    file
}

#[test]
fn a_station_is_made_where_its_configuration_says() {
    let home = tempfile::tempdir().expect("a folder");
    let file = configured(home.path(), &[recipient(home.path())]);
    let before = std::fs::read(&file).expect("it is there");
    let made = init_configured(&file).expect("a station");
    assert_eq!(made.ledger, home.path().join("var/ledger.db"));
    assert!(home.path().join("var/queue/new").is_dir());
    assert!(home.path().join("var/keys").is_dir());
    assert_eq!(std::fs::read(&file).expect("still there"), before);

    let again = init_configured(&file).expect_err("a ledger is never replaced");
    assert!(again.to_string().contains("is there already"), "{again}");
}

#[test]
fn without_recipients_nothing_is_made() {
    let home = tempfile::tempdir().expect("a folder");
    let fault = init_configured(&configured(home.path(), &[])).expect_err("nobody could read it");
    assert!(fault.to_string().contains("names no recipient"), "{fault}");
    assert!(!home.path().join("var").exists());
}

#[test]
fn a_configuration_that_is_replaced_keeps_its_mode() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("station.toml");
    write_new(&file, "before").expect("written");
    for mode in [0o644, 0o640] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("changed");
        replace(&file, "after").expect("replaced");
        let metadata = file.metadata().expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
    }
    assert_eq!(std::fs::read_to_string(&file).expect("text"), "after");
}

#[test]
fn the_packaged_configuration_is_the_shipped_one_at_other_places() {
    // All but the head, which tells where the file lies.
    let body = |text: &'static str| text.split_once("\n[entra]\n").expect("a section").1;
    let differing: Vec<_> = body(TEMPLATE)
        .lines()
        .zip(body(PACKAGED).lines())
        .filter(|(shipped, packaged)| shipped != packaged)
        .map(|(_, packaged)| packaged)
        .collect();
    assert_eq!(
        differing,
        [
            "client_secret = { credential = \"client-secret\" }",
            "file = \"/var/lib/keyline/ledger/keyline.db\"",
            "keys = \"/var/lib/keyline/keys\"",
            "file = \"/var/lib/keyline/ledger/models.jsonl\"",
            "folder = \"/var/lib/keyline/queue\"",
            "policies = \"/etc/keyline/policies\"",
            "folder = \"/var/lib/keyline/mailers\"",
            "folder = \"/var/log/keyline\"",
        ]
    );
    assert_eq!(
        body(TEMPLATE).lines().count(),
        body(PACKAGED).lines().count()
    );
    let config = Config::parse(PACKAGED).expect("it parses");
    let places = [
        &config.ledger.file,
        &config.ledger.keys,
        &config.queue.folder,
        &config.queue.policies,
        &config.letters.folder,
        &config.log.folder,
    ];
    assert!(places.iter().all(|place| place.is_absolute()), "{places:?}");
}
