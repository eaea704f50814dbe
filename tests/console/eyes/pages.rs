//! Every page as a person gets it: nothing on it keeps out whoever cannot see it, in both themes, none is heavy, and the bench is
//! there at once. The pages are those of the table of routes: a new one is looked at as well.

use std::collections::BTreeMap;
use std::path::Path;

use keyline::app::station::Request;
use keyline::face::console::routes::{ROUTES, Who};
use keyline::practice::authenticator::{PRACTICE_AAGUID, PRODUCT};
use keyline::practice::metadata::{Publisher, edition, entry};
use keyline::practice::tenant::{Existing, PracticeGroup};
use reqwest::Method;
use serde_json::Value;

use super::batch::drop_file;
use super::types::tool;
use super::world::World;
use crate::bench::driver::Browser;
use crate::house::{Browser as Client, House, PASSPHRASE, Page};

/// Pixels: the smallest screen that the bench is for, the usual one, and one on a wall.
pub(super) const SIZES: [(u32, u32); 3] = [(1024, 600), (1920, 1080), (3840, 2160)];
/// Bytes that a page may have with all that it loads, without the logos of key models.
const PAGE_BYTES_MAX: u64 = 150_000;
/// Milliseconds within which the bench stands on the screen, on this computer.
const BENCH_MS_MAX: f64 = 300.0;
/// The best of so many counts: other work on this computer is none of the page's.
const LOADS: usize = 8;
const ANNA: &str = "anna.lang@contoso.com";
const GROUP: &str = "c0a70502-0000-4000-8000-0000000000aa";

/// Addresses that a route is looked at with, where its path alone shows nothing, or is a pattern.
fn addresses(route: &str) -> Vec<String> {
    let one = |address: &str| vec![address.to_owned()];
    match route {
        // Whoever owns the station opens no PIN there: the page says so.
        "/pins/{id}" => one("/pins/1"),
        "/queue" => vec!["/queue".to_owned(), "/queue?standing=held".to_owned()],
        "/queue/jobs/{id}" => vec!["/queue/jobs/1".to_owned(), "/queue/jobs/2".to_owned()],
        "/people" => vec![
            "/people".to_owned(),
            "/people?find=a".to_owned(),
            format!("/people?group={GROUP}"),
        ],
        "/people/keys" => vec![format!("/people/keys?user={ANNA}")],
        "/people/keys/remove" => vec![format!("/people/keys/remove?user={ANNA}&all=all_passkeys")],
        "/policies/{name}" => one("/policies/standard"),
        "/policies/preview" => vec![format!("/policies/preview?policy=standard&user={ANNA}")],
        "/models/{aaguid}" => vec![format!("/models/{PRACTICE_AAGUID}")],
        path => one(path),
    }
}

/// What only a program asks for, what leads elsewhere, and what is another page under a name of its own.
const NO_PAGES: &[&str] = &[
    "/",
    "/bench/{name}",
    "/bench/events",
    "/assets/{*name}",
    "/models/{aaguid}/logo",
];
/// Pages for whoever is not signed in, or is away: looked at in tests of their own.
const BEFORE: &[&str] = &["/sign-in", "/first", "/lock"];

/// The addresses of all pages that an administrator may open.
fn pages(client: &Client) -> Vec<String> {
    let mut found = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method == Method::GET) {
        if NO_PAGES.contains(&route.path) || BEFORE.contains(&route.path) {
            continue;
        }
        for address in addresses(route.path) {
            assert!(
                !address.contains('{'),
                "{}: with which address?",
                route.path
            );
            let page = client.get(&address);
            let whole =
                page.header("content-type").starts_with("text/html") && page.text.contains("<html");
            if whole {
                let is_there = [200, 403].contains(&page.status);
                assert!(is_there, "{address}: {} {}", page.status, page.text);
                found.push(address);
            }
        }
    }
    found
}

/// What is wrong with the page in one theme, in words.
const AXE: &str = "
  const done = arguments[arguments.length - 1];
  axe.run(document, { resultTypes: ['violations'], preload: false }).then(
    (told) => done(told.violations.flatMap((one) => one.nodes.map((node) =>
      `${one.id} (${one.impact}): ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`))),
    (error) => done([String(error)]),
  );
";

