//! People in the console: found, picked, their passkeys deleted with a row in the ledger, put into the queue; a job file that is
//! dropped.

use keyline::practice::tenant::{Operation, Person, PracticeGroup, Trick};
use reqwest::Method;

use super::house::{Browser, Page};
use super::office::Desk;

const ANNA: &str = "anna.lang@contoso.com";
const SALES: &str = "c0a70502-0000-4000-8000-0000000000aa";
const OTHER: &str = "c0a70502-0000-4000-8000-0000000000bb";
/// A name that is a page, a formula and a trick of direction.
const ODD: &str = "=<script>alert(1)</script>\u{202e}\"&";

fn id(number: u32) -> String {
    format!("c0a70503-0000-4000-8000-{number:012}")
}

fn group(desk: &Desk, group: &str, name: &str, members: Vec<String>) {
    desk.line.tenant(|tenant| {
        tenant.add_group(PracticeGroup {
            id: group.to_owned(),
            display_name: name.to_owned(),
            description: String::new(),
            members,
        });
    });
}

fn anna(desk: &Desk) -> String {
    let people = desk.line.tenant(|tenant| tenant.people());
    let anna = people.iter().find(|person| person.upn == ANNA);
    anna.expect("Anna").id.clone()
}

/// As a script of ours sends a file.
fn hand_over(browser: &Browser, path: &str, file: &str) -> Page {
    let csrf = browser.get("/people").field("csrf").expect("a token");
    let headers = [
        ("origin", browser.base.as_str()),
        ("content-type", "application/octet-stream"),
        ("x-keyline-csrf", csrf.as_str()),
    ];
    browser.send(Method::POST, path, &headers, file)
}

/// What the audit's export tells of job files that came from the console.
fn queued(browser: &Browser) -> Vec<String> {
    let rows = browser.get("/audit/export.jsonl");
    assert_eq!(rows.status, 200, "{}", rows.text);
    let rows = rows
        .text
        .lines()
        .filter(|row| row.contains("a job file of"));
    rows.map(str::to_owned).collect()
}

#[test]
fn what_cannot_be_written_down_is_not_put_into_the_queue() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    let ledger = desk.line.config.path(&desk.line.config.ledger.file);
    let ledger = rusqlite::Connection::open(ledger).expect("a ledger");
    ledger
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT raise(ABORT, 'full'); END",
        )
        .expect("a trigger");
    let put = adam.post("/people/queue", &[("user", ANNA), ("policy", "standard")]);
    assert!(
        put.status == 409 && put.text.contains("Nothing was put into the queue"),
        "{}",
        put.text
    );
    let file = format!("user,name,policy\r\n{ANNA},Anna,standard\r\n");
    let page = hand_over(&adam, "/people/file?name=May.csv", &file);
    assert!(
        page.text.contains("Nothing was put into the queue"),
        "{}",
        page.text
    );
    assert_eq!(desk.queue(), []);
}

#[test]
fn a_page_is_there_at_once_and_what_entra_says_comes_after_it() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    let asked = || {
        desk.line
            .tenant(|tenant| tenant.requests(Operation::FindPeople))
    };
    let before = asked();
    let page = adam.get("/people?find=anna%22%3E%3Cb%3E");
    assert_eq!(page.status, 200);
    assert!(
        page.text
            .contains("data-fragment=\"/people/found?find=anna%22%3E%3Cb%3E\""),
        "{}",
        page.text
    );
    assert!(!page.text.contains("anna\"><b>"), "{}", page.text);
    assert_eq!(asked(), before, "the page itself asks nobody");
    let part = adam.get("/people/found?find=anna");
    assert!(
        part.text.contains(ANNA) && !part.text.contains("<html"),
        "{}",
        part.text
    );
    assert!(asked() > before);
    // What cannot be looked for is told in words.
    let part = adam.get("/people/found?find=%20");
    assert!(
        part.text.contains("There is nothing to look for"),
        "{}",
        part.text
    );
}

