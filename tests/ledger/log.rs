//! The write-ahead log of a station that was killed: a flipped byte in it is found, and what a power cut may leave of it is never
//! taken for damage.

use std::collections::BTreeMap;

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::port::Ledger;

use super::bench::*;
use super::damage::{Came, FLIPS, Files, PAGE_BYTES, Said, beside, everything, judge, report};

/// A ledger whose station was killed: what it committed last is in the write-ahead log alone.
fn killed() -> (Bench, Files, Said) {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    Hand::new(&ledger, jobs[0])
        .reset("1001")
        .set_pin(&pin("48261739"))
        .make();
    let files = Files::of(&bench.path());
    let before = everything(&bench.path()).unwrap();
    drop(ledger);
    assert!(files.0["-wal"].len() > 10 * PAGE_BYTES);
    (bench, files, before)
}

#[test]
fn a_changed_byte_in_the_write_ahead_log_is_found_unless_it_looks_like_a_cut() {
    let (bench, files, before) = killed();
    let wal = &files.0["-wal"];
    let frame = 24 + PAGE_BYTES;
    let frames = (wal.len() - 32) / frame;
    let commits: Vec<usize> = (0..frames)
        .filter(|number| wal[32 + number * frame + 4..][..4] != [0; 4])
        .collect();
    let last_transaction = commits[commits.len() - 2] + 1;
    let mut seen: BTreeMap<(&str, Came), usize> = BTreeMap::new();
    for at in 0..32 {
        let came = judge(&bench, &files, &before, "-wal", at, 0xFF);
        *seen.entry(("header of the log", came)).or_default() += 1;
    }
    for number in 0..last_transaction {
        let start = 32 + number * frame;
        // Every byte of the first and the last head, and of some between them.
        let head = if number % 8 == 0 || number + 1 == last_transaction {
            0..24
        } else {
            0..0
        };
        for (index, at) in head.chain((24..frame).step_by(999)).enumerate() {
            let came = judge(
                &bench,
                &files,
                &before,
                "-wal",
                start + at,
                FLIPS[index % 3],
            );
            let kind = if at < 24 {
                "header of a frame"
            } else {
                "page in a frame"
            };
            *seen.entry((kind, came)).or_default() += 1;
        }
    }
    report("ledger.db-wal", &seen);
    assert!(
        seen.keys().all(|(_, came)| *came == Came::Refused),
        "{seen:?}"
    );

    // In the last transaction nobody can tell it from a power cut: that one is taken back whole, and nothing else.
    for number in last_transaction..frames {
        let mut changed = Files(files.0.clone());
        changed.0.get_mut("-wal").unwrap()[32 + number * frame + 1000] ^= 0xFF;
        changed.write(&bench.path());
        let ledger = bench.open().unwrap();
        let journal = ledger
            .journal(ledger.jobs(None).unwrap()[0].job.id)
            .unwrap();
        let rows = journal.len();
        assert!(matches!(ledger.verify(None), Ok(Verdict::Sound(_))));
        drop(ledger);
        files.write(&bench.path());
        let ledger = bench.open().unwrap();
        assert_eq!(
            ledger.journal(journal_job(&ledger)).unwrap().len(),
            rows + 1
        );
    }
}

/// Whoever only looks never shows what was before as what is, and a backup never holds it.
#[test]
fn a_log_that_lost_entries_is_shown_to_nobody_and_no_backup_is_made_of_it() {
    let (bench, files, _) = killed();
    files.write(&bench.path());
    let copy = beside(&bench.path(), "-copy");
    // Opened while the log was whole.
    let early = SqliteLedger::open_reader(&bench.path()).unwrap();
    let middle = files.0["-wal"].len() / 2;
    let mut changed = Files(files.0.clone());
    changed.0.get_mut("-wal").unwrap()[middle] ^= 0x01;
    std::fs::write(beside(&bench.path(), "-wal"), &changed.0["-wal"]).unwrap();
    let told = |refused: Result<(), Fault>| match refused {
        Err(Fault::Ledger { what }) => assert!(what.contains("write-ahead log is wrong"), "{what}"),
        other => panic!("{other:?}"),
    };
    told(early.back_up(&copy).map(drop));
    drop(early);
    told(SqliteLedger::open_reader(&bench.path()).map(drop));
    assert!(!copy.exists() && !beside(&copy, ".part").exists());
    assert!(Files::of(&bench.path()).0 == changed.0, "it was written to");
    // What a station writes just now may look like that to whoever reads beside it.
    let station = std::fs::File::create(beside(&bench.path(), ".lock")).unwrap();
    station.lock().unwrap();
    SqliteLedger::open_reader(&bench.path()).unwrap();
}

fn journal_job(ledger: &SqliteLedger) -> JobId {
    ledger.jobs(None).unwrap()[0].job.id
}

