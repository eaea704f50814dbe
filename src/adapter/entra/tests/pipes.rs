//! A pipe that lies where a file should be is refused at once: nobody waits for whoever might write to it.

use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::adapter::entra::{CertificateSource, Keep, SEALED_FILE, SecretSource, trust};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

const WORDS: &str = "it is a pipe";

fn pipe(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    path
}

fn is_told<T>(outcome: Result<T, Fault>, path: &Path) {
    match outcome {
        Err(Fault::SignIn { what } | Fault::StationKeys { what }) => {
            assert!(what.contains(WORDS), "{what}");
            assert!(what.contains(&path.display().to_string()), "{what}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was read"),
    }
}

#[test]
fn of_the_station_s_own_sign_in() {
    let home = tempfile::tempdir().unwrap();
    let path = pipe(home.path(), "secret");
    is_told(SecretSource::File(path.clone()).check(), &path);
    let certificate = CertificateSource {
        place: SecretSource::File(path.clone()),
        password: None,
    };
    is_told(certificate.check(Timestamp(0)), &path);
}

#[test]
fn of_authorities() {
    let home = tempfile::tempdir().unwrap();
    let refusal = trust::certificates(&pipe(home.path(), "ca.pem")).unwrap_err();
    assert!(refusal.to_string().contains(WORDS), "{refusal}");
}

#[test]
fn of_an_administrator_s_sign_in() {
    let home = tempfile::tempdir().unwrap();
    let (ledger, keys) = (home.path().join("ledger"), home.path().join("keys"));
    std::fs::create_dir(&ledger).unwrap();
    std::fs::create_dir(&keys).unwrap();
    let keep = Keep::sealed(&ledger, &keys, None);
    keep.prepare().unwrap();
    let sealed = pipe(&ledger, SEALED_FILE);
    is_told(keep.check(), &sealed);
    let key = keys.join("sign-in.key");
    std::fs::remove_file(&key).unwrap();
    pipe(&keys, "sign-in.key");
    is_told(keep.check(), &key);
    is_told(keep.prepare(), &key);
}

#[test]
fn a_key_that_was_cut_off_is_told_before_anybody_signs_in() {
    let home = tempfile::tempdir().unwrap();
    let keep = Keep::sealed(home.path(), home.path(), None);
    keep.prepare().unwrap();
    std::fs::write(home.path().join("sign-in.key"), "").unwrap();
    match keep.prepare() {
        Err(Fault::SignIn { what }) => assert!(what.contains("delete it"), "{what}"),
        other => panic!("{other:?}"),
    }
}
