//! `keyline entra setup`: says what has to exist in the tenant, and makes the station's certificate. Signs in nowhere, sends nothing,
//! and writes over nothing.

use std::fs::Permissions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::adapter::entra::{NewCertificate, SecretSource};
use crate::adapter::system::SystemClock;
use crate::domain::tenant_setup::APP_NAME;
use crate::face::ask;
use crate::face::cli::Setup;
use crate::face::report::{self, Style, setup::Made};
use crate::face::say::setup::Known;
use crate::face::say::{Complaint, ExitCode, perform as say};
use crate::port::Clock as _;
use crate::wire::WireFault;
use crate::wire::commands::Ended;
use crate::wire::config::Config;
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::outfile::Unnamed;

/// Among the station's keys, where the configuration names none.
const CERTIFICATE_DEFAULT: &str = "entra.pem";
/// What is uploaded anybody may read.
const PUBLIC_MODE: u32 = 0o644;

pub(super) fn setup(config: &Config, wish: &Setup, out: &mut dyn Write) -> Ended {
    let style = Style::here(wish.json);
    match &wish.certificate {
        None => report::setup::needed(&known(config), &style, out)?,
        Some(file) => {
            let made = make(config, file.as_deref())?;
            report::setup::certificate(&made, &style, out)?;
        }
    }
    Ok(ExitCode::Done)
}

fn known(config: &Config) -> Known {
    let entra = &config.entra;
    Known {
        tenant: entra.tenant.clone(),
        client_id: entra.client_id.clone(),
        method: entra.method,
        consent: consent_address(config),
    }
}

/// Where an administrator consents to what the app registration asks for (Microsoft identity platform, "Grant tenant-wide admin
/// consent").
fn consent_address(config: &Config) -> Option<String> {
    let entra = &config.entra;
    if entra.tenant.is_empty() || entra.client_id.is_empty() {
        return None;
    }
    let mut address = entra.authority.clone();
    address
        .path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend([entra.tenant.as_str(), "adminconsent"]);
    address
        .query_pairs_mut()
        .append_pair("client_id", &entra.client_id);
    Some(address.into())
}

pub(super) fn make(config: &Config, file: Option<&Path>) -> Result<Made, Complaint> {
    let private = place(config, file)?;
    refuse_as_root_for_another(&private)?;
    let public = untaken(&private)?;
    ask::say("Making a private key; this can take some seconds.");
    let made = NewCertificate::make(APP_NAME, SystemClock.now())?;
    let secret = Unnamed::write(&private, made.private.as_bytes());
    let secret = secret.map_err(|error| unwritten(&private, &error))?;
    let upload = Unnamed::write(&public, &made.public);
    let upload = upload.map_err(|error| unwritten(&public, &error))?;
    secret
        .name(false)
        .map_err(|error| unwritten(&private, &error))?;
    let named = upload
        .name(false)
        .and_then(|()| std::fs::set_permissions(&public, Permissions::from_mode(PUBLIC_MODE)));
    if let Err(error) = named {
        // Half a pair would be in the way of the next try.
        let _gone = std::fs::remove_file(&private);
        return Err(unwritten(&public, &error));
    }
    let shown = |path: &Path| shortest(config, path).display().to_string();
    Ok(Made {
        private: shown(&private),
        public: shown(&public),
        thumbprint: made.facts.thumbprint,
        subject: made.facts.subject,
        until: made.facts.valid_until,
    })
}

/// Where the public part goes; neither it nor the private key lies over anything.
fn untaken(private: &Path) -> Result<PathBuf, Complaint> {
    let public = private.with_extension("cer");
    if public == private {
        return Err(Complaint::usage(
            format!(
                "{} is the name of what is uploaded; the private key needs another.",
                private.display()
            ),
            "Give a name that ends in .pem.",
        ));
    }
    for file in [private, &public] {
        // Asked beforehand for the sake of the words; that nothing is written over is seen to again when the name is given.
        if file.symlink_metadata().is_ok() {
            return Err(taken(file));
        }
    }
    Ok(public)
}

/// Whether a certificate can be made there. Nothing is left there by looking.
///
/// # Errors
/// That something has one of the two names, or what the folder has against it.
pub(super) fn makeable(private: &Path) -> Result<(), Complaint> {
    untaken(private)?;
    // The bytes of no file, which is never given its name.
    Unnamed::write(private, &[])
        .map(drop)
        .map_err(|error| say::no_place(private, &error.to_string()))
}

/// Where the private key goes.
pub(super) fn place(config: &Config, file: Option<&Path>) -> Result<PathBuf, Complaint> {
    let path = match (file, &config.entra.certificate) {
        (Some(file), _) => file.to_owned(),
        (None, Some(SecretSource::File(file))) => file.clone(),
        (None, None) => config.path(&config.ledger.keys).join(CERTIFICATE_DEFAULT),
        (None, Some(SecretSource::Env(_) | SecretSource::Credential(_))) => {
            return Err(Complaint::usage(
                "The configuration names no file for the certificate.",
                "Say where it goes: keyline entra setup --certificate FILE",
            ));
        }
    };
    std::path::absolute(&path).map_err(|error| unwritten(&path, &error))
}

/// As the configuration may name it: from the station's folder where it lies below that.
pub(super) fn shortest(config: &Config, path: &Path) -> PathBuf {
    let root = std::path::absolute(config.path(Path::new("")));
    root.ok()
        .and_then(|root| path.strip_prefix(root).ok().map(Path::to_owned))
        .unwrap_or_else(|| path.to_owned())
}

fn taken(file: &Path) -> Complaint {
    Complaint::usage(
        format!(
            "{} is there already, and is not written over.",
            file.display()
        ),
        "A station may be signing in with it. Give the new certificate another name: keyline entra setup --certificate FILE",
    )
}

fn unwritten(file: &Path, error: &std::io::Error) -> Complaint {
    if error.kind() == ErrorKind::AlreadyExists {
        return taken(file);
    }
    WireFault::files(file, error).into()
}
