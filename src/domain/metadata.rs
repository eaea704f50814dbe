//! What the FIDO Metadata Service says of models of keys (Metadata Service 3.0, Metadata Statement 3.0), reduced to what we
//! decide and show. It is about models, never about one unit, and it claims nothing of a model that is not in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::AttestationVerdict;
use crate::domain::time::Timestamp;

/// An X.509 certificate, DER. Written as base64, as the metadata writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Certificate(pub Vec<u8>);

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({} bytes)", self.0.len())
    }
}

impl From<Certificate> for String {
    fn from(certificate: Certificate) -> Self {
        STANDARD.encode(certificate.0)
    }
}

impl TryFrom<String> for Certificate {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.as_str().try_into()
    }
}

impl TryFrom<&str> for Certificate {
    type Error = base64::DecodeError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        // Some vendors break the lines of theirs.
        let text: String = text.split_ascii_whitespace().collect();
        STANDARD.decode(text).map(Self)
    }
}

/// One status report (Metadata Service §3.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `AuthenticatorStatus` (§3.1.4), verbatim.
    pub status: String,
    /// `effectiveDate`; a report without one counts at once.
    #[serde(default, with = "day", skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// `authenticatorVersion`: the firmware that the report is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// `certificate`: the batch that the report is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Certificate>,
}

impl Report {
    /// Whether it says that keys of this model are not to be trusted: REVOKED, USER_VERIFICATION_BYPASS, and every compromise
    /// of the vendor's or the user's keys, those included that the standard may name later.
    pub fn is_alarm(&self) -> bool {
        matches!(self.status.as_str(), "REVOKED" | "USER_VERIFICATION_BYPASS")
            || self.status.ends_with("_COMPROMISE")
    }

    fn is_certification(&self) -> bool {
        self.status.starts_with("FIDO_CERTIFIED")
    }

    fn is_in_force(&self, today: Date) -> bool {
        self.since.is_none_or(|since| since <= today)
    }

    /// About one batch, which nobody can tell before the key has shown its certificate.
    fn is_about_a_batch(&self) -> bool {
        self.status == "ATTESTATION_KEY_COMPROMISE" && self.batch.is_some()
    }
}

/// How the keys of a model vouch for a new credential (`attestationTypes`, FIDO Registry §3.6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vouching {
    /// By a certificate of the vendor's alone.
    #[default]
    ByVendor,
    /// By the credential's own key alone, or by that as well.
    BySelf,
}

/// What the metadata says of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub aaguid: Aaguid,
    /// `description`: what the vendor calls the model. Foreign text, at most 200 characters.
    pub name: String,
    /// `authenticatorVersion` of the statement: the earliest firmware that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// As the metadata lists them.
    pub reports: Vec<Report>,
    pub vouching: Vouching,
    /// `attestationRootCertificates`: where the certificates of genuine keys lead, or those certificates themselves.
    pub roots: Vec<Certificate>,
    /// Parts of the entry that could not be read and were left out.
    #[serde(default)]
    pub unreadable: usize,
}

impl Entry {
    /// The report for which this model is not to be trusted; `None` when there is none. An update lifts an alarm that is not a
    /// revocation, for keys whose firmware is known to have it. What is said of a single batch is [`Entry::batch_alarm`]'s.
    pub fn alarm(&self, firmware: Option<u64>, today: Date) -> Option<&Report> {
        self.alarms(today)
            .filter(|report| !report.is_about_a_batch())
            .find(|report| !self.is_mended(report, firmware, today))
    }

    /// The report that calls one of these certificates, which a key has shown, compromised.
    pub fn batch_alarm(&self, shown: &[Certificate], today: Date) -> Option<&Report> {
        self.alarms(today)
            .find(|report| report.batch.as_ref().is_some_and(|it| shown.contains(it)))
    }

    /// The certification in force: of the latest date, and of those the highest level.
    pub fn certification(&self, today: Date) -> Option<&Report> {
        self.reports
            .iter()
            .filter(|report| report.is_certification() && report.is_in_force(today))
            // `_L1` to `_L3plus` stand in the order of the alphabet, behind the status without a level.
            .max_by(|a, b| (a.since, &a.status).cmp(&(b.since, &b.status)))
    }

    fn alarms(&self, today: Date) -> impl Iterator<Item = &Report> {
        self.reports
            .iter()
            .filter(move |report| report.is_alarm() && report.is_in_force(today))
    }

    fn is_mended(&self, alarm: &Report, firmware: Option<u64>, today: Date) -> bool {
        let Some(firmware) = firmware else {
            return false;
        };
        alarm.status != "REVOKED"
            && self.reports.iter().any(|report| {
                report.status == "UPDATE_AVAILABLE"
                    && report.is_in_force(today)
                    && report.since >= alarm.since
                    && report.version.is_some_and(|mended| firmware >= mended)
            })
    }
}

