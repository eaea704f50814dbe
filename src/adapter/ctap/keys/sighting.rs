//! What one scan saw, and what changed since the one before. Pure: looks at nothing itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::authenticator::Attachment;
use crate::port::{KeyEvent, Place};

/// USB bus and device number: the same for every interface of one device, another after each plugging in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UsbAddress {
    pub(super) bus: u8,
    pub(super) device: u8,
}

/// A FIDO HID interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HidKey {
    pub(super) place: Place,
    pub(super) node: PathBuf,
    /// The kernel's name of the HID device. It ends with a number that no other plugging in gets again, where place and node
    /// may well be those of the key before.
    pub(super) instance: String,
    pub(super) vendor_id: u16,
    pub(super) product: String,
    pub(super) usb: Option<UsbAddress>,
}

/// Where a reader is plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    Usb(UsbAddress),
    /// It is no USB device, or its driver does not say.
    Elsewhere,
    /// Another program holds the card: the driver is not asked, or does not answer yet.
    Untold,
}

/// A card on a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) reader: String,
    /// PC/SC counts arrivals and departures per reader: another number is another laying down.
    pub(super) count: u32,
    pub(super) port: Port,
}

impl Card {
    /// Whether this is the card inside `key`. A reader that is not told apart by its address is by its name, which holds the
    /// product's.
    fn is_inside(&self, key: &HidKey) -> bool {
        match self.port {
            Port::Usb(address) => key.usb == Some(address),
            Port::Elsewhere => false,
            Port::Untold => {
                key.usb.is_some() && !key.product.is_empty() && self.reader.contains(&key.product)
            }
        }
    }
}

/// Where a key is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    Hid(HidKey),
    Reader(Card),
}

impl Whereabouts {
    const fn attachment(&self) -> Attachment {
        match self {
            Self::Hid(_) => Attachment::Hid,
            Self::Reader(_) => Attachment::Pcsc,
        }
    }

    /// Whether this is the same plugging in, or laying down. A reader may tell its address only later.
    fn is_still(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Hid(key), Self::Hid(other)) => key == other,
            (Self::Reader(card), Self::Reader(other)) => {
                card.reader == other.reader && card.count == other.count
            }
            (Self::Hid(_), Self::Reader(_)) | (Self::Reader(_), Self::Hid(_)) => false,
        }
    }
}

/// All keys of one scan.
pub(super) type Sighting = BTreeMap<Place, Whereabouts>;

/// Puts both scans together. A card in a reader that is the same USB device as a HID key is that key.
pub(super) fn merge(hid: Vec<HidKey>, cards: &[Card]) -> Sighting {
    let is_hid = |card: &&Card| hid.iter().any(|key| card.is_inside(key));
    let mut sighting: Sighting = cards
        .iter()
        .filter(|card| !is_hid(card))
        .map(|card| {
            (
                Place(format!("reader:{}", card.reader)),
                Whereabouts::Reader(card.clone()),
            )
        })
        .collect();
    sighting.extend(
        hid.into_iter()
            .map(|key| (key.place.clone(), Whereabouts::Hid(key))),
    );
    sighting
}

