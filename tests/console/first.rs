//! The first account: one link, once.

use keyline::domain::account::Role;

use super::house::{Browser, House, PASSPHRASE};

fn make(browser: &Browser, token: &str, name: &str, again: &str) -> super::house::Page {
    let fields = [
        ("token", token),
        ("name", name),
        ("passphrase", PASSPHRASE),
        ("again", again),
    ];
    browser.post("/first", &fields)
}

fn link(house: &House) -> String {
    let token = house.shared.first.make(house.shared.entropy.as_ref());
    token.expect("a token").to_string()
}

#[test]
fn the_link_makes_the_first_administrator_and_is_worth_nothing_then() {
    let house = House::empty();
    let browser = house.browser();
    assert!(
        browser
            .get("/sign-in")
            .text
            .contains("Nobody has an account here yet")
    );
    let token = link(&house);
    let page = browser.get(&format!("/first?token={token}"));
    assert_eq!(page.status, 200);
    assert_eq!(page.field("token").as_deref(), Some(token.as_str()));
    // A slip costs nothing.
    for (name, again) in [("Ada Berg", PASSPHRASE), ("ada", "three words in a roW")] {
        assert_eq!(make(&browser, &token, name, again).status, 422, "{name}");
    }
    assert_eq!(make(&browser, "x", "eve", PASSPHRASE).status, 410);
    assert_eq!(house.shared.accounts.list(), Ok(Vec::new()));
    assert_eq!(make(&browser, &token, "ada", PASSPHRASE).status, 303);
    let accounts = house.shared.accounts.list().expect("accounts");
    assert_eq!(accounts.len(), 1);
    assert_eq!(
        (accounts[0].name.as_str(), accounts[0].role),
        ("ada", Role::Administrator)
    );
    assert_eq!(browser.get("/sessions").status, 200, "signed in with it");
    let other = house.browser();
    assert_eq!(other.get(&format!("/first?token={token}")).status, 410);
    assert_eq!(make(&other, &token, "eve", PASSPHRASE).status, 410);
    assert_eq!(house.shared.accounts.list().map(|list| list.len()), Ok(1));
}

#[test]
fn two_at_once_make_one_account() {
    let house = House::empty();
    let token = link(&house);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|number| {
                let (browser, token) = (house.browser(), token.clone());
                scope
                    .spawn(move || make(&browser, &token, &format!("a{number}"), PASSPHRASE).status)
            })
            .collect();
        tries
            .into_iter()
            .map(|each| each.join().expect("no panic"))
            .collect()
    });
    let mut sorted = statuses.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [303, 410, 410, 410], "{statuses:?}");
    assert_eq!(house.shared.accounts.list().map(|list| list.len()), Ok(1));
}

#[test]
fn an_account_that_somebody_added_meanwhile_makes_the_link_worthless() {
    let house = House::empty();
    let token = link(&house);
    house.add("adam", Role::Administrator);
    let browser = house.browser();
    assert_eq!(make(&browser, &token, "eve", PASSPHRASE).status, 410);
    assert_eq!(house.shared.accounts.list().map(|list| list.len()), Ok(1));
}
