//! An administrator's sign-in that lasts: how it is kept, renewed and ended, and what is told when it is of no use any more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyline::adapter::entra::{Api, Delegated, Entra, EntraConfig, Keep, SEALED_FILE, SignInWay};
use keyline::domain::fault::Fault;
use keyline::port::{CancelFlag, Clock, RelyingParty};
use keyline::practice::tenant::{Operation, SignInAnswer, Tenant, TenantSetup, Trick};

use crate::bench::{ADA, BenchClock, config};

const AGAIN: &str = "sign in again: `keyline entra login`";

/// A station's folder, and the tenant.
struct Station {
    home: tempfile::TempDir,
    tenant: Tenant,
    clock: Arc<BenchClock>,
}

/// What [`BenchClock`] does, and somebody approves the code meanwhile.
struct Approving<'a>(&'a Station);

impl Station {
    fn new(setup: TenantSetup) -> Self {
        let station = Self {
            home: tempfile::tempdir().unwrap(),
            tenant: Tenant::start(setup).unwrap(),
            clock: Arc::default(),
        };
        for folder in ["ledger", "keys"] {
            fs::create_dir(station.path(folder)).unwrap();
        }
        station
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn sealed(&self) -> PathBuf {
        self.path("ledger").join(SEALED_FILE)
    }

    fn keep(&self) -> Keep {
        Keep::sealed(&self.path("ledger"), &self.path("keys"), None)
    }

    fn entra(&self) -> Entra {
        self.entra_with(|_| {})
    }

    fn entra_with(&self, tune: impl FnOnce(&mut EntraConfig)) -> Entra {
        let mut config = config(self.tenant.url(), Api::V1_0);
        tune(&mut config);
        let way = SignInWay::Delegated(Delegated {
            keep: self.keep(),
            scopes: Vec::new(),
        });
        Entra::new(config, way, self.clock.clone(), CancelFlag::default()).unwrap()
    }

    /// Signs the administrator in.
    fn signed_in(setup: TenantSetup) -> Self {
        let station = Self::new(setup);
        Approving(&station).sign_in();
        station
    }

    /// Everything in the station's folder, as it lies there.
    fn bytes(&self) -> Vec<u8> {
        ["ledger", "keys"]
            .iter()
            .flat_map(|folder| fs::read_dir(self.path(folder)).unwrap())
            .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect()
    }

    /// What a fresh program is told.
    fn refusal(&self) -> String {
        match self.entra().credentials(ADA) {
            Err(Fault::SignIn { what } | Fault::StationKeys { what }) => what,
            other => panic!("no refusal but {other:?}"),
        }
    }
}

impl Approving<'_> {
    fn sign_in(&self) {
        let outcome = self.0.entra().sign_in_by_device_code(&mut |prompt| {
            let known = self
                .0
                .tenant
                .answer_device(&prompt.code, SignInAnswer::Approve);
            assert!(known);
        });
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|found| found == text.as_bytes())
}

#[test]
fn a_sign_in_lasts_over_programs_and_is_never_on_the_disk_in_clear() {
    let station = Station::signed_in(TenantSetup::default());
    assert_eq!(mode(&station.sealed()), 0o600);
    assert_eq!(mode(&station.path("keys/sign-in.key")), 0o600);
    let since = station.keep().check().unwrap().unwrap();
    assert!(since.seconds_until(station.clock.now()) < 60);

    let entra = station.entra();
    assert_eq!(entra.credentials(ADA), Ok(Vec::new()));
    assert_eq!(
        station.keep().check(),
        Ok(Some(since)),
        "renewing it is no new sign-in"
    );
    let bytes = station.bytes();
    let tokens = [station.tenant.tokens(), station.tenant.refresh_tokens()].concat();
    assert!(tokens.len() >= 4, "there was something to look for");
    for token in tokens {
        assert!(!contains(&bytes, &token), "a token lies there in clear");
    }
    assert!(!contains(&bytes, "practice-refresh") && !contains(&bytes, "contoso"));
}

