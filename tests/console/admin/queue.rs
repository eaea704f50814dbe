//! The queue and its jobs.

use keyline::domain::enrollment::Standing;
use keyline::face::say::journal;

use super::super::house::Page;
use super::desk::{Desk, HOSTILE};

/// The jobs that the list shows.
fn jobs(page: &Page) -> Vec<i64> {
    page.text
        .split("<th scope=\"row\"><a href=\"/queue/jobs/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next()?.parse().ok())
        .collect()
}

/// As a page has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

#[test]
fn the_queue_has_every_standing_and_finds_what_is_asked_for() {
    let desk = Desk::new();
    desk.admit_more("100% of <i>B</i>_ward", 3);
    let page = desk.page("/queue");
    assert_eq!(jobs(&page), [1, 2, 3, 4, 5, 6, 7, 8]);
    for word in ["waiting", "under way", "held", "done", "cancelled"] {
        assert!(page.text.contains(&format!(">{word}</span>")), "{word}");
    }
    assert!(
        page.text.contains(&escaped("lost <b>card</b>")),
        "{}",
        page.text
    );
    assert!(page.text.contains(&escaped("100% of <i>B</i>_ward")));
    assert!(!page.text.contains("<i>B</i>"));
    assert!(
        page.text
            .contains(&escaped(&HOSTILE.replace('\u{202E}', "\u{FFFD}")))
    );
    for (asked, found) in [
        ("standing=waiting", vec![1, 6, 7, 8]),
        ("standing=under_way", vec![2]),
        ("standing=held", vec![3]),
        ("standing=done", vec![4]),
        ("standing=cancelled", vec![5]),
        ("standing=no-such", vec![1, 2, 3, 4, 5, 6, 7, 8]),
        ("batch=onboarding", vec![1, 2, 3, 4, 5]),
        ("batch=100%25+of+%3Ci%3EB%3C%2Fi%3E_ward", vec![6, 7, 8]),
        ("batch=onboardin", vec![]),
        ("text=DORA", vec![4]),
        ("text=10000042", vec![2]),
        ("text=%3Cscript", vec![1]),
        ("text=L-0007", vec![7]),
        ("text=3", vec![3, 7]),
        // What means much in a pattern means itself here.
        ("text=%25", vec![]),
        ("text=_", vec![]),
        ("text=contoso&standing=waiting&batch=onboarding", vec![1]),
        ("page=2", vec![]),
        ("page=18446744073709551615", vec![]),
        ("page=-1", vec![1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        let page = desk.page(&format!("/queue?{asked}"));
        assert_eq!(jobs(&page), found, "{asked}");
    }
}

#[test]
fn many_jobs_are_shown_page_by_page() {
    let desk = Desk::new();
    desk.admit_more("large", 120);
    let first = desk.page("/queue?batch=large");
    assert_eq!(jobs(&first), (6..56).collect::<Vec<_>>());
    assert!(first.text.contains("120 jobs"), "{}", first.text);
    let next = "/queue?batch=large&#38;page=2";
    assert!(first.text.contains(next), "{}", first.text);
    assert!(!first.text.contains("rel=\"prev\""));
    let last = desk.page("/queue?batch=large&page=3");
    assert_eq!(jobs(&last), (106..126).collect::<Vec<_>>());
    assert!(last.text.contains("rel=\"prev\"") && !last.text.contains("rel=\"next\""));
}

#[test]
fn a_job_has_its_whole_journal_and_nothing_runs_in_it() {
    let desk = Desk::new();
    for job in [
        desk.waiting,
        desk.under_way,
        desk.held,
        desk.done,
        desk.cancelled,
    ] {
        let page = desk.page(&format!("/queue/jobs/{job}"));
        let rows = desk.house.shared.ledger.journal(job).expect("a journal");
        for row in &rows {
            let told = escaped(&journal::line(&row.event));
            assert!(
                page.text.contains(&told),
                "job {job}: {told}\n{}",
                page.text
            );
        }
    }
    let waiting = desk.page(&format!("/queue/jobs/{}", desk.waiting));
    assert!(
        waiting
            .text
            .contains(&escaped(&HOSTILE.replace('\u{202E}', "\u{FFFD}")))
    );
    assert!(waiting.text.contains("Nothing has happened yet."));
    let held = desk.page(&format!("/queue/jobs/{}", desk.held));
    assert!(held.text.contains(&escaped("lost <b>card</b>")));
    for nowhere in ["/queue/jobs/99", "/queue/jobs/x", "/queue/jobs/-1"] {
        assert_eq!(desk.adam.get(nowhere).status, 404, "{nowhere}");
    }
    let german = desk.page(&format!("/queue/jobs/{}?lang=de", desk.held));
    assert!(german.text.contains("Freigeben") && german.text.contains("lang=\"en\""));
}

#[test]
fn every_action_is_done_in_the_name_of_whoever_asked_and_told_once() {
    let desk = Desk::new();
    for (job, fields, standing, told) in [
        (
            desk.waiting,
            [("change", "hold"), ("reason", "is away")],
            Standing::Held,
            "is held.",
        ),
        (
            desk.waiting,
            [("change", "release"), ("", "")],
            Standing::Waiting,
            "goes on where it was.",
        ),
        (
            desk.under_way,
            [("change", "retry"), ("", "")],
            Standing::UnderWay,
            "waits for another key.",
        ),
        (
            desk.held,
            [("change", "cancel"), ("", "")],
            Standing::Cancelled,
            "is cancelled.",
        ),
    ] {
        let rows = |job| {
            desk.house
                .shared
                .ledger
                .journal(job)
                .expect("a journal")
                .len()
        };
        let before = rows(job);
        let page = desk.told(job, &fields);
        assert!(
            page.text.contains(told) && page.text.contains("told-good"),
            "{told}: {}",
            page.text
        );
        assert!(rows(job) > before);
        assert_eq!(desk.standing(job), standing);
        assert_eq!(desk.last_actor(job), "console:adam");
        let again = desk.page(&format!("/queue/jobs/{job}"));
        assert!(!again.text.contains("told-good"), "{told} is told once");
    }
    // What the station refuses is told with what to do, and nothing is changed.
    let page = desk.told(desk.done, &[("change", "hold"), ("reason", "too late")]);
    assert!(
        page.text.contains("told-bad") && page.text.contains("is done"),
        "{}",
        page.text
    );
    assert_eq!(desk.standing(desk.done), Standing::Done);
    for unfit in [
        [("change", "hold"), ("reason", " … ")],
        [("change", "reissue"), ("reason", "no")],
    ] {
        let page = desk.told(desk.waiting, &unfit);
        assert!(page.text.contains("Nothing was done"), "{}", page.text);
        assert_eq!(desk.standing(desk.waiting), Standing::Waiting);
    }
}

#[test]
fn a_number_that_is_no_jobs_changes_no_job_whose_serial_it_is() {
    let desk = Desk::new();
    let ledger = desk.house.config.path(&desk.house.config.ledger.file);
    let ledger = rusqlite::Connection::open(ledger).expect("a ledger");
    let bound = "UPDATE job SET serial = '9999' WHERE id = ?1";
    assert_eq!(ledger.execute(bound, [desk.waiting.0]), Ok(1));
    for (address, change) in [("/queue/jobs/9999", "hold"), ("/pins/9999", "reissue")] {
        let fields = [("change", change), ("reason", "lost its card")];
        let sent = desk.adam.post(address, &fields);
        assert_eq!(sent.status, 404, "{address}: {}", sent.text);
        assert_eq!(desk.standing(desk.waiting), Standing::Waiting);
    }
}

#[test]
fn a_person_is_erased_only_by_whoever_types_the_right_name() {
    let desk = Desk::new();
    let address = format!("/queue/jobs/{}/erase", desk.cancelled);
    let user = |job| {
        let record = desk.house.shared.ledger.job(job).expect("a ledger");
        record.expect("a job").job.request.user
    };
    desk.adam.post(&address, &[("user", "anna@contoso.com")]);
    assert_eq!(user(desk.cancelled), "emil@contoso.com");
    let page = desk.page(&format!("/queue/jobs/{}", desk.cancelled));
    assert!(page.text.contains("another user name"), "{}", page.text);
    let sent = desk.adam.post(&address, &[("user", " EMIL@contoso.com ")]);
    assert_eq!(sent.status, 303);
    let page = desk.page(&format!("/queue/jobs/{}", desk.cancelled));
    assert!(page.text.contains("The person is erased"), "{}", page.text);
    assert!(!page.text.contains("emil@contoso.com\""), "{}", page.text);
    assert_ne!(user(desk.cancelled), "emil@contoso.com");
    let audit = desk.page("/audit?actor=adam");
    assert!(audit.text.contains("A person was erased"), "{}", audit.text);
    // An open job keeps its person.
    let open = format!("/queue/jobs/{}/erase", desk.waiting);
    desk.adam.post(&open, &[("user", "anna@contoso.com")]);
    let page = desk.page(&format!("/queue/jobs/{}", desk.waiting));
    assert!(page.text.contains("still open"), "{}", page.text);
}

#[test]
fn an_operator_changes_nothing() {
    let desk = Desk::new();
    let olga = desk.house.signed_in("olga");
    for path in [
        "/queue",
        "/queue/jobs/1",
        "/audit",
        "/audit/export.csv",
        "/log",
        "/preflight",
    ] {
        let page = olga.get(path);
        assert_eq!(page.status, 403, "{path}");
        assert!(!page.text.contains("contoso.com"), "{path}");
    }
    let fields = [("change", "cancel"), ("user", "emil@contoso.com")];
    for path in [
        "/queue/jobs/1",
        "/queue/jobs/5/erase",
        "/audit/verify",
        "/preflight",
    ] {
        assert_eq!(olga.post(path, &fields).status, 403, "{path}");
    }
    assert_eq!(desk.standing(desk.waiting), Standing::Waiting);
    assert_eq!(desk.last_actor(desk.cancelled), "console:adam");
}

#[test]
fn files_that_were_not_taken_are_told_with_their_reasons() {
    let desk = Desk::new();
    assert!(desk.page("/queue").text.contains("There are none."));
    let config = &desk.house.config;
    let rejected = config.path(&config.queue.folder).join("rejected");
    std::fs::create_dir_all(&rejected).expect("a folder");
    let reasons = format!("a.csv was not taken: 1 thing needs mending.\n\nline 2\n  {HOSTILE}\n");
    std::fs::write(rejected.join("<b>a.csv.reason.txt"), reasons).expect("a file");
    let page = desk.page("/queue");
    assert!(
        page.text.contains("rejected/&#60;b&#62;a.csv"),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains(&escaped(&HOSTILE.replace('\u{202E}', "\u{FFFD}")))
    );
    assert!(page.text.contains("1 thing needs mending.\n\nline 2"));
}
