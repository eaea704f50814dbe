//! What a service manager is told of the station: that it stands, that its loop still turns, that it ends. Over the socket that
//! `$NOTIFY_SOCKET` names; without one nothing is told. It starts no thread: every sign comes from the station's loop.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::app::board::Counts;
use crate::app::station::pulse::{Pulse, Sign};
use crate::face::say::service::{standing, stopping};

/// So many signs fit into the time after which the station counts as hung.
const SIGNS_PER_WATCHDOG: u32 = 3;
/// The line about the jobs is not older than this.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// The signs, as the environment asks for them.
pub(super) fn pulse() -> Pulse {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return Pulse::unheard();
    }
    let watchdog = sd_notify::watchdog_enabled();
    let every = watchdog.map_or(STATUS_EVERY, |limit| {
        STATUS_EVERY.min(limit / SIGNS_PER_WATCHDOG)
    });
    let mut teller = Teller {
        watched: watchdog.is_some(),
        said: String::new(),
        deaf: false,
    };
    Pulse::new(every, move |sign, counts| teller.tell(sign, counts))
}

/// Remembers what was said, so that only news is sent.
struct Teller {
    /// Signs of life are waited for.
    watched: bool,
    said: String,
    /// It was logged that nobody can be reached.
    deaf: bool,
}

impl Teller {
    fn tell(&mut self, sign: Sign, counts: Counts) {
        let status = match sign {
            Sign::Stands | Sign::Lives => standing(counts),
            Sign::Stops => stopping(counts),
        };
        let mut states = Vec::new();
        match sign {
            Sign::Stands => states.push(NotifyState::Ready),
            Sign::Lives if self.watched => states.push(NotifyState::Watchdog),
            Sign::Lives => {}
            Sign::Stops => states.push(NotifyState::Stopping),
        }
        if status != self.said {
            states.push(NotifyState::Status(&status));
        }
        if states.is_empty() {
            return;
        }
        match sd_notify::notify(&states) {
            Ok(()) => {
                self.deaf = false;
                self.said = status;
            }
            Err(error) if !self.deaf => {
                self.deaf = true;
                tracing::warn!(%error, "the service manager cannot be reached");
            }
            Err(_) => {}
        }
    }
}