#[test]
fn an_access_token_that_ends_or_is_refused_is_renewed_once() {
    let station = Station::signed_in(TenantSetup::default());
    let entra = station.entra();
    entra.credentials(ADA).unwrap();
    entra.credentials(ADA).unwrap();
    assert_eq!(station.tenant.requests(Operation::Token), 2, "one each");
    station.clock.advance(3400);
    station.tenant.advance(3400);
    entra.credentials(ADA).unwrap();
    assert_eq!(station.tenant.requests(Operation::Token), 3);
    station
        .tenant
        .misbehave(Operation::List, 1, Trick::ExpireTokens);
    entra.credentials(ADA).unwrap();
    assert_eq!(station.tenant.requests(Operation::Token), 4);
    // A token that is refused afresh is a fault, and no circle.
    station
        .tenant
        .misbehave(Operation::List, 2, Trick::ExpireTokens);
    assert!(matches!(entra.credentials(ADA), Err(Fault::SignIn { .. })));
    assert_eq!(station.tenant.requests(Operation::Token), 5);
}

#[test]
fn each_refresh_token_is_replaced_by_the_next() {
    let station = Station::signed_in(TenantSetup {
        refresh_tokens_rotate: true,
        ..TenantSetup::default()
    });
    let mut before = fs::read(station.sealed()).unwrap();
    for _ in 0..3 {
        // A program of its own each time: what it shows is what lies there.
        station.entra().credentials(ADA).unwrap();
        let after = fs::read(station.sealed()).unwrap();
        assert_ne!(before, after);
        before = after;
        assert_eq!(station.tenant.refresh_tokens().len(), 1);
    }
    let left: Vec<_> = fs::read_dir(station.path("ledger")).unwrap().collect();
    assert_eq!(left.len(), 1, "no file is left beside it");
}

#[test]
fn programs_that_renew_at_the_same_moment_do_not_end_each_others_sign_in() {
    let station = Station::signed_in(TenantSetup {
        refresh_tokens_rotate: true,
        ..TenantSetup::default()
    });
    std::thread::scope(|scope| {
        let programs: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| station.entra().credentials(ADA)))
            .collect();
        for program in programs {
            assert_eq!(program.join().unwrap(), Ok(Vec::new()));
        }
    });
    assert_eq!(station.tenant.refresh_tokens().len(), 1);
}

#[test]
fn a_sign_in_that_was_revoked_says_how_to_sign_in_again() {
    let station = Station::signed_in(TenantSetup::default());
    station.tenant.revoke_sign_ins();
    let what = station.refusal();
    assert!(
        what.contains(AGAIN)
            && what.contains("AADSTS50173 invalid_grant")
            && what.contains("revoked"),
        "{what}"
    );
    Approving(&station).sign_in();
    assert_eq!(station.entra().credentials(ADA), Ok(Vec::new()));
}

#[test]
fn nobody_has_signed_in_before_somebody_does_and_after_it_was_forgotten() {
    let station = Station::new(TenantSetup::default());
    assert_eq!(station.keep().check(), Ok(None));
    assert_eq!(station.keep().forget(), Ok(false));
    let nobody = "no administrator has signed in here; do it with `keyline entra login`";
    assert_eq!(station.refusal(), nobody);
    assert!(station.bytes().is_empty(), "a look makes nothing");
    Approving(&station).sign_in();
    assert_eq!(station.keep().forget(), Ok(true));
    assert_eq!(station.keep().check(), Ok(None));
    assert_eq!(station.refusal(), nobody);
    assert_eq!(
        station.tenant.requests(Operation::Token),
        1,
        "nothing is asked without a sign-in"
    );
}

/// Renews the sign-in slowly, and does something once the tenant was asked and before it has answered.
fn while_it_is_renewed<T>(station: &Station, act: impl FnOnce() -> T) -> T {
    let asked = station.tenant.requests(Operation::Token);
    let slow = Trick::Slow { millis: 1500 };
    station.tenant.misbehave(Operation::Token, 1, slow);
    std::thread::scope(|scope| {
        let renewing = scope.spawn(|| station.entra().credentials(ADA));
        let until = Instant::now() + Duration::from_secs(20);
        while station.tenant.requests(Operation::Token) == asked {
            assert!(Instant::now() < until, "nothing is renewed");
            std::thread::yield_now();
        }
        let result = act();
        assert_eq!(renewing.join().unwrap(), Ok(Vec::new()));
        result
    })
}

#[test]
fn a_sign_in_that_is_renewed_while_it_is_forgotten_stays_forgotten() {
    let station = Station::signed_in(TenantSetup::default());
    let was_there = while_it_is_renewed(&station, || station.keep().forget());
    assert_eq!(was_there, Ok(true));
    assert!(!station.sealed().exists(), "it was stored again");
    assert_eq!(station.keep().check(), Ok(None));
}

