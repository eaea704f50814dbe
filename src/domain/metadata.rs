//! What the FIDO Metadata Service says of models of keys (Metadata Service 3.0, Metadata Statement 3.0), reduced to what we
//! decide and show. It is about models, never about one unit, and it claims nothing of a model that is not in it.

mod proof;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::AttestationVerdict;
use crate::domain::time::Timestamp;

pub use proof::Proof;

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
    /// To none, or nobody can tell that they are the key's own: a counterfeit, a batch that the metadata does not know, or a
    /// signature that cannot be checked here. The key does not prove its model.
    Foreign(String),
    /// To a root of the model, by a certificate that the metadata calls compromised: the status.
    Compromised(String),
    /// The metadata says nothing that the key could be held against.
    Unclaimed(String),
}

impl Provenance {
    /// The same, when the attestation's own signature was judged so: whoever merely shows a certificate proves nothing by it, be
    /// it that the signature is wrong or that its format is none that is known here, for anybody can copy a certificate and
    /// invent a format. Whoever shows a stranger's is a stranger.
    #[must_use]
    pub fn signed(self, own_check: &AttestationVerdict) -> Self {
        match (self, own_check) {
            (
                Self::Genuine(_),
                AttestationVerdict::Disagrees(why) | AttestationVerdict::CannotJudge(why),
            ) => Self::Foreign(format!(
                "the signature that would show that its certificate is its own cannot be checked: {why}"
            )),
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
mod tests;
