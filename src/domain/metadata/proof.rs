//! Whether keys of a model prove themselves in a way that Entra takes where a passkey profile enforces attestation, as far as the
//! metadata tells. It decides nothing: the tenant's policy does.
//!
//! # Why
//! Entra takes what the FIDO Metadata Service lists as certified at any level, and reads that once in a month. So a model that our
//! edition has is known, or soon will be; one that is missing from an edition of this month is not. An edition that is out of
//! date, or that was made for practice, says nothing of what it lacks.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Entry, Shelf, Signer, Vouching};
use crate::domain::authenticator::Aaguid;
use crate::domain::passkey_policy::{Candidate, PasskeyPolicy, PolicyVerdict};
use crate::domain::person::ObjectId;

/// Whether a model proves itself where attestation is enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its keys lead to roots that Entra has.
    Known,
    /// It does not, with the reason in words.
    Missing(String),
    /// Nothing here tells, with the reason in words.
    Untold(String),
}

impl Proof {
    /// What `shelf` tells of a model, or what there is to say where there is none.
    pub fn of(shelf: Option<&Shelf>, aaguid: Aaguid, today: Date) -> Self {
        shelf.map_or_else(
            || Self::Untold("no metadata was imported: `keyline mds update`".to_owned()),
            |shelf| shelf.proof(aaguid, today),
        )
    }

    /// What `policy` says to a key of this model, with the reason where it is the missing proof.
    pub fn verdict(
        &self,
        policy: &PasskeyPolicy,
        aaguid: Aaguid,
        groups: Option<&BTreeSet<ObjectId>>,
    ) -> PolicyVerdict {
        let with = |attested| policy.verdict(Candidate { aaguid, attested }, groups);
        let (attested, why) = match self {
            Self::Known => return with(Some(true)),
            Self::Missing(why) => (Some(false), why),
            Self::Untold(why) => (None, why),
        };
        let verdict = with(attested);
        // What a proven model would meet as well has nothing to do with the proof.
        if verdict == with(Some(true)) {
            return verdict;
        }
        match verdict {
            PolicyVerdict::Allowed => PolicyVerdict::Allowed,
            PolicyVerdict::Refused(said) => PolicyVerdict::Refused(format!("{said} ({why})")),
            PolicyVerdict::Unclear(said) => PolicyVerdict::Unclear(format!("{said} ({why})")),
        }
    }
}

impl Shelf {
    /// Whether the keys of a model prove themselves by what this edition says of it.
    pub fn proof(&self, aaguid: Aaguid, today: Date) -> Proof {
        let edition = &self.edition;
        let number = edition.number;
        let Some(entry) = self.models.get(&aaguid) else {
            return match edition.signer {
                Signer::Practice => Proof::Untold(format!(
                    "metadata {number} is for practice, and does not list it"
                )),
                Signer::Fido if edition.is_stale(today) => Proof::Untold(format!(
                    "metadata {number} does not list it, and is out of date: `keyline mds update`"
                )),
                Signer::Fido => Proof::Missing(format!(
                    "metadata {number} of the FIDO Alliance does not list it"
                )),
            };
        };
        match entry.unproven(edition.signer, today) {
            Some(why) => Proof::Missing(format!("metadata {number} {why}")),
            None => Proof::Known,
        }
    }
}

impl Entry {
    /// Why its keys do not prove themselves.
    fn unproven(&self, signer: Signer, today: Date) -> Option<&'static str> {
        if self.alarms(today).any(|report| report.status == "REVOKED") {
            return Some("calls it revoked");
        }
        // What is made for practice is certified by nobody.
        if signer == Signer::Fido && self.certification(today).is_none() {
            return Some("certifies it at no level");
        }
        let vouches_for_itself = self.vouching == Vouching::BySelf && self.roots.is_empty();
        vouches_for_itself.then_some("has no root for it: its keys vouch for themselves")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metadata::{Certificate, Edition, Report};
    use crate::domain::passkey_policy::{Audience, PasskeyProfile, Target};
    use crate::domain::time::Timestamp;

    const OURS: Aaguid = Aaguid([7; 16]);

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn shelf(signer: Signer, reports: &[&str], vouching: Vouching, roots: usize) -> Shelf {
        let report = |status: &&str| Report {
            status: (*status).to_owned(),
            since: None,
            version: None,
            batch: None,
        };
        let entry = Entry {
            aaguid: OURS,
            name: "Acme Key".to_owned(),
            version: None,
            reports: reports.iter().map(report).collect(),
            vouching,
            roots: vec![Certificate(vec![1]); roots],
            unreadable: 0,
        };
        Shelf {
            edition: Edition {
                number: 31,
                next_update: day("2026-12-01"),
                signer,
                sha256: String::new(),
                imported: Timestamp(0),
                models: 1,
                others: 0,
                broken: 0,
                repeated: 0,
            },
            models: [(OURS, entry.into())].into(),
        }
    }

