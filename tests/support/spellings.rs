//! A secret in every spelling in which it could leak, and a search for all of them.

use std::fmt::Write as _;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A secret and how it could be written. Never shown: a failure names it by `name`.
pub(crate) struct Secret {
    pub(crate) name: String,
    spellings: Vec<(&'static str, Vec<u8>)>,
}

impl Secret {
    pub(crate) fn new(name: impl Into<String>, secret: &str) -> Self {
        assert!(secret.len() >= 4, "too short to be looked for");
        let bytes = secret.as_bytes();
        let mut hex = String::new();
        for byte in bytes {
            write!(hex, "{byte:02x}").expect("a string takes everything");
        }
        let decimals: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let wide = |order: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(order).collect();
        let mut spellings = vec![
            ("plain", bytes.to_vec()),
            ("UTF-16 LE", wide(u16::to_le_bytes)),
            ("UTF-16 BE", wide(u16::to_be_bytes)),
            ("hex", hex.clone().into_bytes()),
            ("HEX", hex.to_ascii_uppercase().into_bytes()),
            ("a list of bytes", decimals.join(", ").into_bytes()),
            ("a dense list of bytes", decimals.join(",").into_bytes()),
            ("backwards", bytes.iter().rev().copied().collect()),
        ];
        // As letters print it.
        let groups: Vec<String> = bytes
            .chunks(4)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        if groups.len() > 1 {
            spellings.push(("in groups", groups.join(" ").into_bytes()));
        }
        for shift in 0..3 {
            spellings.push(("base64", base64(STANDARD, bytes, shift)));
            spellings.push(("base64url", base64(FOR_URLS, bytes, shift)));
        }
        Self {
            name: name.into(),
            spellings,
        }
    }

    /// How the secret is spelled in `bytes`, if it is in there.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Option<&'static str> {
        self.spellings
            .iter()
            .find(|(_, spelling)| contains(bytes, spelling))
            .map(|(how, _)| *how)
    }
}

/// The characters of Base64 that depend on `bytes` alone, when `shift` unknown bytes stand before them and unknown ones
/// behind.
fn base64(alphabet: &[u8; 64], bytes: &[u8], shift: usize) -> Vec<u8> {
    let shifted: Vec<u8> = std::iter::repeat_n(0, shift)
        .chain(bytes.iter().copied())
        .collect();
    let sextets = (shifted.len() * 8) / 6;
    let first = (shift * 8).div_ceil(6);
    (first..sextets)
        .map(|at| {
            let bits = (0..6).fold(0, |bits: usize, bit| {
                let place = at * 6 + bit;
                let set = shifted[place / 8] >> (7 - place % 8) & 1;
                bits << 1 | usize::from(set)
            });
            alphabet[bits]
        })
        .collect()
}

pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else {
        return false;
    };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(wanted) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// The search itself must be able to find: what it calls clean was really looked through.
#[test]
fn every_spelling_is_found_wherever_it_stands() {
    let secret = Secret::new("a PIN", "48261739");
    for (text, how) in [
        ("x48261739y", "plain"),
        ("3438323631373339", "hex"),
        ("[52, 56, 50, 54, 49, 55, 51, 57]", "a list of bytes"),
        ("PIN 4826 1739", "in groups"),
        // printf 48261739 | base64; with one and two bytes before it and some behind.
        ("NDgyNjE3Mzk=", "base64"),
        ("eDQ4MjYxNzM5eQ==", "base64"),
        ("eHg0ODI2MTczOXl6", "base64"),
    ] {
        assert_eq!(secret.found_in(text.as_bytes()), Some(how), "{text}");
    }
    let wide: Vec<u8> = "48261739"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(secret.found_in(&wide), Some("UTF-16 LE"));
    let url = Secret::new("a token", "~~~???>>>");
    assert_eq!(url.found_in(b"fn5-Pz8_Pj4-"), Some("base64url"));
    assert_eq!(
        secret.found_in(b"48261838 and 8261739 and NDgyNjE4Mzg="),
        None
    );
}