/// Whose signature the metadata carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signer {
    /// The FIDO Alliance.
    Fido,
    /// A practice root: it says nothing about keys that can be bought.
    Practice,
}

/// What the metadata says of itself, and what came of reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// `no`: goes up with every edition.
    pub number: u64,
    /// `nextUpdate`: when the next one is due.
    #[serde(with = "date")]
    pub next_update: Date,
    pub signer: Signer,
    /// SHA-256 of the file as it was signed, lower-case hexadecimal.
    pub sha256: String,
    pub imported: Timestamp,
    /// Models that are in it.
    pub models: usize,
    /// Entries of other protocols (U2F without AAGUID, UAF), which are not for us.
    pub others: usize,
    /// Entries that could not be read.
    pub broken: usize,
    /// Entries whose AAGUID stood there before; their reports count for the first.
    pub repeated: usize,
}

impl Edition {
    /// Whether a newer edition should be there by now. A stale one still counts.
    pub fn is_stale(&self, today: Date) -> bool {
        self.next_update < today
    }
}

/// An edition with its models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    pub edition: Edition,
    pub models: BTreeMap<Aaguid, Arc<Entry>>,
}

/// Where a key's attestation certificates lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "provenance", content = "why")]
pub enum Provenance {
    /// To a root of the model. With a remark where one is called for.
    Genuine(Option<String>),
    /// To none: a counterfeit, or a batch that the metadata does not know.
    Foreign(String),
    /// To a root of the model, by a certificate that the metadata calls compromised: the status.
    Compromised(String),
    /// The metadata says nothing that the key could be held against.
    Unclaimed(String),
}

impl Provenance {
    /// The same, when the attestation's own signature was judged so: whoever merely shows a certificate proves nothing by it,
    /// and whoever shows a stranger's is a stranger.
    #[must_use]
    pub fn signed(self, own_check: &AttestationVerdict) -> Self {
        match (self, own_check) {
            (
                Self::Genuine(_),
                AttestationVerdict::Disagrees(why) | AttestationVerdict::CannotJudge(why),
            ) => Self::Unclaimed(format!("the signature under its certificate: {why}")),
            (
                same @ (Self::Genuine(_)
                | Self::Foreign(_)
                | Self::Compromised(_)
                | Self::Unclaimed(_)),
                _,
            ) => same,
        }
    }
}

/// What the metadata had to say of a key's model when its passkey was made. Evidence for the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vetting {
    /// [`Edition::number`].
    pub edition: u64,
    pub provenance: Provenance,
    /// The status that the policy only warns of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
}

mod day {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(day: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
        match day {
            Some(day) => to.serialize_some(&day.to_string()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Date>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom))
            .transpose()
    }
}

