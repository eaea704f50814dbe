//! How often and how long a request is repeated. Bounded in tries and in seconds; pure but for the jitter it is handed.

use std::time::Duration;

/// Sendings of one request, the first included.
pub(super) const TRIES_MAX: u32 = 4;
/// All waits of one request together, in seconds. A service that asks for more gets its wish from the station, not from here.
pub(super) const WAIT_SECONDS_MAX: u64 = 30;
/// The first wait, in milliseconds; each further one is twice as long.
const FIRST_WAIT_MILLIS: u64 = 500;

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replay {
    /// Sending twice is the same as once: GET, DELETE, a token.
    Safe,
    /// Only what certainly did not reach the service, or what it says it did not do, is sent again: POST of a passkey.
    OnlyUndone,
}

/// What is left of a request's tries and seconds.
#[derive(Debug)]
pub(super) struct Patience {
    tries: u32,
    left: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 1,
            left: Duration::from_secs(WAIT_SECONDS_MAX),
        }
    }
}

impl Patience {
    /// How long to wait before the next try; `None` when there is to be none. `asked` is the service's Retry-After and is
    /// never undercut. `jitter` (any number) spreads our own waits over half to whole.
    pub(super) fn next_wait(&mut self, asked: Option<Duration>, jitter: u32) -> Option<Duration> {
        if self.tries >= TRIES_MAX {
            return None;
        }
        let whole = FIRST_WAIT_MILLIS << (self.tries - 1);
        let half = whole / 2;
        let wait =
            asked.unwrap_or_else(|| Duration::from_millis(half + u64::from(jitter) % (half + 1)));
        self.left = self.left.checked_sub(wait)?;
        self.tries += 1;
        Some(wait)
    }

    /// How long to wait because somebody else was asked to; `None` when that is too long for one request. It is no try.
    pub(super) fn hold_on(&mut self, left: Duration) -> Option<Duration> {
        self.left = self.left.checked_sub(left)?;
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_waits_double_stay_within_half_to_whole_and_end() {
        for jitter in [0, 1, 250, u32::MAX] {
            let mut patience = Patience::default();
            let mut waits = Vec::new();
            while let Some(wait) = patience.next_wait(None, jitter) {
                waits.push(wait);
            }
            assert_eq!(waits.len(), usize::try_from(TRIES_MAX - 1).unwrap());
            for (wait, whole) in waits.iter().zip([500, 1000, 2000]) {
                assert!(
                    (whole / 2..=whole).contains(&u64::try_from(wait.as_millis()).unwrap()),
                    "{wait:?} is not within {whole} ms"
                );
            }
        }
    }

    #[test]
    fn what_the_service_asks_for_is_never_undercut_nor_waited_for_beyond_the_bound() {
        let mut patience = Patience::default();
        let asked = Duration::from_secs(20);
        assert_eq!(patience.next_wait(Some(asked), 7), Some(asked));
        assert_eq!(patience.next_wait(Some(asked), 7), None);
        assert_eq!(
            Patience::default().next_wait(Some(Duration::from_secs(31)), 0),
            None
        );
    }
}
