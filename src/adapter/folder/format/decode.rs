//! Bytes to text, as spreadsheets write it: a byte order mark decides; else UTF-8 when it is valid; else UTF-16 when half of the
//! bytes are zero; else windows-1252. What is no text is refused, never guessed at further.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use zeroize::Zeroizing;

use crate::domain::job::row::{BadRow, Code};

/// So many bytes tell whether a file without a mark is UTF-16.
const PROBE_BYTES: usize = 4096;

/// The text, without its byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<Zeroizing<String>, BadRow> {
    if bytes.is_empty() {
        return Err(BadRow::whole(
            Code::FileEmpty,
            "The file is empty.",
            "Was it saved? Drop it again when it has rows.",
        ));
    }
    let (encoding, mark_bytes) = Encoding::for_bom(bytes).unwrap_or_else(|| (guess(bytes), 0));
    let body = bytes.get(mark_bytes..).unwrap_or_default();
    let (text, malformed) = encoding.decode_without_bom_handling(body);
    let text = Zeroizing::new(text.into_owned());
    // windows-1252 has a character for every byte, so only control characters give a binary file away.
    let binary = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1A);
    if malformed || text.bytes().any(binary) {
        return Err(BadRow::whole(
            Code::NotText,
            "The file is not a text that we can read.",
            "Save it as \"CSV UTF-8\", or as TOML or JSON in UTF-8.",
        ));
    }
    Ok(text)
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) {
        return UTF_8;
    }
    let probe = bytes.get(..PROBE_BYTES).unwrap_or(bytes);
    let zeros = |parity: usize| {
        probe
            .iter()
            .enumerate()
            .filter(|(at, byte)| at % 2 == parity && **byte == 0)
            .count()
    };
    // Of mostly Latin text in UTF-16 every second byte is zero: the high one.
    let many = probe.len() / 4;
    match (zeros(0), zeros(1)) {
        (even, odd) if even > many && odd <= even / 4 => UTF_16BE,
        (even, odd) if odd > many && even <= odd / 4 => UTF_16LE,
        _ => WINDOWS_1252,
    }
}
