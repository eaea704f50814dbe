//! CTAPHID_ERROR codes (CTAP 2.1 §11.2.9.1.6). Only those that we act on have a constant; all have a name.

pub(super) const INVALID_COMMAND: u8 = 0x01;
/// Nothing came for too long in the middle of a message.
pub(super) const MSG_TIMEOUT: u8 = 0x05;
pub(super) const CHANNEL_BUSY: u8 = 0x06;
pub(super) const INVALID_CHANNEL: u8 = 0x0B;

/// The standard's name of a CTAPHID_ERROR code (§11.2.9.1.6).
pub(super) const fn name(code: u8) -> &'static str {
    match code {
        0x01 => "ERR_INVALID_CMD",
        0x02 => "ERR_INVALID_PAR",
        0x03 => "ERR_INVALID_LEN",
        0x04 => "ERR_INVALID_SEQ",
        0x05 => "ERR_MSG_TIMEOUT",
        0x06 => "ERR_CHANNEL_BUSY",
        0x0A => "ERR_LOCK_REQUIRED",
        0x0B => "ERR_INVALID_CHANNEL",
        0x7F => "ERR_OTHER",
        _ => "unknown",
    }
}
