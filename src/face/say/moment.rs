//! Moments for people: stored in UTC, shown in local time with its offset.

use jiff::tz::TimeZone;

use crate::domain::time::Timestamp;

const MINUTE_MS: i64 = 60_000;

/// `2026-03-02 10:30:00 +01:00`
pub fn local(at: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_| "(no such time)".to_owned(),
        |moment| {
            moment
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S %:z")
                .to_string()
        },
    )
}

/// `2 March 2026 10:30`: the first full minute that is not before `at`, so that who comes then does not come too early.
pub fn minute(at: Timestamp, zone: &TimeZone) -> String {
    let full = at.0.saturating_add(MINUTE_MS - 1).div_euclid(MINUTE_MS);
    jiff::Timestamp::from_millisecond(full.saturating_mul(MINUTE_MS)).map_or_else(
        |_| "(no such time)".to_owned(),
        |moment| {
            let there = moment.to_zoned(zone.clone());
            there.strftime("%-d %B %Y %H:%M").to_string()
        },
    )
}

/// `2026-03-02T09:30:00.000Z`, for machines.
pub fn utc(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_| String::new(),
        |moment| moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_has_its_offset() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let at = Timestamp(1_772_443_800_123);
        assert_eq!(local(at, &zone), "2026-03-02 10:30:00 +01:00");
        assert_eq!(minute(at, &zone), "2 March 2026 10:31");
        let full = Timestamp(1_772_443_800_000);
        assert_eq!(minute(full, &zone), "2 March 2026 10:30");
        assert_eq!(minute(Timestamp(i64::MAX), &zone), "(no such time)");
        assert_eq!(utc(at), "2026-03-02T09:30:00.123Z");
        assert_eq!(local(Timestamp(i64::MAX), &zone), "(no such time)");
    }
}
