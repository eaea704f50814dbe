//! The sign-in, as far as it can be judged without asking the tenant: are its secrets there, do they belong together, do they
//! still count, can others read them?

use crate::adapter::entra::SecretSource;
use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::sign_in::SignInMethod;
use crate::domain::time::Timestamp;
use crate::face::say::fault::message;
use crate::port::Clock;
use crate::wire::config::Config;

use super::Findings;

/// A certificate that ends sooner is warned of, in seconds.
const CERTIFICATE_WARNING_SECONDS: i64 = 30 * 86_400;

pub(super) fn examine(config: &Config, found: &mut Findings) {
    if let Err(fault) = config.entra().check_ca_file() {
        found.objections.push(format!("[entra] {fault}."));
    }
    match config.entra.method {
        SignInMethod::ClientSecret => {
            let source = &config.entra.client_secret;
            if let Err(fault) = source.check() {
                tell(source, &fault, found);
            }
        }
        // Without a certificate, the configuration was complained of.
        SignInMethod::Certificate => {
            if let Some(source) = config.certificate() {
                let now = SystemClock.now();
                match source.check(now) {
                    Ok(facts) => found.warnings.extend(ends_soon(now, facts.valid_until)),
                    Err(fault) => tell(&source.place, &fault, found),
                }
            }
        }
        SignInMethod::Delegated => match config.keep().check() {
            Ok(Some(_)) => {}
            Ok(None) => found.objections.push(
                "No administrator has signed in here; do it with `keyline entra login`.".to_owned(),
            ),
            Err(fault) => found.objections.push(message(&fault)),
        },
    }
}

fn tell(source: &SecretSource, fault: &Fault, found: &mut Findings) {
    match source {
        SecretSource::File(_) => found.objections.push(message(fault)),
        // The service has an environment and credentials of its own.
        SecretSource::Env(_) | SecretSource::Credential(_) => {
            found.warnings.push(message(fault));
        }
    }
}

fn ends_soon(now: Timestamp, until: Timestamp) -> Option<String> {
    let left = now.seconds_until(until);
    (left < CERTIFICATE_WARNING_SECONDS).then(|| {
        format!(
            "The certificate that the station signs in with ends in {} days; make a new one and upload it to the app registration.",
            left / 86_400
        )
    })
}