#[test]
fn hostile_names_are_text_everywhere() {
    let desk = Desk::new(0);
    let mut odd = Person::new(id(1), "odd@contoso.com", ODD);
    odd.department = "<img src=x>".to_owned();
    desk.line.tenant(|tenant| tenant.add_people(vec![odd]));
    group(&desk, SALES, ODD, vec![id(1), anna(&desk)]);
    desk.give("odd@contoso.com", "<b>key</b>\u{202e}");
    let adam = desk.signed_in("adam");
    let pages = [
        adam.get(&format!("/people/group?id={SALES}")),
        adam.get("/people/keys?user=odd@contoso.com"),
        adam.get("/people/keys/consequence?user=odd@contoso.com&all=all_passkeys"),
        adam.get("/policies/preview/expected?policy=standard&user=odd@contoso.com"),
        adam.post("/people/selected", &[("user", "<script>@contoso.com")]),
        adam.get("/people/keys/remove?user=%3Cscript%3E%22&key=%3Cscript%3E%22"),
    ];
    for page in &pages {
        assert_eq!(page.status, 200, "{}", page.text);
        for raw in [
            "<script>a",
            "<script>@",
            "<script>\"",
            "<img src=x",
            "<b>",
            "\u{202e}",
        ] {
            assert!(!page.text.contains(raw), "{raw:?}: {}", page.text);
        }
    }
    assert!(pages[0].text.contains("alert(1)"), "{}", pages[0].text);
    // The rows of a file that a spreadsheet opens are text as well.
    let put = adam.post(
        "/people/queue",
        &[("user", "odd@contoso.com"), ("policy", "standard")],
    );
    assert_eq!(put.status, 200, "{}", put.text);
    let (_, text) = desk.queue().remove(0);
    assert!(
        text.contains("odd@contoso.com") && !text.contains(",=<script"),
        "{text}"
    );
}

#[test]
fn a_group_of_a_thousand_comes_page_by_page() {
    let desk = Desk::new(1000);
    let people = desk.line.tenant(|tenant| tenant.people());
    let members = people
        .iter()
        .filter(|person| person.upn.starts_with("person"));
    group(
        &desk,
        SALES,
        "Everybody",
        members.map(|person| person.id.clone()).collect(),
    );
    group(&desk, OTHER, "Nobody", Vec::new());
    let adam = desk.signed_in("adam");
    let mut path = format!("/people/group?id={SALES}");
    let (mut seen, mut pages) = (std::collections::BTreeSet::new(), 0);
    loop {
        let page = adam.get(&path);
        assert_eq!(page.status, 200, "{}", page.text);
        if pages == 0 {
            assert!(page.text.contains("1000 members"), "{}", page.text);
        }
        let users = page.text.split("name=\"user\" value=\"").skip(1);
        seen.extend(users.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()));
        pages += 1;
        let Some((_, next)) = page
            .text
            .split_once("data-more><a class=\"button\" href=\"")
        else {
            break;
        };
        path = next
            .split('"')
            .next()
            .expect("an address")
            .replace("&#38;", "&");
        assert!(pages < 50, "in a circle");
    }
    assert_eq!(seen.len(), 1000);
    assert!(pages > 1, "{pages} pages");
    // A bookmark of one group leads into no other.
    let strange = path.replace(SALES, OTHER);
    let page = adam.get(&strange.replacen(&format!("id={OTHER}"), &format!("id={SALES}"), 1));
    assert!(page.text.contains("person"), "{}", page.text);
    // All of them at once, as one file.
    let fields = [("group", SALES), ("policy", "standard"), ("language", "de")];
    let chosen = adam.post("/people/group/choose", &fields);
    assert!(
        chosen.text.contains("action=\"/people/group/queue\""),
        "{}",
        chosen.text
    );
    assert_eq!(desk.queue(), [], "nothing is done by asking");
    let put = adam.post("/people/group/queue", &fields);
    assert!(
        put.text.contains("1000 jobs were put into the queue."),
        "{}",
        put.text
    );
    let (name, text) = desk.queue().remove(0);
    assert!(name.starts_with("Everybody"), "{name}");
    assert_eq!(text.lines().count(), 1001);
}

