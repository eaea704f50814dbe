//! Weather that nobody has ordered in detail: which requests are struck, by what and how long it lasts follows from a seed and
//! the request's number among those of its kind, so that a bad day can be had again.
//!
//! It strikes; what a stroke does is in `http`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

use super::faults::{Operation, Trick};
use super::state::State;

/// How many requests of one kind a squall strikes, one after another. The longest outlasts a client that tries four times.
const SQUALL_REQUESTS: [u64; 8] = [1, 1, 1, 1, 2, 2, 3, 6];
/// The longest of them.
const SQUALL_REQUESTS_MAX: u64 = 6;

/// A bad day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Climate {
    pub seed: u64,
    /// How many of a thousand requests begin a squall.
    pub per_mille: u64,
    /// Milliseconds of a delay that a client puts up with.
    pub slow_millis: u64,
    /// Milliseconds of a delay that no client should put up with.
    pub too_slow_millis: u64,
}

impl Climate {
    /// What strikes request `number` of this kind: the squall that began last, if it still lasts.
    pub(super) fn trick(&self, operation: Operation, number: u64) -> Option<Trick> {
        (0..SQUALL_REQUESTS_MAX).find_map(|ago| {
            let mut dice = Dice::new(self.seed, operation, number.checked_sub(ago)?);
            if dice.roll(1000) >= self.per_mille {
                return None;
            }
            let lasts = dice.of(&SQUALL_REQUESTS)?;
            (ago < lasts).then(|| self.kind(&mut dice))
        })
    }

    fn kind(&self, dice: &mut Dice) -> Trick {
        let throttle = |seconds, as_date| Trick::Throttle {
            retry_after_seconds: seconds,
            as_date,
        };
        match dice.roll(24) {
            0 => throttle(None, false),
            1 | 2 => throttle(Some(1 + dice.roll(6)), false),
            3 => throttle(Some(3), true),
            // The long one is longer than a request waits: the slots have to be told.
            4 => throttle(dice.of(&[Some(2), Some(2), Some(35)]).flatten(), false),
            5..=7 => {
                let statuses = [500, 502, 503, 504];
                Trick::Fail {
                    status: dice.of(&statuses).unwrap_or(500),
                }
            }
            8..=10 => Trick::DropBeforeCommit,
            11..=13 => Trick::CommitThenDrop,
            14 => Trick::ExpireTokens,
            15 => Trick::Slow {
                millis: self.slow_millis,
            },
            16 => Trick::SlowBytes {
                millis: self.slow_millis,
            },
            17 => Trick::SlowBytes {
                millis: self.too_slow_millis,
            },
            18 | 19 => Trick::Half,
            20 => Trick::Mislabel,
            21 => Trick::Page,
            _ => Trick::Redirect,
        }
    }
}

/// What the weather has done so far.
#[derive(Default)]
pub(super) struct Unrest {
    /// How often each kind of misbehaviour has struck.
    pub(super) strikes: BTreeMap<&'static str, u64>,
    /// In a climate a Retry-After is meant in earnest: until then everybody is turned away.
    turned_away_until: Option<Timestamp>,
    /// Requests that came before then.
    pub(super) impatient: u64,
}

impl State {
    /// Counts a request and says what strikes it.
    pub(super) fn count_and_strike(&mut self, operation: Operation) -> Option<Trick> {
        let count = self.requests.entry(operation).or_default();
        *count += 1;
        let number = *count;
        let trick = match self.seconds_turned_away(operation) {
            Some(left) => {
                self.unrest.impatient += 1;
                Trick::Throttle {
                    retry_after_seconds: Some(left),
                    as_date: false,
                }
            }
            None => self.faults.strike(operation, number)?,
        };
        *self.unrest.strikes.entry(name(&trick)).or_default() += 1;
        if let Trick::Throttle {
            retry_after_seconds: Some(seconds),
            ..
        } = &trick
            && self.faults.climate.is_some()
            && operation != Operation::Token
        {
            let seconds = i64::try_from(*seconds).unwrap_or(0);
            let until = self.now().plus_seconds(seconds);
            self.unrest.turned_away_until = self.unrest.turned_away_until.max(Some(until));
        }
        Some(trick)
    }

    /// The token endpoint is another service, and counts for itself.
    fn seconds_turned_away(&self, operation: Operation) -> Option<u64> {
        let until = self.unrest.turned_away_until?;
        let millis = u64::try_from(self.now().millis_until(until)).unwrap_or(0);
        (operation != Operation::Token && millis > 0).then(|| millis.div_ceil(1000))
    }
}

/// The kind of a trick, for whoever counts them.
pub(super) const fn name(trick: &Trick) -> &'static str {
    match trick {
        Trick::Throttle {
            retry_after_seconds: None,
            ..
        } => "429 without Retry-After",
        Trick::Throttle { as_date: true, .. } => "429 with a date",
        Trick::Throttle { .. } => "429 with seconds",
        Trick::Fail { .. } => "5xx",
        Trick::DropBeforeCommit => "dropped before the commit",
        Trick::CommitThenDrop => "dropped after the commit",
        Trick::ExpireTokens => "tokens expired",
        Trick::Slow { .. } => "slow answer",
        Trick::SlowBytes { .. } => "slow bytes",
        Trick::Garble { .. } => "garbled",
        Trick::Half => "half a JSON",
        Trick::Mislabel => "wrong content type",
        Trick::Page => "a stranger's page",
        Trick::Redirect => "redirect",
        Trick::Answer { .. } => "ordered answer",
    }
}

/// Rolls that depend on nothing but where they begin (splitmix64).
struct Dice(u64);

impl Dice {
    fn new(seed: u64, operation: Operation, number: u64) -> Self {
        let mut dice = Self(seed);
        for byte in format!("{operation:?}").bytes() {
            dice.0 ^= u64::from(byte);
            dice.next();
        }
        dice.0 ^= number;
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `sides` - 1.
    fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides.max(1)
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> Option<T> {
        let sides = u64::try_from(choices.len()).unwrap_or(1);
        let at = usize::try_from(self.roll(sides)).unwrap_or(0);
        choices.get(at).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DAY: Climate = Climate {
        seed: 7,
        per_mille: 150,
        slow_millis: 1,
        too_slow_millis: 2,
    };

    fn day(climate: Climate) -> Vec<Option<Trick>> {
        (1..=2000)
            .map(|number| climate.trick(Operation::List, number))
            .collect()
    }

    #[test]
    fn the_same_seed_has_the_same_weather_and_another_seed_another() {
        assert_eq!(day(DAY), day(DAY));
        assert_ne!(day(DAY), day(Climate { seed: 8, ..DAY }));
        let other = (1..=2000).map(|number| DAY.trick(Operation::Delete, number));
        assert_ne!(day(DAY), other.collect::<Vec<_>>());
    }

    #[test]
    fn every_kind_comes_and_a_good_part_of_the_day_is_fine() {
        let struck: Vec<Trick> = day(DAY).into_iter().flatten().collect();
        let kinds: BTreeSet<&str> = struck.iter().map(name).collect();
        assert_eq!(kinds.len(), 13, "{kinds:?}");
        assert!((200..1000).contains(&struck.len()), "{}", struck.len());
        let calm = Climate {
            per_mille: 0,
            ..DAY
        };
        assert!(day(calm).iter().all(Option::is_none));
    }
}
