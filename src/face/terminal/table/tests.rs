//! The table and its figures.

use expect_test::expect;

use super::*;
use crate::app::world::stage::case;
use crate::domain::authenticator::Slot;

fn finished(person: &str, millis: u64, own: u64) -> Finished {
    Finished {
        case: case(person),
        slot: Some(Slot(1)),
        model: "Practice Key".to_owned(),
        serial: Some("10000042".to_owned()),
        total: Duration::from_millis(millis),
        own: Duration::from_millis(own),
    }
}

#[test]
fn columns_stand_under_each_other_in_every_script() {
    let all = [
        finished("Anna Lang", 12_340, 4),
        finished("王芳", 9_000, 3),
        finished("Zoë\u{1b}[2J", 10_000, 2),
    ];
    let mut text = Vec::new();
    final_table(&all, 0, &mut text).unwrap();
    expect![[r#"
        person     key           serial    envelope  seconds
        Anna Lang  Practice Key  10000042      0042     12.3
        王芳       Practice Key  10000042      0042      9.0
        Zoë�[2J    Practice Key  10000042      0042     10.0

        keys                 3
        seconds per key      median 10.0, 95th percentile 12.3
        keyline's own share  median 3.0 ms, 95th percentile 4.0 ms; 0.03 % of all the time
    "#]]
    .assert_eq(&String::from_utf8(text).unwrap());
}

#[test]
fn percentiles_are_by_nearest_rank() {
    let times: Vec<Duration> = (1..=20).map(Duration::from_secs).collect();
    assert_eq!(rank(&times, 50), Duration::from_secs(10));
    assert_eq!(rank(&times, 95), Duration::from_secs(19));
    assert_eq!(rank(&times[..1], 95), Duration::from_secs(1));
    assert_eq!(rank(&[], 95), Duration::ZERO);
}

#[test]
fn nothing_done_is_said_in_words() {
    let mut text = Vec::new();
    final_table(&[], 0, &mut text).unwrap();
    assert_eq!(text, b"No key was finished.\n");
}

#[test]
fn the_last_line_counts_what_is_held() {
    for (held, last) in [
        (1, "1 job is held: `keyline status` tells why.\n"),
        (2, "2 jobs are held: `keyline status` tells why.\n"),
    ] {
        for all in [vec![], vec![finished("Anna Lang", 12_340, 4)]] {
            let mut text = Vec::new();
            final_table(&all, held, &mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            assert!(text.ends_with(last), "{text}");
        }
    }
}