mod date {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(day: &Date, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&day.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-22";

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn report(status: &str, since: &str) -> Report {
        Report {
            status: status.to_owned(),
            since: (!since.is_empty()).then(|| day(since)),
            version: None,
            batch: None,
        }
    }

    fn update(since: &str, version: u64) -> Report {
        Report {
            version: Some(version),
            ..report("UPDATE_AVAILABLE", since)
        }
    }

    fn entry(reports: Vec<Report>) -> Entry {
        Entry {
            aaguid: Aaguid([1; 16]),
            name: "Acme Key".to_owned(),
            version: None,
            reports,
            vouching: Vouching::ByVendor,
            roots: Vec::new(),
            unreadable: 0,
        }
    }

    fn alarm(reports: Vec<Report>, firmware: Option<u64>) -> Option<String> {
        let entry = entry(reports);
        let found = entry.alarm(firmware, day(TODAY));
        found.map(|report| report.status.clone())
    }

    #[test]
    fn what_the_standard_calls_compromised_is_an_alarm_and_nothing_else() {
        for status in [
            "REVOKED",
            "USER_VERIFICATION_BYPASS",
            "ATTESTATION_KEY_COMPROMISE",
            "USER_KEY_REMOTE_COMPROMISE",
            "USER_KEY_PHYSICAL_COMPROMISE",
            "SOME_LATER_COMPROMISE",
        ] {
            let found = alarm(vec![report(status, "2024-01-01")], None);
            assert_eq!(found.as_deref(), Some(status));
        }
        for status in [
            "NOT_FIDO_CERTIFIED",
            "FIDO_CERTIFIED",
            "FIDO_CERTIFIED_L3plus",
            "SELF_ASSERTION_SUBMITTED",
            "UPDATE_AVAILABLE",
            "RETIRED",
        ] {
            assert_eq!(alarm(vec![report(status, "2024-01-01")], None), None);
        }
    }

    #[test]
    fn an_alarm_counts_from_its_day_on_and_at_once_without_one() {
        assert_eq!(alarm(vec![report("REVOKED", "2026-11-23")], None), None);
        assert!(alarm(vec![report("REVOKED", TODAY)], None).is_some());
        assert!(alarm(vec![report("REVOKED", "")], None).is_some());
    }

    #[test]
    fn a_later_certification_does_not_lift_an_alarm_but_an_update_on_the_key_does() {
        let bypass = || report("USER_VERIFICATION_BYPASS", "2024-01-01");
        let certified = report("FIDO_CERTIFIED_L1", "2025-01-01");
        assert!(alarm(vec![bypass(), certified], Some(9)).is_some());
        let mended = |firmware| alarm(vec![bypass(), update("2024-06-01", 7)], firmware);
        assert_eq!(mended(Some(7)), None);
        assert_eq!(mended(Some(8)), None);
        assert!(mended(Some(6)).is_some());
        assert!(mended(None).is_some());
        let before = vec![bypass(), update("2023-06-01", 7)];
        assert!(alarm(before, Some(8)).is_some());
        let not_yet = vec![bypass(), update("2027-01-01", 7)];
        assert!(alarm(not_yet, Some(8)).is_some());
        let revoked = vec![report("REVOKED", "2024-01-01"), update("2024-06-01", 7)];
        assert!(alarm(revoked, Some(8)).is_some());
    }

    #[test]
    fn a_compromised_batch_is_known_by_its_certificate_alone() {
        let bad = Certificate(vec![1, 2, 3]);
        let entry = entry(vec![Report {
            batch: Some(bad.clone()),
            ..report("ATTESTATION_KEY_COMPROMISE", "2024-01-01")
        }]);
        assert_eq!(entry.alarm(None, day(TODAY)), None);
        let good = Certificate(vec![4]);
        let of = |shown: &[Certificate]| entry.batch_alarm(shown, day(TODAY)).is_some();
        assert!(!of(&[]));
        assert!(!of(std::slice::from_ref(&good)));
        assert!(of(&[good, bad]));
    }

    #[test]
    fn the_certification_is_the_latest_one_and_its_highest_level() {
        let certified = |reports| {
            let entry = entry(reports);
            entry
                .certification(day(TODAY))
                .map(|report| report.status.clone())
        };
        assert_eq!(certified(vec![report("NOT_FIDO_CERTIFIED", "")]), None);
        let levels = vec![
            report("FIDO_CERTIFIED_L2", "2022-01-01"),
            report("FIDO_CERTIFIED", "2022-01-01"),
            report("FIDO_CERTIFIED_L1", "2021-01-01"),
            report("FIDO_CERTIFIED_L3", "2030-01-01"),
        ];
        assert_eq!(certified(levels).as_deref(), Some("FIDO_CERTIFIED_L2"));
    }

    #[test]
    fn a_certificate_that_is_merely_shown_proves_nothing_and_a_strangers_stays_a_strangers() {
        let unknown = AttestationVerdict::CannotJudge("COSE algorithm -8".to_owned());
        let foreign = Provenance::Foreign("another maker".to_owned());
        let genuine = Provenance::Genuine(None);
        let agrees = AttestationVerdict::Agrees;
        assert_eq!(genuine.clone().signed(&agrees), genuine);
        assert_eq!(foreign.clone().signed(&agrees), foreign);
        assert_eq!(foreign.clone().signed(&unknown), foreign);
        assert!(matches!(
            genuine.signed(&unknown),
            Provenance::Unclaimed(why) if why.contains("-8")
        ));
    }

    #[test]
    fn an_entry_is_kept_as_it_is() {
        let kept = Entry {
            roots: vec![Certificate(vec![0x30, 0x03])],
            version: Some(5),
            ..entry(vec![report("REVOKED", "2024-01-01"), report("X", "")])
        };
        let text = serde_json::to_string(&kept).expect("it is written");
        assert_eq!(serde_json::from_str::<Entry>(&text).expect("read"), kept);
    }

    #[test]
    fn an_edition_is_stale_after_the_day_of_the_next() {
        let edition = Edition {
            number: 31,
            next_update: day("2023-10-01"),
            signer: Signer::Fido,
            sha256: String::new(),
            imported: Timestamp(0),
            models: 0,
            others: 0,
            broken: 0,
            repeated: 0,
        };
        assert!(!edition.is_stale(day("2023-10-01")));
        assert!(edition.is_stale(day("2023-10-02")));
    }
}
