//! The accounts' file: whole, private, and of use to nobody who steals it.

use std::thread;

use super::*;
use crate::adapter::system::SystemClock;

const PASSPHRASE: &str = "three words in a row";

struct Home {
    folder: tempfile::TempDir,
    accounts: Arc<AccountsFile>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("console.toml");
        let accounts = Arc::new(AccountsFile::at(path, Arc::new(SystemClock)));
        Self { folder, accounts }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("console.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("the file")
    }

    fn overwrite(&self, text: &str) {
        fs::write(self.path(), text).expect("a file");
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path(), private).expect("its mode");
    }
}

fn name(text: &str) -> AccountName {
    text.parse().expect("a name")
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::chosen(text).expect("it fits")
}

#[test]
fn an_account_signs_in_with_its_passphrase_and_with_nothing_else() {
    let home = Home::new();
    assert_eq!(home.accounts.list(), Ok(Vec::new()));
    let anna = home
        .accounts
        .add(&name("anna"), Role::Operator, &passphrase(PASSPHRASE))
        .expect("added");
    let verify = |name: &str, text: &str| home.accounts.verify(name, &Passphrase::offered(text));
    assert_eq!(verify("anna", PASSPHRASE), Ok(Some(anna.clone())));
    assert_eq!(verify(" Anna ", PASSPHRASE), Ok(Some(anna.clone())));
    assert_eq!(verify("anna", "three words in a roW"), Ok(None));
    assert_eq!(verify("anna", ""), Ok(None));
    assert_eq!(verify("berta", PASSPHRASE), Ok(None));
    assert_eq!(verify("", "nobody has this one"), Ok(None));
    let changed = home
        .accounts
        .set_passphrase(&name("anna"), &passphrase("another four words here"))
        .expect("changed");
    assert!(changed.set > anna.set, "sessions of before end by it");
    assert_eq!(verify("anna", PASSPHRASE), Ok(None));
    assert_eq!(home.accounts.list(), Ok(vec![changed]));
}

#[test]
fn the_file_is_the_stations_alone_and_holds_no_passphrase() {
    let home = Home::new();
    let added = home
        .accounts
        .add(&name("anna"), Role::Operator, &passphrase(PASSPHRASE));
    added.expect("added");
    for file in fs::read_dir(home.folder.path()).expect("a folder") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("its mode").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
    let text = home.text();
    assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
    assert!(!text.contains("words in"), "{text}");
    let again = Home::new();
    let added = again
        .accounts
        .add(&name("anna"), Role::Operator, &passphrase(PASSPHRASE));
    added.expect("added");
    let salt = |text: &str| text.split('$').nth(4).map(str::to_owned);
    assert_ne!(
        salt(&text),
        salt(&again.text()),
        "each has a salt of its own"
    );
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let home = Home::new();
    let add = |who: &str, role| home.accounts.add(&name(who), role, &passphrase(PASSPHRASE));
    add("anna", Role::Administrator).expect("added");
    add("berta", Role::Operator).expect("added");
    let before = home.text();
    assert_eq!(
        add("anna", Role::Operator),
        Err(AccountsFault::Taken(name("anna")))
    );
    assert_eq!(
        home.accounts.remove(&name("carla")),
        Err(AccountsFault::Unknown(name("carla")))
    );
    assert_eq!(
        home.accounts.remove(&name("anna")),
        Err(AccountsFault::LastAdministrator(name("anna")))
    );
    let first = home
        .accounts
        .add_first(&name("eve"), &passphrase(PASSPHRASE));
    assert_eq!(first, Ok(None));
    assert_eq!(home.text(), before);
    home.accounts.remove(&name("berta")).expect("removed");
    home.accounts
        .remove(&name("anna"))
        .expect("the last of all");
    assert_eq!(home.accounts.list(), Ok(Vec::new()));
}

#[test]
fn a_broken_file_is_told_in_words_and_never_written_over() {
    let home = Home::new();
    home.accounts
        .add(&name("anna"), Role::Administrator, &passphrase(PASSPHRASE))
        .expect("added");
    let whole = home.text();
    let hash = whole.split('"').find(|part| part.starts_with("$argon2id"));
    let hash = hash.expect("a hash").to_owned();
    for (broken, words) in [
        (whole.replace("role = ", "rôle = "), "line 5"),
        (whole.replace("administrator", "king"), "line 5"),
        (
            whole.replace("$argon2id", "$unknown id"),
            "`anna` is damaged",
        ),
        (format!("{whole}{whole}"), "`anna` stands there twice"),
        (whole.replace("\"anna\"", "\"An na\""), "line 4"),
        (whole.replace("[[account]]", "[[acount]]"), "line 3"),
    ] {
        home.overwrite(&broken);
        let told = home.accounts.list().expect_err(words).to_string();
        assert!(
            told.contains(words) && told.contains("console.toml"),
            "{told}"
        );
        assert!(
            !told.contains(&hash) && !told.contains("argon2id"),
            "{told}"
        );
        let added = home
            .accounts
            .add(&name("berta"), Role::Operator, &passphrase(PASSPHRASE));
        assert!(added.is_err());
        assert_eq!(home.text(), broken);
    }
    home.overwrite(&whole);
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o640)).expect("its mode");
    let told = home
        .accounts
        .list()
        .expect_err("open to others")
        .to_string();
    assert!(
        told.contains("mode 640") && told.contains("chmod 600"),
        "{told}"
    );
}

