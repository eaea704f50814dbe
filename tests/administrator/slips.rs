//! `keyline batches slips`, as typed: what the files say when other programs read them, and what is left behind when they cannot
//! be written.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::line::{Knows, Line};
use crate::small_disk::SmallDisk;
use crate::{err, keyline, out};

/// Anna and Jürgen have a key, Chloé is unknown to the tenant, no shipped font has the fourth name, and the fifth job is
/// cancelled.
fn a_batch() -> Line {
    let line = Line::new(1);
    line.drop_file(
        "spring.csv",
        "user,name,language,policy,deliver_to\r\nanna.lang@contoso.com,Anna Lang,,standard,Room 7\r\n\
         juergen.mueller@contoso.com,Jürgen Müller,de,standard,Raum 8\r\nnobody@contoso.com,Chloé Weiß,fr,standard,\r\n\
         fang.wang@contoso.com,王芳,,standard,\r\ngone@contoso.com,Gone Away,,standard,\r\n",
    );
    let keys = vec![
        line.maker.make(1).expect("a key"),
        line.maker.make(2).expect("a key"),
    ];
    let (summary, _) = line.run(Knows::nothing(), keys);
    assert_eq!(summary.done, 2, "{summary:?}");
    let cancelled = keyline(&line, &["jobs", "cancel", "gone@contoso.com"]);
    assert!(cancelled.status.success(), "{}", err(&cancelled));
    line
}

fn slips(line: &Line, folder: &Path, more: &[&str]) -> Output {
    let folder = folder.display().to_string();
    let typed = ["batches", "slips", "spring", "--folder", &folder];
    keyline(line, &[&typed, more].concat())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().expect("text"))
        .collect();
    names.sort();
    names
}

/// What one of poppler's programs makes of a file.
fn poppler(program: &str, options: &[&str], file: &Path) -> Vec<u8> {
    let read = Command::new(program)
        .args(options)
        .arg(file)
        .arg("-")
        .output();
    let read = read.unwrap_or_else(|error| panic!("{program} (package poppler-utils): {error}"));
    assert!(
        read.status.success() && read.stderr.is_empty(),
        "{}",
        err(&read)
    );
    read.stdout
}

/// The words of each page.
fn pages(file: &Path) -> Vec<String> {
    let text = String::from_utf8(poppler("pdftotext", &["-layout"], file)).expect("text");
    let pages = text.trim_end_matches('\u{c}').split('\u{c}');
    let words = |page: &str| page.split_whitespace().collect::<Vec<_>>().join(" ");
    pages.map(words).collect()
}

/// The codes of each page, read from its picture.
fn codes(file: &Path, page: usize) -> Vec<String> {
    let page = page.to_string();
    let picture = Command::new("pdftoppm")
        .args(["-r", "200", "-gray", "-f", &page, "-l", &page])
        .arg(file)
        .output()
        .expect("pdftoppm");
    let mut rest = picture.stdout.as_slice();
    let mut head = Vec::new();
    // PGM: P5, width and height, the white value, each ended by one blank; then the greys.
    while head.len() < 4 {
        let end = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .expect("a head");
        head.push(String::from_utf8_lossy(&rest[..end]).into_owned());
        rest = &rest[end + 1..];
    }
    let (width, height) = (head[1].parse().expect("px"), head[2].parse().expect("px"));
    let grey = |x: usize, y: usize| rest[y * width + x];
    let mut seen = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let grids = seen.detect_grids();
    let read = grids.iter().filter_map(|grid| grid.decode().ok());
    read.map(|(_, text)| text).collect()
}

fn pin_of(line: &Line, job: &str) -> String {
    let identity = line.identity.display().to_string();
    let shown = out(&keyline(
        line,
        &["pins", "show", job, "--identity", &identity],
    ));
    let is_pin = |word: &&str| word.len() == 8 && word.chars().all(|c| c.is_ascii_digit());
    shown
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(is_pin)
        .unwrap_or_else(|| panic!("no PIN of job {job}"))
        .to_owned()
}