/// What happened between two scans: departures first, and a key that was exchanged between them both leaves and arrives.
pub(super) fn events(before: &Sighting, now: &Sighting, at_start: bool) -> Vec<KeyEvent> {
    let is_still = |sighting: &Sighting, place: &Place, what: &Whereabouts| {
        sighting
            .get(place)
            .is_some_and(|other| what.is_still(other))
    };
    let left = before
        .iter()
        .filter(|(place, what)| !is_still(now, place, what))
        .map(|(place, _)| KeyEvent::Left {
            place: place.clone(),
        });
    let arrived = now
        .iter()
        .filter(|(place, what)| !is_still(before, place, what))
        .map(|(place, what)| KeyEvent::Arrived {
            place: place.clone(),
            attachment: what.attachment(),
            at_start,
        });
    left.chain(arrived).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hid(place: &str, device: u8) -> HidKey {
        HidKey {
            place: Place(place.to_owned()),
            node: PathBuf::from("/dev/hidraw0"),
            instance: format!("0003:1050:0407.{device:04X}"),
            vendor_id: 0x1050,
            product: "a key".to_owned(),
            usb: Some(UsbAddress { bus: 1, device }),
        }
    }

    fn card(reader: &str, count: u32, device: Option<u8>) -> Card {
        Card {
            reader: reader.to_owned(),
            count,
            port: device.map_or(Port::Elsewhere, |device| {
                Port::Usb(UsbAddress { bus: 1, device })
            }),
        }
    }

    #[track_caller]
    fn check(before: &Sighting, now: &Sighting, expected: &[&str]) {
        let said: Vec<_> = events(before, now, false)
            .into_iter()
            .map(|event| match event {
                KeyEvent::Left { place } => format!("- {}", place.0),
                KeyEvent::Arrived {
                    place, attachment, ..
                } => format!("+ {} {attachment:?}", place.0),
                KeyEvent::Blind { why } => format!("? {why}"),
            })
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn one_key_on_hid_and_ccid_is_one() {
        let both = merge(
            vec![hid("usb:1-2", 7)],
            &[
                card("YubiKey 00 00", 1, Some(7)),
                card("ACME 00 00", 1, Some(9)),
            ],
        );
        check(
            &Sighting::new(),
            &both,
            &["+ reader:ACME 00 00 Pcsc", "+ usb:1-2 Hid"],
        );
        let apart = merge(vec![], &[card("YubiKey 00 00", 1, Some(7))]);
        check(&Sighting::new(), &apart, &["+ reader:YubiKey 00 00 Pcsc"]);
        // Readers without a USB address are never taken for a HID key without one.
        let virtual_hid = HidKey {
            usb: None,
            ..hid("hid:x", 0)
        };
        let both = merge(vec![virtual_hid], &[card("Virtual PCD 00 00", 1, None)]);
        check(
            &Sighting::new(),
            &both,
            &["+ hid:x Hid", "+ reader:Virtual PCD 00 00 Pcsc"],
        );
    }

    #[test]
    fn a_key_whose_card_another_program_holds_is_still_one() {
        let yubikey = HidKey {
            product: "YubiKey OTP+FIDO+CCID".to_owned(),
            ..hid("usb:1-2", 7)
        };
        let held = |reader| Card {
            port: Port::Untold,
            ..card(reader, 1, None)
        };
        let cards = [
            held("Yubico YubiKey OTP+FIDO+CCID 00 00"),
            held("ACME Reader 01 00"),
        ];
        let both = merge(vec![yubikey.clone()], &cards);
        let expected = ["+ reader:ACME Reader 01 00 Pcsc", "+ usb:1-2 Hid"];
        check(&Sighting::new(), &both, &expected);
        // A key without a name is not found in every reader's.
        let nameless = HidKey {
            product: String::new(),
            ..yubikey
        };
        assert_eq!(merge(vec![nameless], &cards).len(), 3);
    }

    #[test]
    fn a_card_whose_reader_tells_its_address_later_is_the_same() {
        let told = |port| {
            let card = Card {
                port,
                ..card("ACME 00 00", 1, None)
            };
            merge(vec![], &[card])
        };
        let usb = Port::Usb(UsbAddress { bus: 1, device: 7 });
        for later in [Port::Elsewhere, usb] {
            check(&told(Port::Untold), &told(later), &[]);
        }
        // Now it is known to be inside the key beside it.
        let both = merge(vec![hid("usb:1-2", 7)], &[card("ACME 00 00", 1, Some(7))]);
        let expected = ["- reader:ACME 00 00", "+ usb:1-2 Hid"];
        check(&told(Port::Untold), &both, &expected);
    }

    #[test]
    fn a_hub_that_starts_anew_lets_every_key_leave_and_come_back() {
        let keys = |from: u8| {
            let hid = vec![hid("usb:1-2.1", from), hid("usb:1-2.2", from + 1)];
            merge(hid, &[card("YubiKey 00 00", 1, Some(from))])
        };
        let expected = [
            "- usb:1-2.1",
            "- usb:1-2.2",
            "+ usb:1-2.1 Hid",
            "+ usb:1-2.2 Hid",
        ];
        // The same ports with new addresses, whether or not a scan fell into the moment when nothing was there.
        check(&keys(7), &keys(20), &expected);
        check(&keys(7), &Sighting::new(), &expected[..2]);
        check(&Sighting::new(), &keys(20), &expected[2..]);
    }

    #[test]
    fn an_exchange_between_two_scans_is_seen() {
        let before = merge(
            vec![hid("usb:1-2", 7), hid("usb:1-3", 8)],
            &[card("ACME 00 00", 1, None)],
        );
        check(&before, &before, &[]);
        // On no USB port, in the same place, with the same node.
        let virtual_hid = |device| HidKey {
            usb: None,
            ..hid("hid:x", device)
        };
        check(
            &merge(vec![virtual_hid(1)], &[]),
            &merge(vec![virtual_hid(2)], &[]),
            &["- hid:x", "+ hid:x Hid"],
        );
        let now = merge(
            vec![hid("usb:1-2", 9), hid("usb:1-3", 8)],
            &[card("ACME 00 00", 3, None)],
        );
        check(
            &before,
            &now,
            &[
                "- reader:ACME 00 00",
                "- usb:1-2",
                "+ reader:ACME 00 00 Pcsc",
                "+ usb:1-2 Hid",
            ],
        );
    }
}
