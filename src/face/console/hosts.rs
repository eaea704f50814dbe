//! Under which names this server may be called. A page of somebody else's whose name was made to lead here (DNS rebinding)
//! calls it by its own name, and gets nothing.
//!
//! # Why
//! `localhost` is no name of it, unless the configuration says so: it leads to `::1` as well, where on a computer that several
//! people use another one's program may listen, and would get the cookies of whoever typed it.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

use super::Settings;

/// Under which authority (RFC 3986 §3.2) a request calls this server, when it may: `127.0.0.1:8137`.
///
/// HTTP/2 has it in the address of the request, HTTP/1 in `Host`; a request with two different ones is nobody's.
pub(super) fn called(uri: &Uri, headers: &HeaderMap, settings: &Settings) -> Option<Authority> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => Some(host.to_str().ok()?.parse::<Authority>().ok()?),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    let authority = match (uri.authority().cloned(), host) {
        (Some(uri), Some(host)) if uri != host => return None,
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    // A user and a password before the name have no place here.
    let plain = !authority.as_str().contains('@');
    (plain && is_ours(authority.host(), settings)).then_some(authority)
}

/// Whether a page under `origin` (RFC 6454) is one of this server's, as it was called by `authority`.
pub(super) fn is_same_origin(origin: &str, authority: &Authority, secure: bool) -> bool {
    let (scheme, standard) = if secure { ("https", 443) } else { ("http", 80) };
    let Some((named, rest)) = origin.split_once("://") else {
        return false;
    };
    let Ok(other) = rest.parse::<Authority>() else {
        return false;
    };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(standard);
    named == scheme
        && !rest.contains(['/', '@'])
        && other.host().eq_ignore_ascii_case(authority.host())
        && port(&other) == port(authority)
}

fn is_ours(host: &str, settings: &Settings) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address = settings.address.ip();
    // An address that stands for all of them is nobody's name.
    let listens = !address.is_unspecified()
        && (host == address.to_string() || host == format!("[{address}]"));
    listens
        || settings
            .hosts
            .iter()
            .any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(&host))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::face::console::guard::tests::settings;

    fn called_by(uri: &str, hosts: &[&'static str], listen: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }
        let mut settings = settings();
        settings.address = listen.parse().expect("an address");
        settings.hosts = vec!["Bench1.contoso.com".to_owned()];
        let uri = uri.parse().expect("a uri");
        called(&uri, &headers, &settings).map(|authority| authority.to_string())
    }

    #[test]
    fn only_our_own_names_call_us() {
        for (host, listen, is) in [
            ("127.0.0.1:8137", "127.0.0.1:8137", true),
            ("127.0.0.1:9000", "127.0.0.1:8137", true),
            ("localhost:8137", "127.0.0.1:8137", false),
            ("[::1]:8137", "127.0.0.1:8137", false),
            ("[::1]:8137", "[::1]:8137", true),
            ("127.0.0.1:8137", "[::1]:8137", false),
            ("127.0.0.1:8137", "10.1.2.3:8137", false),
            ("BENCH1.contoso.com", "127.0.0.1:8137", true),
            ("bench1.contoso.com.", "127.0.0.1:8137", true),
            ("evil.example:8137", "127.0.0.1:8137", false),
            ("localhost.evil.example", "127.0.0.1:8137", false),
            ("127.0.0.1.evil.example", "127.0.0.1:8137", false),
            ("user@127.0.0.1", "127.0.0.1:8137", false),
            ("10.1.2.3:443", "10.1.2.3:8137", true),
            ("10.1.2.4:443", "10.1.2.3:8137", false),
            ("0.0.0.0:8137", "0.0.0.0:8137", false),
            ("", "127.0.0.1:8137", false),
        ] {
            assert_eq!(called_by("/", &[host], listen).is_some(), is, "{host}");
        }
        let listen = "127.0.0.1:8137";
        assert_eq!(called_by("/", &[], listen), None);
        assert_eq!(called_by("/", &["127.0.0.1", "127.0.0.1"], listen), None);
        assert_eq!(
            called_by("http://evil.example/", &["127.0.0.1"], listen),
            None
        );
        assert_eq!(
            called_by("https://127.0.0.1:8137/", &[], listen).as_deref(),
            Some("127.0.0.1:8137")
        );
    }

    #[test]
    fn an_origin_is_ours_to_the_letter() {
        let authority: Authority = "localhost:8137".parse().expect("an authority");
        for (origin, secure, is) in [
            ("http://localhost:8137", false, true),
            ("http://LOCALHOST:8137", false, true),
            ("https://localhost:8137", true, true),
            ("https://localhost:8137", false, false),
            ("http://localhost:8138", false, false),
            ("http://localhost", false, false),
            ("http://127.0.0.1:8137", false, false),
            ("http://localhost:8137.evil.example", false, false),
            ("http://localhost:8137@evil.example", false, false),
            ("null", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_same_origin(origin, &authority, secure), is, "{origin}");
        }
        let usual: Authority = "bench1.contoso.com".parse().expect("an authority");
        assert!(is_same_origin(
            "https://bench1.contoso.com:443",
            &usual,
            true
        ));
    }
}