#[test]
fn a_log_that_a_cut_broke_off_is_no_damage() {
    let (bench, files, _) = killed();
    let wal = &files.0["-wal"];
    let frame = 24 + PAGE_BYTES;
    for length in [
        0,
        7,
        32,
        32 + 11,
        wal.len() - frame,
        wal.len() - frame / 2,
        wal.len() - 1,
    ] {
        let mut cut = Files(files.0.clone());
        cut.0.get_mut("-wal").unwrap().truncate(length);
        cut.write(&bench.path());
        bench
            .open()
            .unwrap_or_else(|fault| panic!("{length}: {fault}"));
        // Zeros, where the length reached the disk and the content did not.
        cut.0
            .get_mut("-wal")
            .unwrap()
            .resize(wal.len() + 3 * frame, 0);
        if length > 32 {
            cut.write(&bench.path());
            bench
                .open()
                .unwrap_or_else(|fault| panic!("{length} and zeros: {fault}"));
        }
    }
}

/// Of what was not synced, a disk may have kept any part.
#[test]
fn any_part_of_the_last_transaction_may_be_missing_after_a_cut() {
    let (bench, files, before) = killed();
    let wal = &files.0["-wal"];
    let frame = 24 + PAGE_BYTES;
    let frames = (wal.len() - 32) / frame;
    let commit = |number: &usize| wal[32 + number * frame + 4..][..4] != [0; 4];
    let from = (0..frames - 1).rposition(|number| commit(&number)).unwrap() + 1;
    let last = frames - from;
    assert!((4..16).contains(&last), "{last} frames");
    let all = (1_u32 << last) - 1;
    // All, none, each one alone, each one missing, and a sample of the rest.
    let single = (0..last).map(|number| 1 << number);
    let kept = [all, 0]
        .into_iter()
        .chain(single.clone())
        .chain(single.map(|one| all ^ one))
        .chain((1..all).step_by(41));
    for kept in kept {
        let mut cut = Files(files.0.clone());
        let bytes = cut.0.get_mut("-wal").unwrap();
        for number in (0..last).filter(|number| kept & 1 << number == 0) {
            bytes[32 + (from + number) * frame..][..frame].fill(0);
        }
        cut.write(&bench.path());
        let opened = bench.open();
        let ledger = opened.unwrap_or_else(|fault| panic!("{kept:#b}: {fault}"));
        drop(ledger);
        let rows = everything(&bench.path()).unwrap()["journal.seq"].len();
        let whole = kept == all;
        assert_eq!(rows, before["journal.seq"].len() - usize::from(!whole));
    }
}

/// SQLite writes from the front again once everything is in the file; what lies behind is of an earlier life.
#[test]
fn a_log_in_its_second_life_is_no_damage_and_is_guarded_as_well() {
    let bench = Bench::new();
    let ledger = bench.create();
    let users: Vec<String> = (0..80).map(|n| format!("user{n}@contoso.com")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let wal = beside(&bench.path(), "-wal");
    let salts = || std::fs::read(&wal).unwrap()[16..24].to_vec();
    let mut jobs = admit(&ledger, "a", &users).into_iter();
    let first = salts();
    while salts() == first {
        let job = jobs.next().expect("enough work");
        Hand::new(&ledger, job)
            .reset(&format!("s{job}"))
            .set_pin(&pin("48261739"))
            .make();
    }
    let job = jobs.next().unwrap();
    Hand::new(&ledger, job)
        .reset("last")
        .set_pin(&pin("73519264"));
    let files = Files::of(&bench.path());
    let before = everything(&bench.path()).unwrap();
    drop(ledger);
    let bytes = &files.0["-wal"];
    let frame = 24 + PAGE_BYTES;
    let living = bytes[32..]
        .chunks(frame)
        .take_while(|frame| frame[8..16] == bytes[16..24])
        .count();
    let all = bytes[32..].len() / frame;
    assert!(living > 8 && all > living + 100, "{living} of {all}");
    files.write(&bench.path());
    drop(bench.open().unwrap());
    assert_eq!(
        everything(&bench.path()).unwrap()["journal.hash"],
        before["journal.hash"]
    );
    for (number, came) in [
        (0, Came::Refused),
        (living / 2, Came::Refused),
        (living + 50, Came::Harmless),
    ] {
        let at = 32 + number * frame + 2000;
        assert_eq!(
            judge(&bench, &files, &before, "-wal", at, 0x01),
            came,
            "frame {number}"
        );
    }
}

#[test]
fn a_shared_index_of_the_log_is_made_anew() {
    let (bench, files, before) = killed();
    for at in (0..32_768).step_by(1021) {
        files.write(&bench.path());
        let mut index = vec![0; 32_768];
        index[at] = 0xFF;
        std::fs::write(beside(&bench.path(), "-shm"), index).unwrap();
        drop(bench.open().unwrap());
        assert!(
            everything(&bench.path()).unwrap()["journal.hash"].len()
                >= before["journal.hash"].len()
        );
    }
}
