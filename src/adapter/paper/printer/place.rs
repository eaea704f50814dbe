//! A printer's URI, taken apart: where it is asked, and what it is called. Holds neither user nor password, and repeats no query,
//! in which some printers want a secret.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::domain::fault::Fault;

/// The port of IPP, with and without TLS (RFC 8010 §4.1, RFC 7472 §4.2).
const PORT: u16 = 631;
/// A printer's URI, taken apart.
pub(super) struct Place {
    pub(super) address: Url,
    /// What the printer is called in requests: without user and password.
    pub(super) target: String,
    /// What it is called in tickets and words: without the query as well.
    pub(super) uri: String,
    pub(super) host: String,
    pub(super) encrypted: bool,
}

impl Place {
    /// # Errors
    /// [`Fault::Mailer`], in words.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = |why: &str| Fault::Mailer {
            what: format!("the printer `{}` cannot be used: {why}", shown(text)),
        };
        let mut uri = Url::parse(text).map_err(|error| {
            wrong(&format!(
                "it is no URI such as ipp://localhost:631/printers/letters ({error})"
            ))
        })?;
        let (scheme, encrypted) = match uri.scheme() {
            "ipp" => ("http", false),
            "ipps" => ("https", true),
            _ => return Err(wrong("it begins neither with ipp:// nor with ipps://")),
        };
        if !uri.username().is_empty() || uri.password().is_some() {
            // Not even in the words that refuse it.
            return Err(Fault::Mailer {
                what: "the printer's URI names a user or a password: they have places of their own, `user` and `password` in [paper]".to_owned(),
            });
        }
        uri.set_fragment(None);
        let host = match uri.host_str() {
            Some(host) if !host.is_empty() => host.to_owned(),
            Some(_) | None => return Err(wrong("it names no host")),
        };
        let rest = match uri.query() {
            Some(query) => format!("{}?{query}", uri.path()),
            None => uri.path().to_owned(),
        };
        let port = uri.port().unwrap_or(PORT);
        let address = Url::parse(&format!("{scheme}://{host}:{port}{rest}"))
            .map_err(|error| wrong(&error.to_string()))?;
        let target = uri.to_string();
        uri.set_query(None);
        Ok(Self {
            address,
            target,
            uri: uri.to_string(),
            host,
            encrypted,
        })
    }
}

/// As much of a text that is no URI as may be repeated: what stands before a query, and behind a user and a password.
fn shown(text: &str) -> &str {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    text.rsplit('@').next().unwrap_or_default()
}

/// Whether two URIs mean the same printer, as far as can be told without asking.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    match (Place::parse(one), Place::parse(other)) {
        (Ok(one), Ok(other)) => one.address == other.address,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// Whether what was sent to one of two URIs lies where the other leads, as far as can be told without asking: however the host is
/// spelled, and whether the line is encrypted. Queries count for nothing, because tickets have none.
pub(super) fn is_same_queue(one: &str, other: &str) -> bool {
    match (Queue::parse(one), Queue::parse(other)) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => one == other,
    }
}

/// What makes a queue.
#[derive(PartialEq, Eq)]
struct Queue {
    host: String,
    port: Option<u16>,
    path: String,
}

impl Queue {
    fn parse(uri: &str) -> Option<Self> {
        let address = Place::parse(uri).ok()?.address;
        let host = match address.host()? {
            Host::Ipv4(Ipv4Addr::LOCALHOST) | Host::Ipv6(Ipv6Addr::LOCALHOST) => {
                "localhost".to_owned()
            }
            Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
            Host::Ipv4(number) => number.to_string(),
            Host::Ipv6(number) => number.to_string(),
        };
        Some(Self {
            host,
            port: address.port_or_known_default(),
            path: address.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_becomes_an_address_with_the_port_of_ipp() {
        for (uri, address) in [
            (
                "ipp://print.contoso.com/printers/letters",
                "http://print.contoso.com:631/printers/letters",
            ),
            (
                "ipps://print.contoso.com/ipp/print",
                "https://print.contoso.com:631/ipp/print",
            ),
            (
                "ipp://localhost:8631/ipp/print",
                "http://localhost:8631/ipp/print",
            ),
            ("ipp://[::1]/ipp", "http://[::1]:631/ipp"),
        ] {
            let place = Place::parse(uri).unwrap();
            assert_eq!(place.address.as_str(), address);
            assert_eq!(place.uri, uri);
        }
    }

    #[test]
    fn a_printer_is_the_same_with_and_without_its_port() {
        let named = "ipp://localhost:631/printers/letters";
        assert!(is_same("ipp://localhost/printers/letters", named));
        assert!(!is_same("ipps://localhost/printers/letters", named));
        assert!(!is_same("ipp://localhost/printers/others", named));
        assert!(!is_same("printers", "printers"));
    }

    #[test]
    fn a_queue_is_the_same_however_it_is_spelled() {
        let named = "ipp://localhost:631/printers/letters";
        for same in [
            "ipp://localhost/printers/letters/",
            "ipp://LOCALHOST/printers/letters",
            "ipp://127.0.0.1:631/printers/letters",
            "ipp://[::1]/printers/letters",
            "ipps://localhost./printers/letters",
            "ipp://localhost/printers/letters?key=verysecret",
        ] {
            assert!(is_same_queue(named, same), "{same}");
            assert!(is_same_queue(same, named), "{same}");
        }
        for other in [
            "ipp://localhost/printers/Letters",
            "ipp://localhost/printers",
            "ipp://localhost:8631/printers/letters",
            "ipp://127.0.0.2/printers/letters",
            "ipp://print.contoso.com/printers/letters",
            "printers",
        ] {
            assert!(!is_same_queue(named, other), "{other}");
        }
        assert!(is_same_queue("printers", "printers"));
        let upper = "ipp://Print.contoso.com/x";
        assert!(is_same_queue(upper, "ipp://print.contoso.com:631/x/"));
    }

    #[test]
    fn a_uri_that_is_none_is_refused_in_words_and_never_shows_a_password() {
        for (uri, part) in [
            ("printer", "no URI such as ipp://"),
            ("http://localhost:631/", "neither with ipp:// nor"),
            ("ipp:///printers/x", "no host"),
        ] {
            let Err(Fault::Mailer { what }) = Place::parse(uri) else {
                panic!("{uri} was taken");
            };
            assert!(what.contains(part), "{what}");
        }
        let Err(Fault::Mailer { what }) = Place::parse("ipp://anna:verysecret@print/x") else {
            panic!("a password in the URI was taken");
        };
        assert!(!what.contains("verysecret"), "{what}");
        for uri in [
            "printer?verysecret",
            "http://print/x?verysecret",
            "ipp:///x?verysecret",
            "ipp://anna:verysecret@print:99999/x",
            "ipp://print:99999/x#verysecret",
        ] {
            let Err(Fault::Mailer { what }) = Place::parse(uri) else {
                panic!("{uri} was taken");
            };
            assert!(!what.contains("verysecret"), "{what}");
        }
    }

    #[test]
    fn a_query_is_sent_and_never_repeated() {
        let place = Place::parse("ipp://print.contoso.com/x?key=verysecret").unwrap();
        assert_eq!(
            place.address.as_str(),
            "http://print.contoso.com:631/x?key=verysecret"
        );
        assert_eq!(place.target, "ipp://print.contoso.com/x?key=verysecret");
        assert_eq!(place.uri, "ipp://print.contoso.com/x");
    }
}