#[test]
fn a_file_that_is_removed_by_hand_while_it_is_renewed_does_not_come_back() {
    let station = Station::signed_in(TenantSetup::default());
    while_it_is_renewed(&station, || fs::remove_file(station.sealed())).unwrap();
    assert!(!station.sealed().exists(), "it was stored again");
}

#[test]
fn a_key_that_cannot_be_used_keeps_nobody_from_signing_out() {
    let spoils: [fn(PathBuf) -> std::io::Result<()>; 4] = [
        |key| fs::write(key, "no key"),
        |key| fs::set_permissions(key, fs::Permissions::from_mode(0o644)),
        |key| fs::set_permissions(key, fs::Permissions::from_mode(0o000)),
        |key| fs::remove_file(key),
    ];
    for spoil in spoils {
        let station = Station::signed_in(TenantSetup::default());
        spoil(station.path("keys/sign-in.key")).unwrap();
        assert_eq!(station.keep().forget(), Ok(true));
        assert!(!station.sealed().exists());
    }
}

#[test]
fn a_file_that_is_torn_spoiled_or_of_another_station_is_told_and_nothing_is_sent() {
    let station = Station::signed_in(TenantSetup::default());
    let other = Station::signed_in(TenantSetup::default());
    let whole = fs::read(station.sealed()).unwrap();
    let asked = station.tenant.requests(Operation::Token);
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let foreign = fs::read(other.sealed()).unwrap();
    for (bytes, words) in [
        (whole[..whole.len() / 2].to_vec(), "is damaged"),
        (whole[..whole.len() - 1].to_vec(), "is damaged"),
        (whole[..10].to_vec(), "is damaged"),
        (Vec::new(), "is damaged"),
        (flipped, "is damaged"),
        (b"not sealed".to_vec(), "is damaged"),
        (foreign, "was sealed by another station"),
    ] {
        fs::write(station.sealed(), bytes).unwrap();
        let what = station.refusal();
        assert!(what.contains(words) && what.contains(AGAIN), "{what}");
    }
    fs::write(station.sealed(), whole).unwrap();
    fs::remove_file(station.path("keys/sign-in.key")).unwrap();
    let what = station.refusal();
    assert!(
        what.contains("made for another station, or lost") && what.contains(AGAIN),
        "{what}"
    );
    assert_eq!(station.tenant.requests(Operation::Token), asked);
    // Signing in again mends each of these.
    Approving(&station).sign_in();
    assert_eq!(station.entra().credentials(ADA), Ok(Vec::new()));
}

#[test]
fn files_that_others_can_read_are_not_used() {
    let station = Station::signed_in(TenantSetup::default());
    for file in [station.sealed(), station.path("keys/sign-in.key")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let what = station.refusal();
        assert!(
            what.contains("is open to others (mode 644); run: chmod 600"),
            "{what}"
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(station.entra().credentials(ADA), Ok(Vec::new()));
}

#[test]
fn a_sign_in_is_not_shown_to_another_tenant_or_for_another_application() {
    let station = Station::signed_in(TenantSetup::default());
    let asked = station.tenant.requests(Operation::Token);
    for tune in [
        |one: &mut EntraConfig| one.tenant = "fabrikam.com".to_owned(),
        |one: &mut EntraConfig| one.client_id = "0c0ffee0-0000-4000-8000-000000000002".to_owned(),
    ] {
        let Err(Fault::SignIn { what }) = station.entra_with(tune).credentials(ADA) else {
            panic!("it was shown");
        };
        assert!(what.contains("another tenant or application"), "{what}");
    }
    assert_eq!(station.tenant.requests(Operation::Token), asked);
}

#[test]
fn a_new_refresh_token_that_cannot_be_kept_does_not_stop_the_work() {
    let station = Station::signed_in(TenantSetup::default());
    // A folder where the new file would be: it can be neither removed nor written.
    fs::create_dir(station.path("ledger/entra-sign-in.age.new")).unwrap();
    assert_eq!(station.entra().credentials(ADA), Ok(Vec::new()));
    assert_eq!(
        station.entra().credentials(ADA),
        Ok(Vec::new()),
        "Entra's old refresh token still counts"
    );
}

#[test]
fn a_station_that_signs_in_as_itself_signs_nobody_in() {
    let bench = crate::bench::Bench::new();
    let outcome = bench
        .entra
        .sign_in_by_device_code(&mut |_| panic!("nothing to show"));
    let Err(Fault::SignIn { what }) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(what.contains("method = \"delegated\""), "{what}");
}
