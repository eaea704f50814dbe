//! The disk itself: what it keeps, what it forgets, and that SQLite works on it as on any other.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::mpsc::channel;

use rusqlite::Connection;

use super::{Forgetful, Loss, PAGE_BYTES};
use crate::apart::apart;
use crate::disk::Disk;

/// A disk and where it is mounted.
struct Rig {
    disk: Forgetful,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Forgetful::mount(folder.path()).unwrap();
        Self { disk, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sync_folder(&self, name: &str) {
        File::open(self.path(name)).unwrap().sync_all().unwrap();
    }

    /// A file that is on the disk with its name.
    fn keep(&self, name: &str, bytes: &[u8]) -> File {
        let mut file = File::create(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
        file.sync_all().unwrap();
        self.sync_folder("");
        file
    }
}

#[test]
fn what_was_not_synced_is_forgotten() {
    if !apart("forgetful::tests::what_was_not_synced_is_forgotten") || !Disk::can_forget() {
        return;
    }
    let mut rig = Rig::new();
    rig.disk.plant("old/planted".as_ref(), b"old");
    let mut kept = rig.keep("kept", b"first");
    let short = rig.keep("cut short", b"whole");
    rig.keep("removed", b"back again");
    rig.keep("renamed", b"once");
    // From here on the folder of these is not synced.
    kept.write_all(b" second").unwrap();
    short.set_len(1).unwrap();
    fs::remove_file(rig.path("removed")).unwrap();
    fs::rename(rig.path("renamed"), rig.path("old/renamed")).unwrap();
    rig.sync_folder("old");
    let empty = File::create(rig.path("old/empty")).unwrap();
    rig.sync_folder("old");
    // Without its folder a name is nothing, whatever was synced in the file.
    let mut nameless = File::create(rig.path("nameless")).unwrap();
    nameless.write_all(b"bytes").unwrap();
    nameless.sync_all().unwrap();
    drop((kept, short, nameless));
    assert_eq!(fs::read(rig.path("kept")).unwrap(), b"first second");

    drop(empty);
    rig.disk.cut(Loss::All).unwrap();
    assert_eq!(fs::read(rig.path("old/planted")).unwrap(), b"old");
    assert_eq!(fs::read(rig.path("kept")).unwrap(), b"first");
    assert_eq!(fs::read(rig.path("cut short")).unwrap(), b"whole");
    assert!(!rig.path("nameless").exists());
    assert_eq!(fs::read(rig.path("removed")).unwrap(), b"back again");
    // Its new folder was synced, its old one was not: both have it.
    assert_eq!(fs::read(rig.path("renamed")).unwrap(), b"once");
    assert_eq!(fs::read(rig.path("old/renamed")).unwrap(), b"once");
    assert_eq!(fs::read(rig.path("old/empty")).unwrap(), b"");
}

/// Whatever chance takes, it is one of two states, and all of them come up.
#[test]
fn chance_takes_some_of_what_was_not_synced() {
    if !apart("forgetful::tests::chance_takes_some_of_what_was_not_synced") || !Disk::can_forget() {
        return;
    }
    let (mut lost, mut kept, mut torn) = (0, 0, 0);
    for number in 0..40 {
        let mut rig = Rig::new();
        let mut file = rig.keep("file", &[b'a'; 3 * PAGE_BYTES]);
        file.rewind().unwrap();
        file.write_all(&[b'b'; 3 * PAGE_BYTES]).unwrap();
        drop(file);
        fs::rename(rig.path("file"), rig.path("new name")).unwrap();
        rig.disk.cut(Loss::Chance(number)).unwrap();
        let name = ["file", "new name"].map(|name| rig.path(name).exists());
        assert!(name[0] != name[1], "a rename within a folder is whole");
        let bytes = fs::read(rig.path(if name[0] { "file" } else { "new name" })).unwrap();
        let new = bytes.iter().filter(|byte| **byte == b'b').count();
        assert_eq!((bytes.len(), new % PAGE_BYTES), (3 * PAGE_BYTES, 0));
        match new / PAGE_BYTES {
            0 => lost += 1,
            3 => kept += 1,
            _ => torn += 1,
        }
    }
    assert!(lost > 0 && kept > 0 && torn > 0, "{lost} {kept} {torn}");
}

#[test]
fn the_power_goes_before_the_sync_that_was_chosen() {
    if !apart("forgetful::tests::the_power_goes_before_the_sync_that_was_chosen")
        || !Disk::can_forget()
    {
        return;
    }
    let mut rig = Rig::new();
    let mut file = rig.keep("file", b"one");
    let (tell, told) = channel();
    let next = rig.disk.syncs() + 1;
    rig.disk.cut_at_sync(next, move || tell.send(()).unwrap());
    file.write_all(b" two").unwrap();
    assert!(file.sync_all().is_err());
    told.try_recv().unwrap();
    assert!(file.write_all(b" three").is_err());
    drop(file);
    rig.disk.cut(Loss::All).unwrap();
    assert_eq!(fs::read(rig.path("file")).unwrap(), b"one");
}

/// SQLite maps its `-shm` file and locks the others; both work here, and only what was synced is kept.
#[test]
fn sqlite_works_and_keeps_what_it_syncs() {
    if !apart("forgetful::tests::sqlite_works_and_keeps_what_it_syncs") || !Disk::can_forget() {
        return;
    }
    for (synchronous, kept) in [("FULL", 3), ("NORMAL", 1)] {
        let mut rig = Rig::new();
        drop(rig.keep("db", b""));
        let open = || {
            let db = Connection::open(rig.path("db")).unwrap();
            let mode: String = db
                .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
                .unwrap();
            assert_eq!(mode, "wal");
            db.pragma_update(None, "synchronous", synchronous).unwrap();
            db
        };
        let writer = open();
        writer
            .execute_batch(
                "CREATE TABLE t (n); INSERT INTO t VALUES (1); PRAGMA wal_checkpoint(TRUNCATE)",
            )
            .unwrap();
        let reader = open();
        for n in [2, 3] {
            writer.execute("INSERT INTO t VALUES (?1)", [n]).unwrap();
            assert_eq!(count(&reader), n, "through the mapped index");
        }
        // Whoever is cut off closes nothing: an orderly end would sync.
        rig.disk.die();
        drop((reader, writer));
        rig.disk.cut(Loss::All).unwrap();
        assert_eq!(count(&Connection::open(rig.path("db")).unwrap()), kept);
    }
}

fn count(db: &Connection) -> i64 {
    db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .unwrap()
}
