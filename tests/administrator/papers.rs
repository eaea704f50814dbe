//! `keyline batches` and the specimens of `keyline mailer`, as typed: what is written, and what is left behind when it cannot be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::line::{Knows, Line};
use crate::small_disk::SmallDisk;
use crate::{err, keyline, out};

/// Three people; two have a key, the third is unknown to the tenant.
fn two_done() -> Line {
    let line = Line::new(1);
    line.drop_file(
        "spring.csv",
        "user,name,department,policy\r\nanna.lang@contoso.com,=Anna Lang,Sales,standard\r\n\
         juergen.mueller@contoso.com,Jürgen Müller,Sales,standard\r\nnobody@contoso.com,Chloé Weiß,Sales,standard\r\n",
    );
    let keys = vec![
        line.maker.make(1).expect("a key"),
        line.maker.make(2).expect("a key"),
    ];
    let (summary, _) = line.run(Knows::nothing(), keys);
    assert_eq!(summary.done, 2, "{summary:?}");
    line
}

fn papers(line: &Line, folder: &Path) -> Output {
    let folder = folder.display().to_string();
    keyline(line, &["batches", "papers", "spring", "--folder", &folder])
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn the_papers_of_a_batch_are_whole_for_their_owner_and_without_pins() {
    let line = two_done();
    let listed = out(&keyline(&line, &["batches"]));
    assert!(
        listed.contains("spring") && listed.contains("waiting"),
        "{listed}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let written = papers(&line, folder.path());
    assert!(written.status.success(), "{}", err(&written));
    assert_eq!(out(&written).lines().count(), 8);
    assert_eq!(names(folder.path()).len(), 8);
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a paper");
    let pdf = read("spring-end-of-batch.pdf");
    assert!(pdf.starts_with(b"%PDF-"));
    let mode = folder.path().join("spring-run-sheet.csv");
    let mode = mode.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let run_sheet = String::from_utf8(read("spring-run-sheet.csv")).expect("text");
    assert!(
        run_sheet.starts_with('\u{FEFF}') && run_sheet.contains(",'=Anna Lang,"),
        "{run_sheet}"
    );
    let end = String::from_utf8(read("spring-end-of-batch.csv")).expect("text");
    assert!(end.contains("count,confirmed,2,"), "{end}");
    assert!(end.contains("gap,held,,1,3,L-0003,,held: "), "{end}");
    assert!(end.contains("chain,last row,"), "{end}");
    // The same ledger on the same day gives the same papers, over the old ones.
    assert!(papers(&line, folder.path()).status.success());
    assert!(pdf == read("spring-end-of-batch.pdf"), "the bytes differ");
    assert_eq!(names(folder.path()).len(), 8);
    let identity = line.identity.display().to_string();
    let shown = keyline(&line, &["pins", "show", "1", "--identity", &identity]);
    let shown = out(&shown);
    let pin: String = shown.chars().filter(char::is_ascii_digit).collect();
    assert!(pin.len() >= 6, "{shown}");
    for name in names(folder.path())
        .iter()
        .filter(|name| name.ends_with("csv"))
    {
        let text = String::from_utf8(read(name)).expect("text");
        for word in shown.split_whitespace().filter(|word| word.len() >= 6) {
            let secret = word.chars().all(|c| c.is_ascii_digit());
            assert!(!secret || !text.contains(word), "{name}");
        }
    }
}

#[test]
fn a_batch_that_is_not_there_and_a_folder_that_cannot_be_used_are_told() {
    let line = two_done();
    let slip = keyline(&line, &["batches", "papers", "sprnig"]);
    assert_eq!(slip.status.code(), Some(2));
    assert!(
        err(&slip).contains("Did you mean `spring`?"),
        "{}",
        err(&slip)
    );
    let nowhere = papers(&line, Path::new("/nowhere"));
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(err(&nowhere).contains("There is no folder /nowhere."));
    let locked = papers(&line, Path::new("/proc"));
    assert_eq!(locked.status.code(), Some(8), "{}", err(&locked));
    assert!(err(&locked).contains("/proc/spring-run-sheet.pdf was not written"));
}

#[test]
fn a_full_disk_leaves_no_half_a_paper() {
    SmallDisk::with("papers::a_full_disk_leaves_no_half_a_paper", 1, |disk| {
        let line = two_done();
        let folder = disk.folder("papers");
        let ballast = disk.fill();
        let full = papers(&line, &folder);
        assert_eq!(full.status.code(), Some(8), "{}", err(&full));
        assert!(err(&full).contains("was not written"), "{}", err(&full));
        assert_eq!(names(&folder), Vec::<String>::new());
        drop(ballast);
        assert!(papers(&line, &folder).status.success());
        assert_eq!(names(&folder).len(), 8);
    });
}

/// The program in a folder where there is no station.
fn without_station(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the program")
}

#[test]
fn a_specimen_needs_no_station_and_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let typed = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        without_station(folder.path(), &arguments)
    };
    let preview = typed("mailer preview din5008b --lang de -o a.pdf");
    assert!(preview.status.success(), "{}", err(&preview));
    let first = std::fs::read(folder.path().join("a.pdf")).expect("a PDF");
    assert!(first.starts_with(b"%PDF-"));
    let again = typed("mailer preview c5 -o a.pdf");
    assert_eq!(again.status.code(), Some(2));
    assert!(
        err(&again).contains("a.pdf is there already."),
        "{}",
        err(&again)
    );
    assert!(first == std::fs::read(folder.path().join("a.pdf")).expect("a PDF"));
    assert!(typed("mailer preview c5 -o a.pdf --force").status.success());
    let label = typed("mailer preview label -o -");
    assert!(label.stdout.starts_with(b"%PDF-"), "{}", err(&label));
    let piped = typed("mailer calibrate us10 -o -");
    assert!(piped.stdout.starts_with(b"%PDF-"));
    assert_eq!(names(folder.path()), ["a.pdf"]);
    for (arguments, code, told) in [
        (
            "mailer preview din5008x -o b.pdf",
            2,
            "Did you mean `din5008b`?",
        ),
        (
            "mailer preview din5008b --lang tlh -o b.pdf",
            2,
            "There is no language `tlh`.",
        ),
        (
            "mailer preview din5008b --name a\u{202e}b -o b.pdf",
            2,
            "no control or direction characters",
        ),
        (
            "mailer preview din5008b -o no/b.pdf",
            8,
            "no/b.pdf was not written",
        ),
        ("mailer preview din5008b -o .", 2, ". is a folder."),
        (
            "mailer preview label --kind pin -o b.pdf",
            2,
            "lays out no pin sheet",
        ),
    ] {
        let refused = typed(arguments);
        assert_eq!(
            refused.status.code(),
            Some(code),
            "{arguments}: {}",
            err(&refused)
        );
        assert!(
            err(&refused).contains(told),
            "{arguments}: {}",
            err(&refused)
        );
    }
    let checked = typed("mailer check --json");
    assert!(checked.status.success(), "{}", err(&checked));
    let value: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let sheets = value["sheets"].as_array().expect("a list");
    assert!(sheets.len() > 100 && sheets.iter().all(|sheet| sheet["outcome"] != "fails"));
    assert_eq!(names(folder.path()), ["a.pdf"], "a check writes nothing");
}
