//! What the FIDO Metadata Service says of models, in words.

use jiff::civil::Date;

use crate::domain::metadata::{Edition, Provenance, Signer, Vetting};
use crate::face::say::clean::clean;
use crate::face::say::news::count;

/// A status (`AuthenticatorStatus`), for people; one that is not known stays as the metadata has it.
pub fn status(status: &str) -> String {
    match status {
        "REVOKED" => "the FIDO Alliance has revoked it".to_owned(),
        "USER_VERIFICATION_BYPASS" => "its PIN or fingerprint can be bypassed".to_owned(),
        "ATTESTATION_KEY_COMPROMISE" => "its vendor's attestation key is compromised".to_owned(),
        "USER_KEY_REMOTE_COMPROMISE" => "passkeys can be stolen from it over the wire".to_owned(),
        "USER_KEY_PHYSICAL_COMPROMISE" => {
            "passkeys can be stolen from it by whoever has it in hand".to_owned()
        }
        "UPDATE_AVAILABLE" => "there is newer firmware for it".to_owned(),
        "NOT_FIDO_CERTIFIED" => "it is not certified".to_owned(),
        "SELF_ASSERTION_SUBMITTED" => "its vendor alone vouches for it".to_owned(),
        "FIDO_CERTIFIED" => "it is FIDO certified".to_owned(),
        other => match other.strip_prefix("FIDO_CERTIFIED_") {
            Some(level) => format!("it is FIDO certified, {}", clean(level)),
            None => clean(other),
        },
    }
}

/// What was found of a key, behind the verdicts on its attestation.
pub fn vetted(vetting: &Vetting) -> String {
    let provenance = match &vetting.provenance {
        Provenance::Genuine(None) => "of this model".to_owned(),
        Provenance::Genuine(Some(remark)) => format!("of this model, but {}", clean(remark)),
        Provenance::Foreign(why) => format!("not proved to be of this model: {}", clean(why)),
        Provenance::Compromised(status) => format!("of a compromised batch: {}", clean(status)),
        Provenance::Unclaimed(why) => format!("says nothing of it: {}", clean(why)),
    };
    let alarm = vetting.alarm.as_ref().map_or_else(String::new, |status| {
        format!("; taken although {}", self::status(status))
    });
    format!(
        "; by metadata number {} {provenance}{alarm}",
        vetting.edition
    )
}

/// What an edition is, in one line.
pub fn edition(edition: &Edition) -> String {
    let signer = match edition.signer {
        Signer::Fido => "of the FIDO Alliance",
        Signer::Practice => "for practice, which says nothing of keys that can be bought",
    };
    format!(
        "Metadata number {} {signer}: {}, next update {}.",
        edition.number,
        count(edition.models, "model"),
        edition.next_update
    )
}

/// What was not read.
pub fn left_out(edition: &Edition) -> Option<String> {
    let mut parts = Vec::new();
    if edition.others > 0 {
        parts.push(format!("{} of other protocols", edition.others));
    }
    if edition.broken > 0 {
        parts.push(format!("{} that could not be read", edition.broken));
    }
    if edition.repeated > 0 {
        parts.push(format!(
            "{} of models that were there before",
            edition.repeated
        ));
    }
    (!parts.is_empty()).then(|| format!("Entries left out: {}.", parts.join(", ")))
}

/// That a newer edition should be there by now.
pub fn stale(edition: &Edition, today: Date) -> Option<String> {
    edition.is_stale(today).then(|| {
        format!(
            "This metadata is out of date since {}: what was found out about models since then is not in it. `keyline mds update` fetches the new one, `keyline mds import FILE` takes it from a file.",
            edition.next_update
        )
    })
}

/// An import counts, and the ledger does not know of it.
pub fn not_noted(why: &str) -> String {
    format!("Its number is not in the ledger yet; the next start of the station notes it. {why}")
}

/// Nothing is kept, although this number was here before.
pub fn lost(number: u64) -> String {
    format!(
        "Metadata number {number} was here and is gone: no model is known to be revoked or compromised until it is imported again"
    )
}

/// A kept file that does not count, because no practice root is named any more.
pub fn for_practice(file: &str) -> String {
    format!(
        "The metadata in {} is signed for practice, and `[metadata] practice_root` names no root: it does not count, and no model is known to be revoked or compromised. Import the FIDO Alliance's: `keyline mds import FILE`",
        clean(file)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn of_october() -> Edition {
        Edition {
            number: 31,
            next_update: "2023-10-01".parse().expect("a day"),
            signer: Signer::Fido,
            sha256: String::new(),
            imported: Timestamp(0),
            models: 1,
            others: 0,
            broken: 0,
            repeated: 0,
        }
    }

    #[test]
    fn what_does_not_count_any_more_says_what_to_do() {
        assert_eq!(
            for_practice("keyline/models\u{1b}.jsonl"),
            format!(
                "The metadata in {} is signed for practice, and `[metadata] practice_root` names no root: it does not count, and no model is known to be revoked or compromised. Import the FIDO Alliance's: `keyline mds import FILE`",
                clean("keyline/models\u{1b}.jsonl")
            )
        );
        assert!(!for_practice("a\u{1b}b").contains('\u{1b}'));
        assert_eq!(
            lost(31),
            "Metadata number 31 was here and is gone: no model is known to be revoked or compromised until it is imported again"
        );
    }

    #[test]
    fn an_edition_says_whose_it_is_and_what_was_left_out() {
        assert_eq!(
            edition(&of_october()),
            "Metadata number 31 of the FIDO Alliance: 1 model, next update 2023-10-01."
        );
        let practice = Edition {
            signer: Signer::Practice,
            models: 2,
            others: 3,
            broken: 1,
            ..of_october()
        };
        assert_eq!(
            edition(&practice),
            "Metadata number 31 for practice, which says nothing of keys that can be bought: 2 models, next update 2023-10-01."
        );
        assert_eq!(
            left_out(&practice).as_deref(),
            Some("Entries left out: 3 of other protocols, 1 that could not be read.")
        );
        assert_eq!(left_out(&of_october()), None);
    }

    #[test]
    fn age_is_told_from_the_day_after_the_next_update_on() {
        let day = |text: &str| text.parse().expect("a day");
        assert_eq!(stale(&of_october(), day("2023-10-01")), None);
        let told = stale(&of_october(), day("2023-10-02")).expect("a word");
        assert!(told.contains("out of date since 2023-10-01"), "{told}");
    }

    #[test]
    fn every_verdict_on_a_key_has_words_and_foreign_text_is_made_harmless() {
        let told = |provenance, alarm: Option<&str>| {
            vetted(&Vetting {
                edition: 31,
                provenance,
                alarm: alarm.map(str::to_owned),
            })
        };
        let genuine = Provenance::Genuine(Some("its certificate ended on 2024-01-01".to_owned()));
        assert_eq!(
            told(genuine, Some("REVOKED")),
            "; by metadata number 31 of this model, but its certificate ended on 2024-01-01; taken although the FIDO Alliance has revoked it"
        );
        let foreign = Provenance::Foreign("\u{1B}[2J".to_owned());
        assert_eq!(
            told(foreign, None),
            "; by metadata number 31 not proved to be of this model: \u{FFFD}[2J"
        );
        assert_eq!(status("SOME\u{202E}THING"), "SOME\u{FFFD}THING");
        assert_eq!(
            status("FIDO_CERTIFIED_L3plus"),
            "it is FIDO certified, L3plus"
        );
    }
}