#[test]
fn many_writers_lose_nothing_and_readers_always_find_a_whole_file() {
    let home = Home::new();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            // Each as a program of its own: nothing but the folder in common.
            let accounts = AccountsFile::at(home.path(), Arc::new(SystemClock));
            thread::spawn(move || {
                for number in 0..3 {
                    let one = name(&format!("w{writer}n{number}"));
                    accounts
                        .change((&one, AccountChange::Passphrase), |book| {
                            book.accounts.push(Line {
                                name: one.clone(),
                                role: Role::Administrator,
                                set: Timestamp(0),
                                passphrase: nobodys().to_owned(),
                            });
                            Ok(())
                        })
                        .expect("written");
                }
            })
        })
        .collect();
    while writers.iter().any(|writer| !writer.is_finished()) {
        home.accounts.list().expect("a whole file");
    }
    for writer in writers {
        writer.join().expect("no panic");
    }
    assert_eq!(home.accounts.list().map(|list| list.len()), Ok(12));
}

#[test]
fn what_a_writer_left_who_was_cut_off_is_in_nobodys_way() {
    let home = Home::new();
    fs::write(home.path().with_extension("draft"), "half a f").expect("a draft");
    let first = home
        .accounts
        .add_first(&name("anna"), &passphrase(PASSPHRASE));
    assert!(matches!(first, Ok(Some(_))), "{first:?}");
    assert!(!home.path().with_extension("draft").exists());
}

#[test]
fn what_was_read_once_is_gone_by_only_while_nobody_writes() {
    let home = Home::new();
    let add = |text: &str, role| {
        let added = home
            .accounts
            .add(&name(text), role, &passphrase(PASSPHRASE));
        added.expect("added")
    };
    add("anna", Role::Administrator);
    let until_settled = || {
        while home.accounts.marks().is_none() {
            thread::yield_now();
        }
    };
    until_settled();
    assert_eq!(home.accounts.list().map(|list| list.len()), Ok(1));
    assert!(
        home.accounts.seen.lock().expect("it").is_some(),
        "kept in mind"
    );
    // By us, by somebody else, by somebody who broke it, and by nobody any more.
    add("berta", Role::Operator);
    assert_eq!(home.accounts.list().map(|list| list.len()), Ok(2));
    until_settled();
    home.accounts.list().expect("a list");
    let other = AccountsFile::at(home.path(), Arc::new(SystemClock));
    other.remove(&name("berta")).expect("removed");
    assert_eq!(home.accounts.find(&name("berta")), Ok(None));
    until_settled();
    home.accounts.list().expect("a list");
    home.overwrite("[[account]\n");
    assert!(home.accounts.list().is_err());
    fs::remove_file(home.path()).expect("removed");
    assert_eq!(home.accounts.list(), Ok(Vec::new()));
}

#[test]
fn a_change_that_nobody_may_witness_is_not_made() {
    let home = Home::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let witness: Witness = Arc::new(move |name, change| {
        tell.lock()
            .expect("a list")
            .push(format!("{name} {change:?}"));
        if name.as_str() == "eve" {
            return Err("the disk is full".to_owned());
        }
        Ok(())
    });
    let accounts = AccountsFile::at(home.path(), Arc::new(SystemClock)).told(witness);
    let (anna, eve) = (name("anna"), name("eve"));
    assert_eq!(
        accounts.add_first(&eve, &passphrase(PASSPHRASE)),
        Err(AccountsFault::Unnoted("the disk is full".to_owned()))
    );
    assert!(!home.path().exists());
    accounts
        .add_first(&anna, &passphrase(PASSPHRASE))
        .expect("added")
        .expect("the first");
    assert_eq!(accounts.add_first(&eve, &passphrase(PASSPHRASE)), Ok(None));
    accounts.remove(&eve).expect_err("nobody");
    accounts
        .set_passphrase(&anna, &passphrase("another one of ours"))
        .expect("set");
    accounts.remove(&anna).expect("removed");
    assert_eq!(
        *told.lock().expect("a list"),
        [
            "eve Added { role: Administrator }",
            "anna Added { role: Administrator }",
            "anna Passphrase",
            "anna Removed"
        ]
    );
}