#[test]
fn a_passkey_is_deleted_by_an_administrator_with_the_consequence_said_before() {
    let desk = Desk::new(0);
    let (first, second) = (desk.give(ANNA, "blue key"), desk.give(ANNA, "red key"));
    let adam = desk.signed_in("adam");
    let list = adam.get(&format!("/people/keys?user={ANNA}")).text;
    assert!(
        list.contains("blue key") && list.contains("red key") && list.contains("not here"),
        "{list}"
    );
    let asked = adam.get(&format!("/people/keys/consequence?user={ANNA}&key={first}"));
    assert!(
        asked
            .text
            .contains("1 passkey of anna.lang@contoso.com would be deleted at Entra for good"),
        "{}",
        asked.text
    );
    assert!(
        !asked.text.contains("has no other passkey"),
        "{}",
        asked.text
    );
    assert_eq!(desk.keys(ANNA).len(), 2, "nothing is done by asking");
    let done = adam.post(
        "/people/keys/removed",
        &[("user", ANNA), ("key", &first), ("reason", "lost")],
    );
    assert!(
        done.status == 200 && done.text.contains("blue key: deleted"),
        "{}",
        done.text
    );
    assert_eq!(desk.keys(ANNA), ["red key"]);
    // The last one: only by whoever was told so.
    let asked = adam.get(&format!(
        "/people/keys/consequence?user={ANNA}&all=all_passkeys"
    ));
    assert!(
        asked.text.contains("has no other passkey") && asked.text.contains("name=\"last\""),
        "{}",
        asked.text
    );
    let refused = adam.post("/people/keys/removed", &[("user", ANNA), ("key", &second)]);
    assert!(
        refused.status == 409 && refused.text.contains("Nothing was deleted"),
        "{}",
        refused.text
    );
    assert_eq!(desk.keys(ANNA), ["red key"]);
    let done = adam.post(
        "/people/keys/removed",
        &[("user", ANNA), ("key", &second), ("last", "yes")],
    );
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(desk.keys(ANNA), [""; 0]);
    // Written down before and after, with who and why.
    let ledger = desk.line.config.path(&desk.line.config.ledger.file);
    let ledger = rusqlite::Connection::open(ledger).expect("a ledger");
    let read =
        "SELECT actor || ' ' || coalesce(reason, '-') || ' ' || state FROM removal ORDER BY id";
    let mut rows = ledger.prepare(read).expect("a table");
    let rows: Vec<String> = rows
        .query_map([], |row| row.get(0))
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect();
    assert_eq!(
        rows,
        ["console:adam lost deleted", "console:adam - deleted"]
    );
}

#[test]
fn a_deletion_in_doubt_stays_written_down_and_is_told() {
    use keyline::port::Ledger as _;
    let desk = Desk::new(0);
    let key = desk.give(ANNA, "blue key");
    desk.give(ANNA, "red key");
    let adam = desk.signed_in("adam");
    desk.line.tenant(|tenant| {
        tenant.misbehave(Operation::Delete, 50, Trick::CommitThenDrop);
    });
    let done = adam.post("/people/keys/removed", &[("user", ANNA), ("key", &key)]);
    assert!(
        done.text.contains("nobody knows whether it is deleted"),
        "{}",
        done.text
    );
    let open = desk.parts.ledger.open_removals().expect("a list");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].actor, "console:adam");
    let list = adam.get(&format!("/people/keys?user={ANNA}")).text;
    assert!(
        list.contains("begun by console:adam") && list.contains("was cut off"),
        "{list}"
    );
}

