//! The sign-in in a browser on this computer (RFC 8252, RFC 7636): a person opens an address of the tenant, signs in there, and
//! the browser brings a code to a port that only this computer reaches. The code is of no use without what only we know.

use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::fault::Fault;

use super::Entra;
use super::encoding::base64url;
use super::loopback::{Brought, Loopback};
use super::patience::Replay;
use super::token::{self, Issued};

pub use super::loopback::Pages;

/// Bytes of what nobody can guess: 43 characters, the least that RFC 7636 §4.1 takes.
const UNGUESSABLE_BYTES: usize = 32;

/// # Errors
/// See [`Entra::sign_in_by_browser`].
pub(super) fn sign_in(
    entra: &Entra,
    scope: &str,
    pages: &Pages,
    patience: Duration,
    show: &mut dyn FnMut(&str),
) -> Result<Issued, Fault> {
    let loopback = Loopback::open()?;
    let redirect_uri = loopback.redirect_uri();
    let verifier = unguessable()?;
    let state = unguessable()?;
    let mut address = token::endpoint(&entra.config, "authorize")?;
    address
        .query_pairs_mut()
        .append_pair("client_id", &entra.config.client_id)
        .append_pair("response_type", "code")
        .append_pair("response_mode", "query")
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("scope", scope)
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge(&verifier))
        .append_pair("code_challenge_method", "S256")
        // Whoever uses this browser may have another account than the administrator's.
        .append_pair("prompt", "select_account");
    show(address.as_str());
    let code = match loopback.wait(&state, pages, patience, &entra.cancel)? {
        Brought::Code(code) => code,
        Brought::Refusal(error) => {
            let what = if error == "access_denied" {
                "the sign-in was declined".to_owned()
            } else {
                format!("the tenant ended the sign-in in the browser ({error})")
            };
            return Err(Fault::SignIn { what });
        }
    };
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", entra.config.client_id.as_str()),
        ("code", code.as_str()),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", verifier.as_str()),
        ("scope", scope),
    ];
    // A code counts once: when the answer is lost, it is spent.
    token::ask(
        &entra.config,
        &entra.authority,
        &form,
        ("token", Replay::OnlyUndone),
    )?
    .map_err(token::Refusal::fault)
}

/// RFC 7636 §4.2, `S256`.
fn challenge(verifier: &str) -> String {
    base64url(&Sha256::digest(verifier.as_bytes()))
}

fn unguessable() -> Result<Zeroizing<String>, Fault> {
    let mut bytes = Zeroizing::new([0; UNGUESSABLE_BYTES]);
    SysRng
        .try_fill_bytes(&mut *bytes)
        .map_err(|error| Fault::Internal {
            what: format!("the operating system gave no randomness: {error}"),
        })?;
    Ok(Zeroizing::new(base64url(&*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
