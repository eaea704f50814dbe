//! The metadata file over HTTPS. What comes is bounded, and proves nothing by where it came from: only its signature does.

use std::error::Error;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::{Certificate, redirect};
use rustls::crypto::CryptoProvider;
use url::Url;

use crate::adapter::RegularFile;

use super::MdsFault;
use super::blob::BLOB_BYTES_MAX;

/// Ten million bytes over a slow line.
const FETCH_SECONDS_MAX: u64 = 300;
const CONNECT_SECONDS_MAX: u64 = 15;
/// Bytes. A bundle of authorities is a few hundred kilobytes.
const CA_BYTES_MAX: u64 = 4 << 20;
/// A service that moves does so once or twice.
const REDIRECTS_MAX: usize = 3;

/// Where the file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub url: Url,
    /// Authorities (PEM) that are trusted for the way there, beside this computer's: a proxy's that looks inside.
    pub ca_file: Option<PathBuf>,
}

impl Source {
    /// What of it could not work or would not be safe, in words.
    pub fn objection(&self) -> Option<String> {
        let url = &self.url;
        if url.host_str().is_none() {
            return Some("has no host".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Some("carries a user name or password".to_owned());
        }
        (url.scheme() != "https" && !self.is_loopback())
            .then(|| "takes an address that begins with https://".to_owned())
    }

    fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Fetches the file, over this computer's proxy where it has one.
    ///
    /// # Errors
    /// [`MdsFault::Unreachable`], in words that name the host.
    pub fn fetch(&self) -> Result<Vec<u8>, MdsFault> {
        let host = self.url.host_str().unwrap_or_default();
        let lost = |what: String| MdsFault::Unreachable { what };
        let response = self
            .client()?
            .get(self.url.clone())
            .send()
            .map_err(|error| lost(format!("{host}: {}", causes(&error.without_url()))))?;
        if !response.status().is_success() {
            return Err(lost(format!("{host} answered {}", response.status())));
        }
        let mut blob = Vec::new();
        response
            .take(BLOB_BYTES_MAX.saturating_add(1))
            .read_to_end(&mut blob)
            .map_err(|error| lost(format!("the answer of {host} broke off ({error})")))?;
        if u64::try_from(blob.len()).is_ok_and(|length| length > BLOB_BYTES_MAX) {
            return Err(lost(format!(
                "{host} answered with more than {} MB",
                BLOB_BYTES_MAX >> 20
            )));
        }
        Ok(blob)
    }

    fn client(&self) -> Result<Client, MdsFault> {
        if CryptoProvider::get_default().is_none() {
            // Losing a race against another thread that installs the same one is no harm.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let encrypted = self.url.scheme() == "https";
        let mut builder = Client::builder()
            .user_agent(concat!("keyline/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::limited(REDIRECTS_MAX))
            .https_only(encrypted)
            .timeout(Duration::from_secs(FETCH_SECONDS_MAX))
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX));
        if self.is_loopback() {
            builder = builder.no_proxy();
        }
        builder = match (&self.ca_file, encrypted) {
            // No TLS is spoken here, so the system's certificates need not even be there.
            (_, false) => builder.tls_certs_only([]),
            (None, true) => builder,
            (Some(file), true) => builder.tls_certs_merge(authorities(file)?),
        };
        builder.build().map_err(|error| MdsFault::Unreachable {
            what: causes(&error),
        })
    }
}

fn authorities(file: &std::path::Path) -> Result<Vec<Certificate>, MdsFault> {
    let wrong = |what: String| MdsFault::Files {
        place: file.display().to_string(),
        what,
    };
    let pem = RegularFile::read(file, CA_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
    let found = Certificate::from_pem_bundle(RegularFile::without_mark(&pem))
        .map_err(|error| wrong(causes(&error)))?;
    if found.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(found)
}

/// An error with its causes on one line.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