#[test]
fn picked_people_become_one_batch_and_who_gets_none_is_told() {
    let desk = Desk::new(0);
    let mut people = vec![
        Person::new(id(1), "x_y.org#EXT#@contoso.com", "Guest"),
        Person::new(id(2), "gone@contoso.com", "Gone"),
    ];
    people[0].guest = true;
    people[1].enabled = false;
    desk.line.tenant(|tenant| tenant.add_people(people));
    let adam = desk.signed_in("adam");
    let fields = [
        ("user", ANNA),
        ("user", "liam.obrien@contoso.com"),
        ("user", "LIAM.OBRIEN@contoso.com"),
        ("user", "x_y.org#EXT#@contoso.com"),
        ("user", "gone@contoso.com"),
        ("user", "nobody@contoso.com"),
        ("policy", "standard"),
        ("language", "fr"),
        ("role", "backup"),
    ];
    let page = adam.post("/people/selected", &fields);
    assert!(
        page.text.contains("5 people are selected."),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains("data-fragment=\"/people/keys?user=anna.lang%40contoso.com\""),
        "{}",
        page.text
    );
    let put = adam.post("/people/queue", &fields);
    assert!(
        put.text.contains("2 jobs were put into the queue."),
        "{}",
        put.text
    );
    for left_out in ["Guest: ", "Gone: ", "nobody@contoso.com: "] {
        assert!(put.text.contains(left_out), "{left_out}: {}", put.text);
    }
    let files = desk.queue();
    let [(name, text)] = files.as_slice() else {
        panic!("{files:?}");
    };
    assert!(
        name.starts_with("added ") && text.lines().count() == 3,
        "{name}: {text}"
    );
    let noted = queued(&adam).join("\n");
    let row = "a job file of 2 rows is put into the queue";
    assert!(noted.contains("console:adam") && noted.contains(row));
    assert_eq!(noted.lines().count(), 1, "{noted}");
    let anna = text.lines().find(|line| line.contains(ANNA)).expect("Anna");
    assert!(anna.contains("backup") && anna.contains(",fr,"), "{anna}");
    // A policy that needs a PIN in the job file is refused before anybody is looked up.
    let mut other = fields;
    other[6] = ("policy", "specified");
    let refused = adam.post("/people/queue", &other);
    assert!(
        refused.status == 409 && refused.text.contains("PIN"),
        "{}",
        refused.text
    );
    other[6] = ("policy", "<none>");
    assert_eq!(adam.post("/people/queue", &other).status, 400);
    assert_eq!(
        adam.post("/people/queue", &[("policy", "standard")]).status,
        400
    );
    assert_eq!(desk.queue().len(), 1);
}

#[test]
fn a_dropped_job_file_is_taken_or_told_row_by_row_and_never_echoes_a_pin() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    let right = format!("user,name,policy,pin\r\n{ANNA},Anna Lang,specified,73910462\r\n");
    let page = hand_over(&adam, "/people/file?name=March.csv", &right);
    assert!(
        page.text.contains("1 job was put into the queue."),
        "{}",
        page.text
    );
    assert!(!page.text.contains("73910462"), "{}", page.text);
    assert_eq!(desk.queue(), [("March.csv".to_owned(), right)]);
    // Who did it is in the journal, and no name with it.
    let noted = queued(&adam);
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert!(
        noted[0].contains("console:adam")
            && noted[0].contains("a job file of 1 row is put into the queue")
            && !noted[0].contains("March")
            && !noted[0].contains("nna"),
        "{noted:?}"
    );
    let wrong = format!(
        "user,name,policy,pin\r\nnobody,X,standard,\r\n{ANNA},<b>A</b>,nosuch,\r\n{ANNA},Anna,specified,1234567890123456789012345678901234567890123456789012345678901234\r\nliam.obrien@contoso.com,Liam,standard,84620157\r\n"
    );
    let page = hand_over(&adam, "/people/file?name=April.csv", &wrong);
    for told in [
        "line 2",
        "line 3",
        "line 4",
        "nosuch",
        "Nothing of it was put into the queue.",
    ] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    for kept in ["1234567890", "84620157", "<b>A"] {
        assert!(!page.text.contains(kept), "{kept}: {}", page.text);
    }
    // No path, no page, and nothing that is no job file.
    for (name, file) in [
        ("../../x.csv", ""),
        ("a.exe", "MZ"),
        ("%3Cscript%3E.csv", "a,b\r\n1,2\r\n"),
    ] {
        let page = hand_over(&adam, &format!("/people/file?name={name}"), file);
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(
            page.text.contains("Nothing of it was put") && !page.text.contains("<script>"),
            "{}",
            page.text
        );
    }
    assert_eq!(desk.queue().len(), 1);
    let german = adam.send(
        Method::GET,
        "/people?lang=de",
        &[("accept", "text/html")],
        "",
    );
    assert!(german.text.contains("<h1>Personen</h1>"), "{}", german.text);
}