fn the_labels_are_right(labels: &Path) {
    let read = pages(labels);
    assert_eq!(read.len(), 3, "{read:?}");
    for (page, (bag, name)) in (1..).zip([
        ("B-0001", "Anna Lang"),
        ("B-0002", "Jürgen Müller"),
        ("B-0003", "Chloé Weiß"),
    ]) {
        let text = &read[page - 1];
        assert!(text.contains(bag) && text.contains(name), "{text}");
        assert_eq!(codes(labels, page), [bag]);
    }
    assert!(read[0].contains("Serial ends in"), "{}", read[0]);
    assert!(read[1].contains("Serie endet auf 0002"), "{}", read[1]);
    // Her key is not known yet.
    assert!(read[2].contains("spring / 3"), "{}", read[2]);
    assert!(
        !read[2].contains("érie") && !read[2].contains("Clé"),
        "{}",
        read[2]
    );
}

fn the_letters_are_right(letters: &Path, receipts: &Path) {
    let read = pages(letters);
    assert_eq!(read.len(), 2, "{read:?}");
    assert!(
        read[0].contains("Dear Anna Lang,") && read[0].contains("Room 7"),
        "{}",
        read[0]
    );
    assert!(read[0].contains("is numbered B-0001"), "{}", read[0]);
    assert!(
        read[1].contains("Jürgen Müller") && read[1].contains("Raum 8"),
        "{}",
        read[1]
    );
    let read = pages(receipts);
    assert_eq!(read.len(), 2, "{read:?}");
    assert!(
        read[0].contains("Signature") && read[1].contains("Unterschrift"),
        "{read:?}"
    );
}

fn nothing_secret_is_in(files: &[&PathBuf], line: &Line) {
    let pins = [pin_of(line, "1"), pin_of(line, "2")];
    for file in files {
        let mode = file.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let bytes = std::fs::read(file).expect("bytes");
        let raw = String::from_utf8_lossy(&bytes);
        let text = pages(file).join(" ");
        let run: String = text.split_whitespace().collect();
        assert!(!text.contains("@contoso.com"), "{text}");
        for pin in &pins {
            assert!(
                !run.contains(pin) && !raw.contains(pin),
                "{}",
                file.display()
            );
        }
        assert!(!raw.contains("Anna"), "the metadata name somebody");
    }
}

#[test]
fn every_key_has_its_sheets_and_none_has_a_secret() {
    let line = a_batch();
    let folder = tempfile::tempdir().expect("a folder");
    let written = slips(&line, folder.path(), &[]);
    let told = err(&written);
    assert_eq!(written.status.code(), Some(3), "{told}");
    for words in [
        "1 job is cancelled and left out: B-0005.",
        "warning: No label for B-0004: the recipient's name holds ",
        "2 jobs have no key yet and no place in the key letters: B-0003, B-0004.",
        "2 jobs have no key yet and no place in the receipts: B-0003, B-0004.",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("王芳"), "{told}");
    let files = [
        "spring-key-letters.pdf",
        "spring-labels.pdf",
        "spring-receipts.pdf",
    ];
    assert_eq!(names(folder.path()), files);
    assert_eq!(out(&written).lines().count(), 3);
    let [letters, labels, receipts] = files.map(|name| folder.path().join(name));

    the_labels_are_right(&labels);
    the_letters_are_right(&letters, &receipts);
    nothing_secret_is_in(&[&letters, &labels, &receipts], &line);
    let before = std::fs::read(&labels).expect("bytes");
    let again = slips(&line, folder.path(), &["--kind", "label"]);
    assert_eq!(again.status.code(), Some(3));
    assert_eq!(out(&again).lines().count(), 1);
    assert!(
        before == std::fs::read(&labels).expect("bytes"),
        "the bytes differ"
    );
}

