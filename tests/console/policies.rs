//! Policies and settings: in force, where from, no secrets; and what a policy would do for a person.

use super::office::Desk;

const ANNA: &str = "anna.lang@contoso.com";

#[test]
fn settings_say_where_they_come_from_and_secrets_only_where_they_are() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    let page = adam.get("/policies").text;
    let row = |name: &str| {
        let (_, rest) = page.split_once(&format!("{name}</th>")).expect(name);
        rest.split("</tr>").next().unwrap_or_default().to_owned()
    };
    assert!(
        row("[entra] tenant").contains("contoso.com") && row("[entra] tenant").contains("file")
    );
    assert!(
        row("[queue] bad_rows").contains("reject_file"),
        "{}",
        row("[queue] bad_rows")
    );
    assert!(row("[entra] client_secret").contains("secret"), "{page}");
    assert!(!page.contains("practice~secret"), "{page}");
    let policy = adam.get("/policies/strict").text;
    assert!(
        policy.contains("force_pin_change") && policy.contains("strict.toml"),
        "{policy}"
    );
    assert_eq!(adam.get("/policies/nosuch").status, 404);
    assert_eq!(adam.get("/policies/..%2F..%2Fstation").status, 404);
}

#[test]
fn a_default_is_told_from_what_a_policys_file_says() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    let page = adam.get("/policies/keep").text;
    let row = |name: &str| {
        let (_, rest) = page.split_once(&format!("{name}</th>")).expect(name);
        rest.split("</tr>").next().unwrap_or_default().to_owned()
    };
    assert!(
        row("reset").contains("keep") && row("reset").contains(">file<"),
        "{}",
        row("reset")
    );
    assert!(
        row("reissues_max").contains("default"),
        "{}",
        row("reissues_max")
    );
}

#[test]
fn a_preview_says_what_a_policy_would_do_for_this_person_and_does_nothing() {
    let desk = Desk::new(0);
    desk.give(ANNA, "old <key>");
    let adam = desk.signed_in("adam");
    let page = adam.get(&format!("/policies/preview?policy=strict&user={ANNA}"));
    assert!(
        page.text
            .contains("data-fragment=\"/policies/preview/expected?policy=strict"),
        "{}",
        page.text
    );
    let expected = |policy: &str, user: &str| {
        let path = format!("/policies/preview/expected?policy={policy}&user={user}");
        adam.get(&path).text
    };
    let standard = expected("standard", ANNA);
    for told in [
        "Wipes the key",
        "PIN of 8 digits.",
        "1 passkey that the person has stays.",
    ] {
        assert!(standard.contains(told), "{told}: {standard}");
    }
    let keep = expected("keep", ANNA);
    assert!(
        keep.contains("Leaves the key as it is") && !keep.contains("Wipes"),
        "{keep}"
    );
    assert!(expected("specified", ANNA).contains("The PIN is the one in the job file."));
    assert!(expected("nosuch", ANNA).contains("There is no policy"));
    assert!(expected("standard", "nobody@contoso.com").contains("role=\"alert\""));
    let german = adam.get(&format!(
        "/policies/preview/expected?lang=de&policy=standard&user={ANNA}"
    ));
    assert!(
        german.text.contains("PIN mit 8 Ziffern."),
        "{}",
        german.text
    );
    assert_eq!((desk.keys(ANNA).len(), desk.queue().len()), (1, 0));
}
