//! What people call a model: a small table of common keys, for letters, names and lists. Nothing is decided by it.

use crate::domain::authenticator::{Aaguid, Attachment};

/// Common models that organisations hand out, by AAGUID, in their vendors' words.
const MODELS: [(&str, &str); 19] = [
    ("cb69481e-8ff7-4039-93ec-0a2729a154a8", "YubiKey 5 Series"),
    ("ee882879-721c-4913-9775-3dfcce97072a", "YubiKey 5 Series"),
    (
        "fa2b99dc-9e39-4257-8f92-4a30d23c4118",
        "YubiKey 5 Series with NFC",
    ),
    (
        "2fc0579f-8113-47ea-b116-bb5a8db9202a",
        "YubiKey 5 Series with NFC",
    ),
    (
        "c5ef55ff-ad9a-4b9f-b580-adebafe026d0",
        "YubiKey 5 Series with Lightning",
    ),
    (
        "73bb0cd4-e502-49b8-9c6f-b59445bf720b",
        "YubiKey 5 FIPS Series",
    ),
    (
        "c1f9a0bc-1dd2-404a-b27f-8e29047a43fd",
        "YubiKey 5 FIPS Series with NFC",
    ),
    ("d8522d9f-575b-4866-88a9-ba99fa02f35b", "YubiKey Bio Series"),
    (
        "149a2021-8ef6-4133-96b8-81f8d5b7f1f5",
        "Security Key by Yubico with NFC",
    ),
    (
        "a4e9fc6d-4cbe-4758-b8ba-37598bb5bbaa",
        "Security Key NFC by Yubico",
    ),
    (
        "0bb43545-fd2c-4185-87dd-feb0b2916ace",
        "Security Key NFC by Yubico",
    ),
    (
        "ee041bce-25e5-4cdb-8f86-897fd6418464",
        "Feitian ePass FIDO2-NFC",
    ),
    (
        "833b721a-ff5f-4d00-bb2e-bdda3ec01e29",
        "Feitian ePass FIDO2",
    ),
    (
        "ab32f0c6-2239-afbb-c470-d2ef4e254db7",
        "TOKEN2 FIDO2 Security Key",
    ),
    (
        "42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3",
        "Google Titan Security Key v2",
    ),
    (
        "c80dbd9a-533f-4a17-b941-1a2f1c7cedff",
        "HID Crescendo C3000",
    ),
    (
        "2d3bec26-15ee-4f5d-88b2-53622490270b",
        "HID Crescendo Key V2",
    ),
    (
        "efb96b10-a9ee-4b6c-a4a9-d32125ccd4a4",
        "Safenet eToken FIDO",
    ),
    (
        "931327dd-c89b-406c-a81e-ed7058ef36c6",
        "Swissbit iShield FIDO2",
    ),
];

/// Unicode characters of a product string that are shown; a device can say anything.
const PRODUCT_LENGTH_MAX: usize = 40;

/// The model's name: from the table, else what the device says of itself. A reader's name says nothing of the card on it.
pub fn name(aaguid: Aaguid, attachment: Attachment, product: &str) -> String {
    let listed = MODELS
        .iter()
        .find(|(known, _)| Aaguid::try_from(*known).is_ok_and(|known| known == aaguid))
        .map(|(_, name)| (*name).to_owned());
    let told = match attachment {
        Attachment::Hid | Attachment::Practice => product.trim(),
        Attachment::Pcsc => "",
    };
    let told: String = told
        .chars()
        .filter(|letter| !letter.is_control())
        .take(PRODUCT_LENGTH_MAX)
        .collect();
    listed.unwrap_or_else(|| {
        if told.is_empty() {
            "FIDO2".to_owned()
        } else {
            told
        }
    })
}

/// What the metadata calls a model, as letters and lists can show it: one line, as long as the table's names get, cut between
/// words. `None` when nothing of it is left, or when it is in a script that not every letter's font has.
pub fn told_by_metadata(description: &str) -> Option<String> {
    const LATIN_LAST: char = '\u{17F}';
    if description
        .chars()
        .any(|c| c.is_control() || c > LATIN_LAST)
    {
        return None;
    }
    let mut name = String::new();
    let mut length = 0_usize;
    for word in description.split_whitespace() {
        let longer = length
            .saturating_add(word.chars().count())
            .saturating_add(usize::from(length > 0));
        if longer > PRODUCT_LENGTH_MAX {
            break;
        }
        if length > 0 {
            name.push(' ');
        }
        name.push_str(word);
        length = longer;
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_an_aaguid_and_stands_once() {
        let mut known: Vec<Aaguid> = MODELS
            .iter()
            .map(|(aaguid, _)| Aaguid::try_from(*aaguid).expect("an AAGUID"))
            .collect();
        known.sort();
        known.dedup();
        assert_eq!(known.len(), MODELS.len());
    }

    #[test]
    fn a_model_is_called_by_the_table_then_by_itself_and_never_by_its_reader() {
        let nfc = Aaguid::try_from(MODELS[3].0).expect("an AAGUID");
        assert_eq!(
            name(nfc, Attachment::Hid, "YubiKey FIDO+CCID"),
            "YubiKey 5 Series with NFC"
        );
        let other = Aaguid([9; 16]);
        assert_eq!(name(other, Attachment::Hid, " Acme\u{7} Key "), "Acme Key");
        assert_eq!(name(other, Attachment::Pcsc, "ACME Reader 00 00"), "FIDO2");
    }

    #[test]
    fn a_name_of_the_metadata_is_one_line_of_latin_letters_cut_between_words() {
        let told = |text| told_by_metadata(text);
        assert_eq!(told(" Clé  Sécurité\tB ").as_deref(), None);
        assert_eq!(told(" Clé  Sécurité B ").as_deref(), Some("Clé Sécurité B"));
        let long = "KeyXentic FIDO2 Secp256R1 FIDO2 CTAP2 Authenticator";
        assert_eq!(
            told(long).as_deref(),
            Some("KeyXentic FIDO2 Secp256R1 FIDO2 CTAP2")
        );
        assert_eq!(told("  "), None);
        assert_eq!(told("鍵"), None);
        assert_eq!(told(&"x".repeat(PRODUCT_LENGTH_MAX + 1)), None);
    }
}