#[test]
fn what_needs_no_font_is_done_and_what_is_not_there_is_told() {
    let line = a_batch();
    let folder = tempfile::tempdir().expect("a folder");
    let receipts = slips(&line, folder.path(), &["--kind", "receipt"]);
    assert_eq!(receipts.status.code(), Some(0), "{}", err(&receipts));
    assert_eq!(names(folder.path()), ["spring-receipts.pdf"]);
    let typo = keyline(&line, &["batches", "slips", "sprnig"]);
    assert_eq!(typo.status.code(), Some(2));
    assert!(
        err(&typo).contains("Did you mean `spring`?"),
        "{}",
        err(&typo)
    );
    let nowhere = slips(&line, Path::new("/nowhere"), &[]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(err(&nowhere).contains("There is no folder /nowhere."));
}

#[test]
fn a_full_disk_leaves_no_half_a_slip() {
    SmallDisk::with("slips::a_full_disk_leaves_no_half_a_slip", 1, |disk| {
        let line = a_batch();
        let folder = disk.folder("slips");
        let ballast = disk.fill();
        let full = slips(&line, &folder, &[]);
        assert_eq!(full.status.code(), Some(8), "{}", err(&full));
        assert!(err(&full).contains("was not written"), "{}", err(&full));
        assert_eq!(names(&folder), Vec::<String>::new());
        drop(ballast);
        assert_eq!(slips(&line, &folder, &[]).status.code(), Some(3));
        assert_eq!(names(&folder).len(), 3);
    });
}

#[test]
fn what_one_file_does_not_take_comes_in_the_next() {
    let line = Line::new(1);
    let rows: String = (1..=501)
        .map(|number| format!("p{number}@contoso.com,Person {number},standard\r\n"))
        .collect();
    line.drop_file("spring.csv", &format!("user,name,policy\r\n{rows}"));
    line.run(Knows::nothing(), Vec::new());
    let folder = tempfile::tempdir().expect("a folder");
    let written = slips(&line, folder.path(), &["--kind", "label"]);
    assert!(written.status.success(), "{}", err(&written));
    assert_eq!(
        names(folder.path()),
        ["spring-labels-2.pdf", "spring-labels.pdf"]
    );
    let first = pages(&folder.path().join("spring-labels.pdf"));
    let last = pages(&folder.path().join("spring-labels-2.pdf"));
    assert_eq!((first.len(), last.len()), (500, 1));
    assert!(
        first[499].contains("B-0500 ") && last[0].contains("Person 501"),
        "{last:?}"
    );
    files_of_an_earlier_time_go(&line, folder.path());
}

/// Of 501 people one wants no key any more, so one file is enough.
fn files_of_an_earlier_time_go(line: &Line, folder: &Path) {
    let bytes = std::fs::read(folder.join("spring-labels-2.pdf")).expect("bytes");
    for (name, bytes) in [
        ("spring-labels-4.pdf", bytes.as_slice()),
        ("spring-labels-3.pdf", b"%PDF-1.3 of somebody else"),
        // These are no names of files of labels.
        ("spring-labels-02.pdf", &bytes),
        ("spring-labels-2.pdf.old", &bytes),
        ("spring-receipts-2.pdf", &bytes),
        ("springtime-labels-2.pdf", &bytes),
    ] {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    let link = folder.join("spring-labels-5.pdf");
    std::os::unix::fs::symlink(folder.join("springtime-labels-2.pdf"), link).expect("a link");
    let cancelled = keyline(line, &["jobs", "cancel", "501"]);
    assert!(cancelled.status.success(), "{}", err(&cancelled));
    let again = slips(line, folder, &["--kind", "label"]);
    assert!(again.status.success(), "{}", err(&again));
    assert_eq!(
        names(folder),
        [
            "spring-labels-02.pdf",
            "spring-labels-2.pdf.old",
            "spring-labels-3.pdf",
            "spring-labels-5.pdf",
            "spring-labels.pdf",
            "spring-receipts-2.pdf",
            "springtime-labels-2.pdf",
        ]
    );
    let told = err(&again);
    for words in [
        "spring-labels-2.pdf was of an earlier time and is removed.",
        "spring-labels-4.pdf was of an earlier time and is removed.",
        "spring-labels-3.pdf stays, because keyline did not write it.",
        "spring-labels-5.pdf stays, because keyline did not write it.",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
