//! What is kept of a file, beside imports that fail and damage that is found.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ACME, NOON, OTHER, acme, day, numbered, publisher, trust};
use crate::adapter::mds::{Catalogue, Floors, Import, Kept, MdsFault, entries};
use crate::domain::metadata::Signer;
use crate::port::Models as _;
use crate::practice::metadata::{Publisher, edition};

struct Home {
    folder: TempDir,
    publisher: Publisher,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            publisher: publisher(),
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("models.jsonl")
    }

    fn kept(&self) -> Kept {
        Kept::at(&self.file())
    }

    fn import(&self, edition: &Value) -> Result<Import, MdsFault> {
        let blob = self.publisher.publish(edition).expect("a file");
        self.kept()
            .import(blob.as_bytes(), &trust(&self.publisher), NOON)
    }

    /// The names of what lies in the folder.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
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
}

fn with_logo(logo: &str) -> Value {
    let mut entry = acme();
    entry["metadataStatement"]["icon"] = json!(logo);
    entry
}

#[test]
fn what_was_imported_is_kept_and_a_logo_too_large_is_not() {
    let home = Home::new();
    assert_eq!(home.kept().load(), Ok(None));
    assert_eq!(home.kept().logo(ACME), Ok(None));
    let logo = "data:image/png;base64,AAAA";
    let import = home
        .import(&edition(7, day("2026-12-01"), &[with_logo(logo)]))
        .expect("an import");
    assert_eq!((import.edition.number, import.before), (7, None));
    let shelf = home.kept().load().expect("it loads").expect("it is there");
    assert_eq!(shelf.edition, import.edition);
    assert_eq!(shelf.edition.signer, Signer::Practice);
    assert_eq!(shelf.edition.imported, NOON);
    assert_eq!(shelf.models[&ACME].name, "Acme Key");
    assert_eq!(home.kept().logo(ACME), Ok(Some(logo.to_owned())));
    assert_eq!(home.kept().logo(OTHER), Ok(None));
    let large = format!("data:image/png;{}", "A".repeat(entries::LOGO_LENGTH_MAX));
    home.import(&edition(8, day("2026-12-01"), &[with_logo(&large)]))
        .expect("an import");
    assert_eq!(home.kept().logo(ACME), Ok(None));
    assert_eq!(home.names(), ["models.jsonl", "models.jsonl.lock"]);
}

#[test]
fn the_number_never_goes_back_under_one_signer() {
    let home = Home::new();
    home.import(&numbered(7)).expect("the first");
    assert_eq!(
        home.import(&numbered(6)),
        Err(MdsFault::Older {
            offered: 6,
            kept: 7
        })
    );
    let kept = home.kept().load().expect("it loads").expect("it is there");
    assert_eq!(kept.edition.number, 7);
    assert_eq!(home.import(&numbered(7)).expect("again").before, Some(7));
    assert_eq!(home.import(&numbered(9)).expect("newer").before, Some(7));
    let nothing = home.import(&edition(10, day("2026-12-01"), &[]));
    assert!(matches!(nothing, Err(MdsFault::NotMetadata { .. })));
    let kept = home.kept().load().expect("it loads").expect("it is there");
    assert_eq!(kept.edition.number, 9);
}

/// What is in no file any more counts all the same, and says nothing about another signer.
#[test]
fn a_number_that_was_here_once_is_not_gone_back_behind() {
    let home = Home::new();
    let import = |floors: Floors, number| {
        let blob = home.publisher.publish(&numbered(number)).expect("a file");
        home.kept()
            .not_below(floors)
            .import(blob.as_bytes(), &trust(&home.publisher), NOON)
    };
    let ours = Floors::default().with(Signer::Practice, 8);
    let foreign = Floors::default().with(Signer::Fido, 100);
    assert_eq!(ours.with(Signer::Practice, 3), ours);
    assert_eq!(
        import(ours, 7),
        Err(MdsFault::Older {
            offered: 7,
            kept: 8
        })
    );
    assert_eq!(home.kept().load(), Ok(None));
    assert_eq!(import(foreign, 7).expect("another signer's").before, None);
    assert!(matches!(
        home.kept().not_below(ours).load(),
        Err(MdsFault::GoneBack {
            number: 7,
            newest: 8,
            ..
        })
    ));
    assert_eq!(import(ours, 8).expect("it mends").before, Some(7));
    assert!(home.kept().not_below(ours).load().is_ok());
}

#[test]
fn a_damaged_file_is_told_and_an_import_mends_it() {
    let home = Home::new();
    home.import(&numbered(7)).expect("an import");
    let whole = std::fs::read(home.file()).expect("the file");
    let text = String::from_utf8(whole.clone()).expect("text");
    let mut bent = whole.clone();
    let at = text.find("Acme").expect("the name");
    bent[at] = b'B';
    let first = text.find('\n').expect("a line");
    let cases: [(&[u8], &str); 6] = [
        (b"", "it is cut off"),
        (b"{}\n", "does not begin as keyline writes it"),
        (&whole[..=first], "it is cut off"),
        (&whole[..whole.len() - 5], "cannot be read"),
        (&bent, "not those that were written"),
        (b"\xFF\xFE\n", "it is not text"),
    ];
    for (bytes, expected) in cases {
        std::fs::write(home.file(), bytes).expect("it is written");
        let told = home.kept().load().expect_err("damaged").to_string();
        assert!(told.contains(expected), "{expected}: {told}");
        assert!(Catalogue::open(&home.file()).is_err());
    }
    let newer = text.replacen("\"keyline_metadata\":2", "\"keyline_metadata\":3", 1);
    std::fs::write(home.file(), newer).expect("it is written");
    let told = home.kept().load().expect_err("newer").to_string();
    assert!(told.contains("another version of keyline"), "{told}");
    home.import(&numbered(3)).expect("an import mends it");
    assert!(home.kept().load().is_ok());
}

