//! Five hundred enrollments on a bad day: every fault of a tenant at random, by a seed that is told. All come out right, nobody
//! has two passkeys of ours, nothing is left behind, and the tenant is not stormed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use keyline::domain::event::Step;
use keyline::practice::tenant::{Climate, Faults, Operation, Tenant, TenantSetup};

use crate::line::{Layout, Line, begun};

/// How many people are enrolled.
const PEOPLE: u32 = 500;
const SLOTS: u16 = 6;
/// The sample's people come first in the directory.
const SAMPLE_PEOPLE: usize = 24;
/// So many of them have an older key, which goes.
const OLD_KEYS: usize = 50;
/// A whole bad day, on the busiest machine.
const DAY_MAX: Duration = Duration::from_secs(600);
/// The seed of a day that is to be had again.
const SEED_VARIABLE: &str = "KEYLINE_WEATHER_SEED";
/// With a tenth of all requests beginning a squall, a fifth of them is struck.
const SQUALLS_PER_MILLE: u64 = 100;
/// Calls per enrollment in fine weather: the person, the service document and creation options before the reset, the service
/// document at the reset, the list of older keys before the POST, and the POST. What is shared by all comes on top: tokens, the
/// passkey policy, options that ran out while they waited, the deletion of older keys.
const CALLS_FINE_MAX: f64 = 7.0;
/// The same on a bad day.
const CALLS_BAD_MAX: f64 = 14.0;
/// What may be under way at once: for each of the six slots its own call and two of the preparation ahead, and the station's own
/// duties. So many requests can come after the tenant has asked everybody to wait, and before anybody can have heard it.
const UNDER_WAY_MAX: u64 = 6 * 3 + 2;
/// In the long run far fewer: most of the time only a few calls are under way when it is said.
const IMPATIENT_PER_WISH_MAX: u64 = 8;

/// All that a tenant is asked: a kind that is left out would be a storm that nobody sees. A batch counts as what is in it.
const OPERATIONS: [Operation; 15] = [
    Operation::Token,
    Operation::DeviceCode,
    Operation::Root,
    Operation::CreationOptions,
    Operation::Register,
    Operation::List,
    Operation::Get,
    Operation::Delete,
    Operation::Person,
    Operation::FindPeople,
    Operation::Group,
    Operation::FindGroups,
    Operation::Members,
    Operation::GroupsOf,
    Operation::Policy,
];

fn seed() -> u64 {
    std::env::var(SEED_VARIABLE).map_or_else(
        |_| u64::from(std::process::id()) ^ jiff::Timestamp::now().as_second().unsigned_abs() << 8,
        |text| text.parse().expect("a number"),
    )
}

/// A line for a crowd, on whose two sides time passes at the same pace.
fn line() -> Line {
    Line::set(&Layout {
        slots: SLOTS,
        races: true,
        policy: "delete_existing = \"after_enrollment\"\n",
        timeout_seconds: 1,
        tenant: |setup| TenantSetup {
            crowd: PEOPLE,
            // As long as beta grants it, so that a hurried afternoon fits in.
            challenge_seconds: 3600,
            // Each change of a state file rewrites all of it.
            state_file: None,
            ..setup
        },
        ..Layout::default()
    })
}

fn calls(tenant: &Tenant) -> BTreeMap<String, u64> {
    let count = |on| (format!("{on:?}"), tenant.requests(on));
    OPERATIONS.into_iter().map(count).collect()
}

/// Whoever was asked to wait waits, and so does everybody else.
fn assert_no_storm(line: &Line, context: &str) {
    let (strikes, impatient) =
        line.tenant(|tenant| (tenant.strikes(), tenant.impatient_requests()));
    let wishes: u64 = ["429 with seconds", "429 with a date"]
        .iter()
        .filter_map(|kind| strikes.get(kind))
        .sum();
    let wishes = wishes.saturating_sub(impatient);
    assert!(
        impatient <= UNDER_WAY_MAX + wishes * IMPATIENT_PER_WISH_MAX,
        "{context}: {impatient} requests came during {wishes} waits"
    );
}

/// Enrolls so many people, and returns how many calls that took for each.
fn day(line: &Line, people: usize, context: &str) -> f64 {
    let from = SAMPLE_PEOPLE;
    line.add_keys(people);
    line.drop_people("crowd.csv", from..from + people);
    let begun_at = Instant::now();
    let (summary, ledger) = line
        .start(true)
        .finish_within(DAY_MAX, || assert_no_storm(line, context));
    let took = begun_at.elapsed();
    assert_eq!(summary.done, people, "{context}: {summary:?}");
    let calls = line.tenant(calls);
    let per_enrollment = f64::from(u32::try_from(calls.values().sum::<u64>()).unwrap())
        / f64::from(u32::try_from(people).unwrap());
    println!(
        "{context}: {people} enrollments in {took:?}, {per_enrollment:.2} calls each: {calls:?}"
    );
    drop(ledger);
    per_enrollment
}

/// Once the weather is fine again, what was put off is done, and nothing of anybody's is left.
fn assert_all_right(line: &Line, people: usize, context: &str) {
    line.tenant(|tenant| tenant.set_faults(Faults::default()));
    line.pass(2 * 3600);
    let (summary, ledger) = line.start(true).finish();
    assert!(summary.held.is_empty(), "{context}: {summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    // Nobody was asked for a second touch because of the weather.
    assert_eq!(begun(ledger.as_ref(), Step::Reset), people, "{context}");
    assert_eq!(
        begun(ledger.as_ref(), Step::MakeCredential),
        people,
        "{context}"
    );
}

#[test]
fn in_fine_weather_an_enrollment_takes_few_calls() {
    let line = line();
    let per_enrollment = day(&line, 60, "fine weather");
    assert!(per_enrollment <= CALLS_FINE_MAX, "{per_enrollment}");
    assert_all_right(&line, 60, "fine weather");
}

#[test]
fn five_hundred_enrollments_on_a_bad_day_all_come_out_right() {
    let seed = seed();
    let context = format!("bad day ({SEED_VARIABLE}={seed})");
    let line = line();
    let people = usize::try_from(PEOPLE).unwrap();
    for user in line.users(SAMPLE_PEOPLE..SAMPLE_PEOPLE + OLD_KEYS) {
        line.give_old_key(&user);
    }
    line.tenant(|tenant| {
        tenant.set_faults(Faults {
            list_lag_seconds: 20,
            exclude_lags: true,
            climate: Some(Climate {
                seed,
                per_mille: SQUALLS_PER_MILLE,
                slow_millis: 100,
                too_slow_millis: 1500,
            }),
            ..Faults::default()
        });
    });
    let per_enrollment = day(&line, people, &context);
    let strikes = line.tenant(Tenant::strikes);
    let impatient = line.tenant(Tenant::impatient_requests);
    println!("{context}: {impatient} impatient requests, strikes {strikes:?}");
    assert!(
        per_enrollment <= CALLS_BAD_MAX,
        "{context}: {per_enrollment}"
    );
    assert_eq!(strikes.len(), 13, "{context}: {strikes:?}");
    assert_all_right(&line, people, &context);
}
