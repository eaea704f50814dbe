//! The serial number of a YubiKey, read from its device configuration: the same bytes over CTAPHID (vendor command 0xC2)
//! and over the management applet (READ CONFIG, INS 0x1D). Other vendors publish no such command.

use crate::domain::authenticator::Serial;
use crate::domain::fault::Fault;

use super::cbor::garbled;

/// USB vendor id of Yubico.
pub const YUBICO_VENDOR_ID: u16 = 0x1050;
/// Tag of the serial number in the configuration.
const TAG_SERIAL: u8 = 0x02;

/// Reads the configuration: one byte of length, then tag, length and value again and again. The serial number is
/// big-endian; a key whose serial is hidden has no such tag.
///
/// # Errors
/// [`Fault::KeyGarbled`].
pub fn from_configuration(bytes: &[u8]) -> Result<Option<Serial>, Fault> {
    let wrong = || garbled("the device configuration is cut short");
    let (length, mut rest) = bytes.split_first().ok_or_else(wrong)?;
    if usize::from(*length) != rest.len() {
        return Err(wrong());
    }
    while let [tag, length, after @ ..] = rest {
        let (value, after) = after
            .split_at_checked(usize::from(*length))
            .ok_or_else(wrong)?;
        if *tag == TAG_SERIAL {
            if value.is_empty() || value.len() > 8 {
                return Err(garbled(format!("a serial number of {} bytes", value.len())));
            }
            let number = value
                .iter()
                .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            // Zero is what keys say that have none.
            return Ok((number != 0)
                .then(|| Serial::new(&number.to_string()))
                .flatten());
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(None)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<&str>) {
        assert_eq!(
            from_configuration(bytes).unwrap(),
            expected.and_then(Serial::new)
        );
    }

    #[test]
    fn the_serial_is_found_among_the_tags() {
        // USB supported, serial, USB enabled, form factor, firmware version.
        check(
            &[
                0x16, 0x01, 0x02, 0x02, 0x3F, 0x02, 0x04, 0x00, 0xE4, 0xE1, 0xC0, 0x03, 0x02, 0x02,
                0x3F, 0x04, 0x01, 0x01, 0x05, 0x03, 0x05, 0x04, 0x03,
            ],
            Some("15000000"),
        );
        check(&[0x04, 0x01, 0x02, 0x02, 0x3F], None);
        check(&[0x06, 0x02, 0x04, 0, 0, 0, 0], None);
        check(&[0x00], None);
    }

    #[test]
    fn broken_configurations_are_refused() {
        for bytes in [
            &[][..],
            &[0x05, 0x02],
            &[0x03, 0x02, 0x04, 0x00],
            &[0x01, 0x02],
            &[0x02, 0x02, 0x00],
        ] {
            assert!(
                matches!(from_configuration(bytes), Err(Fault::KeyGarbled { .. })),
                "{bytes:02x?}"
            );
        }
    }
}
