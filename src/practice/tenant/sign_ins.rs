//! The sign-ins of people at the practice tenant: codes that are typed on another device, codes that a browser brings, and the
//! refresh tokens that come of either. In memory only.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};

use crate::domain::time::Timestamp;

use super::encoding::base64url;
use super::token::Denied;

/// How long a code of the browser counts, in seconds.
const CODE_SECONDS: i64 = 600;
/// What `slow_down` adds, in seconds (RFC 8628 §3.5).
const SLOWER_SECONDS: i64 = 5;

/// What a person answers who is asked whether the station may work in their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInAnswer {
    Approve,
    Decline,
}

/// Whose sign-in it is, and what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) client_id: String,
    /// Names of permissions, without the address of Graph.
    pub(super) scopes: Vec<String>,
    /// Whether `offline_access` was: without it there is no refresh token.
    pub(super) lasts: bool,
}

/// A device code that was handed out.
pub(super) struct Device {
    pub(super) user_code: String,
    pub(super) expires: Timestamp,
    pub(super) whose: Asked,
    interval_seconds: i64,
    asked: Option<Timestamp>,
    answer: Option<SignInAnswer>,
}

/// A request at the authorize endpoint.
#[derive(Clone)]
pub(super) struct Authorization {
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) challenge: String,
    pub(super) whose: Asked,
}

struct Code {
    authorization: Authorization,
    expires: Timestamp,
    spent: bool,
}

/// All of them.
#[derive(Default)]
pub(super) struct SignIns {
    /// By device code.
    devices: BTreeMap<String, Device>,
    /// Shown to a person who has not answered, by ticket.
    waiting: BTreeMap<String, Authorization>,
    codes: BTreeMap<String, Code>,
    /// Those that count.
    refresh_tokens: Vec<String>,
}

impl SignIns {
    pub(super) fn begin_device(
        &mut self,
        device_code: String,
        user_code: String,
        expires: Timestamp,
        interval_seconds: i64,
        whose: Asked,
    ) {
        let device = Device {
            user_code,
            expires,
            whose,
            interval_seconds,
            asked: None,
            answer: None,
        };
        self.devices.insert(device_code, device);
    }

    /// A person types the code and answers. `false`: there is no such code, or it is over.
    pub(super) fn answer_device(
        &mut self,
        user_code: &str,
        answer: SignInAnswer,
        now: Timestamp,
    ) -> bool {
        let typed = user_code.trim().to_uppercase();
        let device = self
            .devices
            .values_mut()
            .find(|device| device.user_code == typed && now < device.expires);
        device.is_some_and(|device| {
            device.answer = Some(answer);
            true
        })
    }

    /// The station asks whether somebody has answered; a code that was approved counts once.
    pub(super) fn ask_device(
        &mut self,
        device_code: &str,
        now: Timestamp,
    ) -> Result<Asked, Denied> {
        let Some(device) = self.devices.get_mut(device_code) else {
            return Err(Denied::grant(
                "bad_verification_code",
                70_018,
                "no such device code",
            ));
        };
        if now >= device.expires {
            return Err(Denied::grant("expired_token", 70_019, "the code is over"));
        }
        let early = device.asked.is_some_and(|asked| {
            asked.millis_until(now) < device.interval_seconds.saturating_mul(1000)
        });
        device.asked = Some(now);
        if early {
            device.interval_seconds += SLOWER_SECONDS;
            return Err(Denied::grant("slow_down", 70_016, "asked too soon"));
        }
        match device.answer {
            None => Err(Denied::grant(
                "authorization_pending",
                70_016,
                "nobody has answered yet",
            )),
            Some(SignInAnswer::Decline) => Err(Denied::grant(
                "authorization_declined",
                70_017,
                "the person said no",
            )),
            Some(SignInAnswer::Approve) => {
                let done = self.devices.remove(device_code);
                Ok(done.map(|device| device.whose).unwrap_or_default())
            }
        }
    }

    /// A person is shown the question; the ticket names it.
    pub(super) fn begin_browser(&mut self, ticket: String, authorization: Authorization) {
        self.waiting.insert(ticket, authorization);
    }

    /// The person answers: where the browser goes then, and with which code.
    pub(super) fn answer_browser(
        &mut self,
        ticket: &str,
        code: String,
        now: Timestamp,
    ) -> Option<Authorization> {
        let authorization = self.waiting.remove(ticket)?;
        let kept = Code {
            authorization: authorization.clone(),
            expires: now.plus_seconds(CODE_SECONDS),
            spent: false,
        };
        self.codes.insert(code, kept);
        Some(authorization)
    }

    /// The question is declined: where the browser goes then.
    pub(super) fn decline_browser(&mut self, ticket: &str) -> Option<Authorization> {
        self.waiting.remove(ticket)
    }

    /// The station shows a code. One that is shown twice was stolen: whatever came of it ends (RFC 6749 §4.1.2).
    pub(super) fn redeem(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<Asked, Denied> {
        let invalid = |number, why| Denied::grant("invalid_grant", number, why);
        let Some(kept) = self.codes.get_mut(code) else {
            return Err(invalid(9_002_313, "no such code"));
        };
        if kept.spent {
            self.refresh_tokens.clear();
            return Err(invalid(54_005, "the code was shown before"));
        }
        kept.spent = true;
        if now >= kept.expires {
            return Err(invalid(70_008, "the code is over"));
        }
        if kept.authorization.redirect_uri != redirect_uri {
            return Err(invalid(50_011, "another redirect_uri than before"));
        }
        let challenge = base64url(digest(&SHA256, verifier.as_bytes()).as_ref());
        if kept.authorization.challenge != challenge {
            return Err(invalid(
                501_481,
                "the code_verifier does not fit the challenge",
            ));
        }
        Ok(kept.authorization.whose.clone())
    }

    /// A refresh token that counts from now on.
    pub(super) fn add_refresh_token(&mut self, token: String) {
        self.refresh_tokens.push(token);
    }

    /// The station shows a refresh token. Entra's still counts afterwards; with `rotates` it does not.
    pub(super) fn refresh(&mut self, token: &str, rotates: bool) -> Result<(), Denied> {
        let at = self.refresh_tokens.iter().position(|one| one == token);
        let Some(at) = at else {
            return Err(Denied::grant(
                "invalid_grant",
                50_173,
                "the refresh token was revoked, or was never given",
            ));
        };
        if rotates {
            self.refresh_tokens.remove(at);
        }
        Ok(())
    }

    pub(super) fn refresh_tokens(&self) -> &[String] {
        &self.refresh_tokens
    }

    /// Everybody is signed out.
    pub(super) fn revoke(&mut self) {
        self.refresh_tokens.clear();
    }
}