    fn word(proof: &Proof) -> String {
        match proof {
            Proof::Known => "known".to_owned(),
            Proof::Missing(why) => format!("missing: {why}"),
            Proof::Untold(why) => format!("untold: {why}"),
        }
    }

    #[test]
    fn a_model_is_known_when_it_is_certified_and_leads_to_a_root() {
        let today = day("2026-11-22");
        for (reports, vouching, roots, expected) in [
            (&["FIDO_CERTIFIED_L1"][..], Vouching::ByVendor, 1, "known"),
            (&["FIDO_CERTIFIED"], Vouching::BySelf, 1, "known"),
            (
                &["FIDO_CERTIFIED"],
                Vouching::BySelf,
                0,
                "missing: metadata 31 has no root",
            ),
            (
                &["NOT_FIDO_CERTIFIED"],
                Vouching::ByVendor,
                1,
                "missing: metadata 31 certifies it at no level",
            ),
            (
                &["FIDO_CERTIFIED_L2", "REVOKED"],
                Vouching::ByVendor,
                1,
                "missing: metadata 31 calls it revoked",
            ),
            // What Entra makes of it nobody says.
            (
                &["FIDO_CERTIFIED_L2", "USER_VERIFICATION_BYPASS"],
                Vouching::ByVendor,
                1,
                "known",
            ),
        ] {
            let said = word(&shelf(Signer::Fido, reports, vouching, roots).proof(OURS, today));
            assert!(said.starts_with(expected), "{reports:?}: {said}");
        }
    }

    #[test]
    fn only_an_edition_of_this_month_says_something_of_what_it_lacks() {
        let other = Aaguid([8; 16]);
        for (signer, today, expected) in [
            (Signer::Fido, "2026-12-01", "missing: metadata 31 of the"),
            (Signer::Fido, "2026-12-02", "untold: metadata 31 does not"),
            (Signer::Practice, "2026-11-22", "untold: metadata 31 is for"),
        ] {
            let shelf = shelf(signer, &["FIDO_CERTIFIED"], Vouching::ByVendor, 1);
            let said = word(&Proof::of(Some(&shelf), other, day(today)));
            assert!(said.starts_with(expected), "{signer:?} {today}: {said}");
        }
        let said = word(&Proof::of(None, other, day("2026-11-22")));
        assert!(said.starts_with("untold: no metadata"), "{said}");
    }

    #[test]
    fn a_model_for_practice_needs_no_certification_and_may_be_revoked() {
        for (reports, expected) in [(&[][..], "known"), (&["REVOKED"], "missing: metadata 31")] {
            let shelf = shelf(Signer::Practice, reports, Vouching::ByVendor, 1);
            let said = word(&shelf.proof(OURS, day("2026-11-22")));
            assert!(said.starts_with(expected), "{reports:?}: {said}");
        }
    }

    #[test]
    fn the_reason_is_told_where_it_decides_and_nowhere_else() {
        let policy = |enforced, device_bound| PasskeyPolicy {
            enabled: true,
            self_service: true,
            profiles: vec![PasskeyProfile {
                id: "p".to_owned(),
                name: "Keys".to_owned(),
                device_bound,
                attestation_enforced: enforced,
                ..PasskeyProfile::default()
            }],
            default_profile: Some("p".to_owned()),
            include: vec![Target {
                audience: Audience::AllUsers,
                profiles: Vec::new(),
            }],
            exclude: Vec::new(),
        };
        let missing = Proof::Missing("it is not there".to_owned());
        let untold = Proof::Untold("nobody knows".to_owned());
        let refused = |said: &str| PolicyVerdict::Refused(said.to_owned());
        for (proof, enforced, device_bound, expected) in [
            (&Proof::Known, true, true, PolicyVerdict::Allowed),
            (&missing, false, true, PolicyVerdict::Allowed),
            (&untold, false, true, PolicyVerdict::Allowed),
            (
                &missing,
                true,
                true,
                refused("the passkey profile Keys enforces attestation, and this model has none that Entra knows (it is not there)"),
            ),
            (
                &missing,
                true,
                false,
                refused("the passkey profile Keys takes no device-bound passkeys"),
            ),
            (
                &untold,
                true,
                true,
                PolicyVerdict::Unclear("the passkey profile Keys enforces attestation, and it is not known here whether Entra knows this model (nobody knows)".to_owned()),
            ),
        ] {
            let said = proof.verdict(&policy(enforced, device_bound), OURS, None);
            assert_eq!(said, expected);
        }
    }
}