/// Whatever is said of the edition is covered, not only the models.
#[test]
fn a_head_that_somebody_changed_is_damage() {
    let home = Home::new();
    home.import(&numbered(7)).expect("an import");
    let text = std::fs::read_to_string(home.file()).expect("the file");
    for (there, put) in [
        ("\"number\":7", "\"number\":9"),
        ("\"signer\":\"practice\"", "\"signer\":\"fido\""),
        ("\"next_update\":\"2026", "\"next_update\":\"2099"),
        ("\"broken\":0", "\"broken\":1"),
    ] {
        let changed = text.replacen(there, put, 1);
        assert_ne!(changed, text, "{there} is there");
        std::fs::write(home.file(), changed).expect("it is written");
        let told = home.kept().load().expect_err(put).to_string();
        assert!(told.contains("not those that were written"), "{told}");
    }
    // As the first version was written: nobody can tell whether its edition is what it was, so it is imported anew.
    let (head, models) = text.split_once('\n').expect("a line");
    let mut head: Value = serde_json::from_str(head).expect("JSON");
    head["keyline_metadata"] = json!(1);
    let sum = head.as_object_mut().and_then(|head| head.remove("sha256"));
    head["models_sha256"] = sum.expect("a check sum");
    std::fs::write(home.file(), format!("{head}\n{models}")).expect("it is written");
    let told = home.kept().load().expect_err("older").to_string();
    assert!(told.contains("an older keyline wrote it"), "{told}");
    home.import(&numbered(7)).expect("an import mends it");
    let mended = home.kept().load().expect("it loads");
    assert_eq!(mended.map(|shelf| shelf.edition.number), Some(7));
}

#[test]
fn metadata_for_practice_counts_as_none_where_only_genuine_metadata_does() {
    let home = Home::new();
    home.import(&numbered(7)).expect("an import");
    assert_eq!(home.kept().genuine_only().load(), Ok(None));
    // Nor does one that went back stop anybody: it does not count anyway.
    let floors = Floors::default().with(Signer::Practice, 8);
    assert_eq!(
        home.kept().genuine_only().not_below(floors).load(),
        Ok(None)
    );
    let counts = home.kept().load().expect("it loads");
    assert_eq!(counts.map(|shelf| shelf.edition.number), Some(7));
    let catalogue = Catalogue::over(home.kept().genuine_only()).expect("a catalogue");
    assert_eq!(catalogue.shelf(), None);
}

#[test]
fn an_import_that_cannot_be_written_leaves_what_was_there() {
    let home = Home::new();
    let elsewhere = Kept::at(&home.folder.path().join("missing/models.jsonl"));
    let blob = home.publisher.publish(&numbered(1)).expect("a file");
    let failed = elsewhere.import(blob.as_bytes(), &trust(&home.publisher), NOON);
    assert!(matches!(failed, Err(MdsFault::Files { .. })), "{failed:?}");
}

#[test]
fn a_running_station_takes_up_what_is_imported_and_forgets_nothing() {
    let home = Home::new();
    let catalogue = Catalogue::open(&home.file()).expect("a catalogue");
    let number = || catalogue.shelf().map(|shelf| shelf.edition.number);
    assert_eq!(number(), None);
    home.import(&numbered(7)).expect("an import");
    assert_eq!(number(), Some(7));
    let of_seven = std::fs::read(home.file()).expect("the file");
    home.import(&numbered(8)).expect("an import");
    assert_eq!(number(), Some(8));
    std::fs::write(home.file(), "nonsense").expect("it is written");
    assert_eq!(number(), Some(8));
    std::fs::write(home.file(), of_seven).expect("it is put back");
    assert_eq!(number(), Some(8));
    std::fs::remove_file(home.file()).expect("it goes");
    assert_eq!(number(), Some(8));
    home.import(&numbered(9)).expect("an import");
    assert_eq!(number(), Some(9));
}

#[test]
fn a_pipe_in_the_place_of_the_kept_file_is_refused_at_once() {
    let home = Home::new();
    let owner = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, home.file(), owner).expect("a pipe");
    let refusals = [
        home.kept().load().map(drop).expect_err("a pipe"),
        home.import(&numbered(7)).map(drop).expect_err("a pipe"),
    ];
    for refusal in refusals {
        assert!(refusal.to_string().contains("it is a pipe"), "{refusal}");
    }
    let source = crate::adapter::mds::Source {
        url: url::Url::parse("https://mds.contoso.com/").expect("an address"),
        ca_file: Some(home.file()),
    };
    let refusal = source.fetch().expect_err("a pipe");
    assert!(refusal.to_string().contains("it is a pipe"), "{refusal}");
}