#[test]
fn a_file_without_the_sessions_token_or_of_an_operator_goes_nowhere() {
    let desk = Desk::new(0);
    let (adam, olga) = (desk.signed_in("adam"), desk.signed_in("olga"));
    let file = format!("user,name,policy\r\n{ANNA},Anna,standard\r\n");
    let origin = adam.base.clone();
    let headers = [("origin", origin.as_str()), ("content-type", "text/csv")];
    let page = adam.send(Method::POST, "/people/file?name=a.csv", &headers, &file);
    assert_eq!(page.status, 403, "{}", page.text);
    let csrf = olga.get("/sessions").field("csrf").expect("a token");
    let headers = [headers[0], headers[1], ("x-keyline-csrf", csrf.as_str())];
    let page = olga.send(Method::POST, "/people/file?name=a.csv", &headers, &file);
    assert_eq!(page.status, 403, "{}", page.text);
    let key = desk.give(ANNA, "blue key");
    desk.give(ANNA, "red key");
    let page = olga.post("/people/keys/removed", &[("user", ANNA), ("key", &key)]);
    assert_eq!(page.status, 403, "{}", page.text);
    assert_eq!((desk.keys(ANNA).len(), desk.queue().len()), (2, 0));
    assert!(
        !olga.get("/sessions").text.contains("/people"),
        "no way leads an operator there"
    );
}

#[test]
fn a_tenant_that_does_not_answer_is_told_in_words() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    desk.line
        .tenant(|tenant| tenant.permit(&["UserAuthMethod-Passkey.Read.All"]));
    let part = adam.get("/people/found?find=anna");
    assert_eq!(part.status, 200);
    for right in ["User.Read.All", "GroupMember.Read.All"] {
        assert!(part.text.contains(right), "{right}: {}", part.text);
    }
    drop(desk.line.tenant.lock().expect("a tenant").take());
    let part = adam.get(&format!("/people/keys?user={ANNA}"));
    assert!(
        part.status == 200 && part.text.contains("role=\"alert\""),
        "{}",
        part.text
    );
}

/// The status of a part, and what it says, with the address read in German.
fn german(browser: &Browser, path: &str) -> (u16, String) {
    let page = browser.send(Method::GET, path, &[("accept-language", "de")], "");
    (page.status, page.text)
}

#[test]
fn who_asks_is_told_at_once_that_entra_wants_patience_and_the_pages_go_on() {
    use std::time::{Duration, Instant};
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    let later = Trick::Throttle {
        retry_after_seconds: Some(50),
        as_date: false,
    };
    desk.line
        .tenant(|tenant| tenant.misbehave(Operation::FindPeople, 50, later));
    let begun = Instant::now();
    // More than there are places for calls: nobody keeps one.
    for _ in 0..6 {
        let (status, part) = german(&adam, "/people/found?find=anna");
        assert_eq!(status, 200);
        assert!(part.contains("Entra bittet die Station, "), "{part}");
        assert!(
            part.contains("Fragen Sie nach dieser Zeit noch einmal."),
            "{part}"
        );
        assert!(!part.contains("lang=\"en\""), "{part}");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(40), "{took:?}");
        let page = adam.get("/people?find=anna");
        assert!(
            page.status == 200 && page.text.contains("id=\"find\""),
            "{}",
            page.text
        );
    }
}