/// Looks at the page in both themes. What is wrong goes to `wrong`, under the page's name.
fn judge(browser: &Browser, axe: &str, name: &str, wrong: &mut BTreeMap<String, Vec<String>>) {
    browser.run(axe);
    for look in ["light", "dark"] {
        browser.run(&format!(
            "document.documentElement.dataset.look = {look:?};"
        ));
        let told = browser.later(AXE);
        let told = told.as_array().expect("a list");
        let told: Vec<String> = told.iter().map(Value::to_string).collect();
        if !told.is_empty() {
            wrong.insert(format!("{name}, {look}"), told);
        }
    }
}

fn fail_on(wrong: &BTreeMap<String, Vec<String>>) {
    let told: Vec<String> = wrong
        .iter()
        .map(|(page, what)| format!("{page}:\n  {}", what.join("\n  ")))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Bytes of the page and of all that it loaded, without logos.
fn weight(browser: &Browser) -> u64 {
    let bytes = browser.value(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
         .filter((one) => !one.name.endsWith('/logo') && !one.name.includes('/bench/events'))
         .reduce((sum, one) => sum + one.decodedBodySize, 0)",
    );
    bytes.as_u64().expect("bytes")
}

/// Everything that comes later is there.
fn settled(browser: &Browser) {
    browser.until(
        "document.readyState === 'complete' && document.querySelector('[data-fragment]:not(details), .wait, [data-under-way]') === null",
    );
}

fn script() -> Option<String> {
    let axe = tool("axe-core/axe.min.js")?;
    Some(std::fs::read_to_string(axe).expect("a script"))
}

/// A station with something on every page: people with keys, jobs that are done, held and waiting, a rejected file, metadata.
fn furnished() -> (World, tempfile::NamedTempFile) {
    let publisher = Publisher::new().expect("a publisher");
    let root = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(root.path(), publisher.root()).expect("a root");
    let path = root.path().to_str().expect("text").to_owned();
    let settings = vec![("metadata", "practice_root", path.into())];
    let world = World::open(4, None, settings);
    let existing = Existing {
        display_name: "an old key".to_owned(),
        aaguid: PRACTICE_AAGUID,
        credential_id: None,
        id_bytes: None,
        method: None,
        created: None,
        synced: false,
    };
    world.line.tenant(|tenant| {
        tenant.add_existing(ANNA, existing).expect("a passkey");
        let people = tenant.people();
        tenant.add_group(PracticeGroup {
            id: GROUP.to_owned(),
            display_name: "Sales".to_owned(),
            description: "Whoever sells".to_owned(),
            members: people.into_iter().map(|person| person.id).collect(),
        });
    });
    world.line.drop_file("bad.csv", "user,name\r\n,Nobody\r\n");
    let file = "user,name,department\r\nsophie.weiss@contoso.com,Sophie Weiß,Sales\r\njuergen.mueller@contoso.com,Jürgen Müller,Sales\r\nkaethe.groessl@contoso.com,Käthe Größl,Sales\r\n";
    world.line.drop_file("may.csv", file);
    world.wait_for("the jobs", |view| view.upcoming.len() == 3);
    let key = world.key(1);
    world.insert(1, &key);
    while world.board.view().counts.done < 1 {
        if key.wait_for_blink(std::time::Duration::from_millis(20)) {
            key.press();
        }
    }
    let day = "2099-01-01".parse().expect("a day");
    let certified = [("FIDO_CERTIFIED_L1", "2024-01-01".parse().expect("a day"))];
    let model = entry(PRACTICE_AAGUID, PRODUCT, &[&[1, 2, 3]], &certified);
    let metadata = publisher.publish(&edition(5, day, &[model]));
    let taken = upload(&client(&world, "adam"), &metadata.expect("a file"));
    assert_eq!(taken.status, 200, "{}", taken.text);
    (world, root)
}

fn client(world: &World, name: &str) -> Client {
    let client = Client::at(&world.base);
    let page = client.post("/sign-in", &[("name", name), ("passphrase", PASSPHRASE)]);
    assert_eq!(page.status, 303, "{}", page.text);
    client.learn_csrf();
    client
}

fn upload(client: &Client, file: &str) -> Page {
    let csrf = client.get("/models").field("csrf").expect("a token");
    let headers = [
        ("origin", client.base.as_str()),
        ("content-type", "application/octet-stream"),
        ("x-keyline-csrf", csrf.as_str()),
    ];
    client.send(Method::POST, "/models/import", &headers, file)
}

#[test]
fn no_page_keeps_anybody_out_and_none_is_heavy() {
    let (Some(axe), Some(browser)) = (script(), Browser::open(1024, 600)) else {
        return;
    };
    let (world, _root) = furnished();
    let adam = client(&world, "adam");
    let skipped = adam.post("/queue/jobs/2", &[("change", "hold"), ("reason", "away")]);
    assert_eq!(skipped.status, 303, "{}", skipped.text);
    world.sign_in(&browser, "adam", "/bench");
    let (mut wrong, mut heavy, mut looked) = (BTreeMap::new(), Vec::new(), 0);
    let mut look = |browser: &Browser, name: &str| {
        settled(browser);
        let bytes = weight(browser);
        if bytes >= PAGE_BYTES_MAX {
            heavy.push(format!("{name}: {bytes} bytes"));
        }
        // Shown with --nocapture: the figures that are told.
        println!("{name}: {bytes} bytes");
        judge(browser, &axe, name, &mut wrong);
        looked += 1;
    };
    for address in pages(&adam) {
        browser.go_to(&world.url(&address));
        look(&browser, &address);
        take(&browser, &address);
    }
    // What a form leads to.
    browser.go_to(&world.url("/people?find=a"));
    settled(&browser);
    browser.click("input[name=user]");
    browser.click("#pick .main-button:not([formaction])");
    browser.until("location.pathname === '/people/selected'");
    look(&browser, "/people/selected");
    browser.go_to(&world.url("/people"));
    drop_file(&browser, "bad.csv", "user\r\nnobody at all\r\n");
    browser.until("document.querySelector('[data-answer] table.wrong') !== null");
    look(&browser, "/people, a bad file");
    browser.go_to(&world.url("/nothing/here"));
    look(&browser, "nothing here");
    println!("{looked} pages in two themes");
    fail_on(&wrong);
    assert!(heavy.is_empty(), "{heavy:#?}");
    assert!(looked > 20, "{looked} pages");
    browser.close();
}

#[test]
fn the_bench_keeps_nobody_out_however_its_cards_stand() {
    let (Some(axe), Some(browser)) = (script(), Browser::open(1024, 600)) else {
        return;
    };
    let (world, _root) = furnished();
    world.sign_in(&browser, "olga", "/bench");
    let mut wrong = BTreeMap::new();
    let touched = world.key(2);
    world.insert(2, &touched);
    browser.card_says(2, "Touch now");
    world.insert(3, &world.used_key(3));
    browser.card_says(3, "Wipe this used key?");
    let client = client(&world, "olga");
    let help = client.post("/bench/help", &[("slot", "3"), ("wanted", "yes")]);
    assert!(help.status < 400, "{}", help.text);
    browser.until("document.querySelector('#slot-3 .called') !== null");
    judge(&browser, &axe, "done, touch, question, help", &mut wrong);
    look_at_all_sizes(&browser, "bench");
    world.pull(2);
    browser.until("document.querySelector('#slot-2.tone-act .big')?.textContent !== 'Touch now'");
    browser.run("document.querySelector('#slot-3 .more summary').click();");
    judge(&browser, &axe, "put back, more", &mut wrong);
    browser.run("for (const open of document.querySelectorAll('details[open]')) open.removeAttribute('open'); document.querySelector('.line-menu summary').click();");
    judge(&browser, &axe, "the line's menu", &mut wrong);
    browser.run("document.querySelector('.line-menu').removeAttribute('open'); document.querySelector('.bar > .menu summary').click();");
    judge(&browser, &axe, "the menu", &mut wrong);
    assert!(world.ask(Request::Pause {
        paused: true,
        actor: "4711".to_owned(),
    }));
    browser.until("document.querySelector('#top .paused') !== null");
    judge(&browser, &axe, "paused", &mut wrong);
    fail_on(&wrong);
    browser.close();
}

#[test]
fn the_pages_before_one_is_in_keep_nobody_out() {
    let (Some(axe), Some(browser)) = (script(), Browser::open(1024, 600)) else {
        return;
    };
    let mut wrong = BTreeMap::new();
    let empty = House::empty();
    let token = empty.shared.first.make(empty.shared.entropy.as_ref());
    let token = token.expect("a token");
    browser.go_to(&format!("{}/first?token={}", empty.base, token.as_str()));
    judge(&browser, &axe, "/first", &mut wrong);
    browser.go_to(&format!("{}/first?token=none", empty.base));
    judge(&browser, &axe, "/first, used up", &mut wrong);
    let house = House::new();
    browser.go_to(&format!("{}/sign-in?next=/sessions", house.base));
    judge(&browser, &axe, "/sign-in", &mut wrong);
    let sign_in = |passphrase: &str| {
        browser.fill("input[name=name]", "olga");
        browser.fill("input[name=passphrase]", passphrase);
        browser.fill("input[name=passphrase]", "\u{e007}");
    };
    sign_in("not this one at all");
    browser.until("document.querySelector('[role=alert]') !== null");
    judge(&browser, &axe, "/sign-in, refused", &mut wrong);
    browser.run("document.querySelector('input[name=name]').value = '';");
    sign_in(PASSPHRASE);
    browser.until("location.pathname === '/sessions'");
    browser.press("l");
    browser.until("location.pathname === '/lock'");
    judge(&browser, &axe, "/lock", &mut wrong);
    fail_on(&wrong);
    browser.close();
}

#[test]
fn the_bench_is_on_the_screen_at_once() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let world = World::open(8, None, Vec::new());
    world.sign_in(&browser, "olga", "/bench");
    let painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0";
    let mut times: Vec<f64> = (0..LOADS)
        .map(|_| {
            browser.go_to(&world.url("/bench"));
            browser.until("document.querySelectorAll('.card').length === 8");
            browser.until(&format!("({painted}) > 0"));
            browser.value(painted).as_f64().expect("milliseconds")
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("first card after {times:?} ms");
    assert!(times[0] < BENCH_MS_MAX, "{times:?} ms");
    browser.close();
}

#[test]
fn what_keeps_people_out_is_seen() {
    let (Some(axe), Some(browser)) = (script(), Browser::open(800, 600)) else {
        return;
    };
    let house = House::new();
    browser.go_to(&format!("{}/sign-in", house.base));
    browser.run(
        "const main = document.querySelector('main');
         main.innerHTML = '<h1>x</h1><input><img src=\"/assets/x\"><p>pale</p>';
         Object.assign(main.querySelector('p').style, { color: '#777', background: '#888' });",
    );
    let mut wrong = BTreeMap::new();
    judge(&browser, &axe, "spoiled", &mut wrong);
    for rule in ["label (", "image-alt (", "color-contrast ("] {
        let seen = |what: &Vec<String>| what.iter().any(|one| one.contains(rule));
        assert!(wrong.values().all(seen) && wrong.len() == 2, "{wrong:#?}");
    }
    browser.close();
}

/// Keeps a picture of the page where one is asked for: KEYLINE_TEST_PICTURES names the folder.
pub(super) fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("KEYLINE_TEST_PICTURES") {
        let file = Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(file, browser.picture()).expect("a folder");
    }
}

fn look_at_all_sizes(browser: &Browser, name: &str) {
    if std::env::var_os("KEYLINE_TEST_PICTURES").is_none() {
        return;
    }
    for look in ["light", "dark"] {
        browser.run(&format!(
            "document.documentElement.dataset.look = {look:?};"
        ));
        for (width, height) in SIZES {
            browser.resize(width, height);
            picture(browser, &format!("{name}-{look}-{width}"));
        }
    }
    let (width, height) = SIZES[0];
    browser.resize(width, height);
}

/// Pictures of an administrator's page.
fn take(browser: &Browser, address: &str) {
    let name: String = address
        .chars()
        .map(|one| {
            if one.is_ascii_alphanumeric() {
                one
            } else {
                '-'
            }
        })
        .collect();
    look_at_all_sizes(browser, &format!("page{name}"));
}

#[test]
fn every_page_of_the_table_is_looked_at_somewhere() {
    for route in ROUTES.iter().filter(|route| route.method == Method::GET) {
        let before = BEFORE.contains(&route.path);
        let anyone = matches!(route.who, Who::Anyone | Who::Guest);
        assert!(
            before == anyone || NO_PAGES.contains(&route.path),
            "{}",
            route.path
        );
    }
}
