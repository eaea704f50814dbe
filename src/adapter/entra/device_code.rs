//! The sign-in by a code (RFC 8628): the station gets a code, a person types it on any device and signs in there, and the station
//! asks until that is done. It waits as long as the service wants between two questions, and not beyond the code's end.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::domain::fault::Fault;

use super::Entra;
use super::answer;
use super::patience::Replay;
use super::token::{self, Issued};
use super::transport::{Bearer, Call, POLL, Payload};

/// RFC 8628 §3.4.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two questions where the service does not say, in seconds (RFC 8628 §3.2), and what is added when it asks for more
/// (§3.5).
const INTERVAL_SECONDS_DEFAULT: u64 = 5;
const SLOWER_SECONDS: u64 = 5;
/// However long the service would let a code count or a question wait, in seconds.
const EXPIRES_SECONDS_MAX: i64 = 1800;
const INTERVAL_SECONDS_MAX: u64 = 60;
/// Of the address and the code, however long they are.
const SHOWN_CHARACTERS_MAX: usize = 500;

/// What a person has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePrompt {
    /// Where to go, on any device.
    pub address: String,
    /// What to type there.
    pub code: String,
    /// How long the code counts, in seconds.
    pub seconds: i64,
}

#[derive(Deserialize)]
struct Begun {
    device_code: String,
    user_code: String,
    verification_uri: String,
    expires_in: i64,
    #[serde(default)]
    interval: Option<u64>,
}

/// # Errors
/// See [`Entra::sign_in_by_device_code`].
pub(super) fn sign_in(
    entra: &Entra,
    scope: &str,
    show: &mut dyn FnMut(&DevicePrompt),
) -> Result<Issued, Fault> {
    let begun = begin(entra, scope)?;
    let seconds = begun.expires_in.clamp(0, EXPIRES_SECONDS_MAX);
    let end = entra.clock.now().plus_seconds(seconds);
    show(&DevicePrompt {
        address: answer::plain(&begun.verification_uri, SHOWN_CHARACTERS_MAX),
        code: answer::plain(&begun.user_code, SHOWN_CHARACTERS_MAX),
        seconds,
    });
    let device_code = Zeroizing::new(begun.device_code);
    let form = [
        ("grant_type", GRANT),
        ("client_id", entra.config.client_id.as_str()),
        ("device_code", device_code.as_str()),
    ];
    let interval = begun.interval.unwrap_or(INTERVAL_SECONDS_DEFAULT);
    let mut interval = interval.clamp(1, INTERVAL_SECONDS_MAX);
    loop {
        if !entra
            .clock
            .wait(Duration::from_secs(interval), &entra.cancel)
        {
            return Err(Fault::Cancelled);
        }
        if entra.clock.now() >= end {
            return Err(expired());
        }
        let asked = token::ask(
            &entra.config,
            &entra.authority,
            &form,
            (POLL, Replay::OnlyUndone),
        );
        match asked {
            Ok(Ok(issued)) => return Ok(issued),
            Ok(Err(refusal)) => match refusal.error.as_str() {
                "authorization_pending" => {}
                "slow_down" => {
                    interval = (interval + SLOWER_SECONDS).min(INTERVAL_SECONDS_MAX);
                }
                "authorization_declined" | "access_denied" => {
                    return Err(Fault::SignIn {
                        what: "the sign-in was declined".to_owned(),
                    });
                }
                "expired_token" => return Err(expired()),
                _ => return Err(refusal.fault()),
            },
            // The person may be typing still: a network that is away for a moment ends nothing.
            Err(Fault::Unreachable { .. } | Fault::Throttled { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
}

fn begin(entra: &Entra, scope: &str) -> Result<Begun, Fault> {
    let form = [
        ("client_id", entra.config.client_id.as_str()),
        ("scope", scope),
    ];
    let call = Call {
        name: "devicecode",
        method: Method::POST,
        url: token::endpoint(&entra.config, "devicecode")?,
        payload: Payload::Form(&form),
        replay: Replay::Safe,
    };
    let answer = entra.authority.send(&call, Bearer::Nobody)?;
    if !answer.is_success() {
        return Err(token::refused(&answer, &form).fault());
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| answer::unusable("the device code endpoint's answer", &error))
        .or_else(|fault| answer.owns(Err(fault)))
}

fn expired() -> Fault {
    Fault::SignIn {
        what: "nobody signed in before the code's time was over; begin anew by typing the same command again"
            .to_owned(),
    }
}