#[test]
fn a_right_that_is_missing_and_a_network_that_is_away_are_told_in_german() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    desk.line
        .tenant(|tenant| tenant.permit(&["UserAuthMethod-Passkey.Read.All"]));
    let (status, part) = german(&adam, "/people/found?find=anna");
    assert_eq!(status, 200);
    for told in [
        "Entra hat mit 403 ",
        "Geben Sie der Anwendung das Recht User.Read.All (",
        "Geben Sie der Anwendung das Recht GroupMember.Read.All (",
    ] {
        assert!(part.contains(told), "{told}: {part}");
    }
    drop(desk.line.tenant.lock().expect("a tenant").take());
    for path in [
        "/people/found?find=anna".to_owned(),
        format!("/people/group?id={SALES}"),
        format!("/people/keys?user={ANNA}"),
        format!("/policies/preview/expected?policy=standard&user={ANNA}"),
    ] {
        let (status, part) = german(&adam, &path);
        assert_eq!(status, 200, "{path}: {part}");
        for told in [
            "role=\"alert\"",
            "antwortet nicht:",
            "<span lang=\"en\">",
            "Prüfen Sie das Netz",
        ] {
            assert!(part.contains(told), "{path}: {told}: {part}");
        }
        assert_eq!(part.matches("role=\"alert\"").count(), 1, "{path}: {part}");
        // Nobody knows whom there is: it is not said that there is nobody.
        assert!(!part.contains("Niemand gefunden"), "{path}: {part}");
    }
    // Nothing was half put, and what needs no tenant is there.
    let fields = [("user", ANNA), ("policy", "standard")];
    assert_eq!(adam.post("/people/queue", &fields).status, 409);
    assert_eq!(desk.queue(), []);
    for path in ["/people", "/queue", "/policies", "/models", "/log"] {
        assert_eq!(adam.get(path).status, 200, "{path}");
    }
}

#[test]
fn a_passkey_is_deleted_by_its_id_alone() {
    let desk = Desk::new(0);
    desk.give(ANNA, "blue key");
    desk.give(ANNA, "red key");
    let adam = desk.signed_in("adam");
    let fields = [("user", ANNA), ("key", "blue key"), ("last", "yes")];
    let done = adam.post("/people/keys/removed", &fields);
    assert_eq!(done.status, 409, "{}", done.text);
    assert!(done.text.contains("Nothing was deleted."), "{}", done.text);
    assert_eq!(desk.keys(ANNA).len(), 2);
}

#[test]
fn what_is_lost_with_a_passkey_is_said_in_german() {
    let desk = Desk::new(0);
    let key = desk.give(ANNA, "blue key");
    let adam = desk.signed_in("adam");
    let (_, asked) = german(
        &adam,
        &format!("/people/keys/consequence?user={ANNA}&key={key}"),
    );
    for told in [
        "1 Passkey von anna.lang@contoso.com würde bei Entra endgültig gelöscht:",
        "hat keinen anderen Passkey",
    ] {
        assert!(asked.contains(told), "{told}: {asked}");
    }
    assert!(!asked.contains("lang=\"en\""), "{asked}");
    let (_, list) = german(&adam, &format!("/people/keys?user={ANNA}"));
    for told in [
        "Sicherheitsschlüssel, nur auf diesem einen Gerät",
        "nicht hier",
        "aktiv",
    ] {
        assert!(list.contains(told), "{told}: {list}");
    }
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_looked_at() {
    let desk = Desk::new(0);
    let adam = desk.signed_in("adam");
    let page = hand_over(
        &adam,
        "/people/file?name=a.csv",
        &"x".repeat(32 * 1024 * 1024 + 1),
    );
    assert_eq!(page.status, 413, "{}", page.text);
    // Whoever was refused keeps no place.
    for _ in 0..3 {
        let page = hand_over(&adam, "/people/file?name=a.csv", "a,b\r\n1,2\r\n");
        assert_eq!(page.status, 200, "{}", page.text);
    }
}
