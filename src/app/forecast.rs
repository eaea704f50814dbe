//! What a policy would do for one person, said beforehand: to the key, to its PIN, on paper, and to the keys that the person has.
//! Facts alone, found by the same rules by which the station will act; whoever shows them has the words.

use crate::app::Policies;
use crate::app::people::{LeftOut, unsuited};
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{MethodId, RegisteredCredential};
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::person::Person;
use crate::domain::pin::Alphabet;
use crate::domain::policy::{
    Address, AttestationRule, DeleteScope, DisabledUsers, Known, Policy, ResetMode, RevokedModels,
    UsedKeys,
};

/// One thing that will happen, or will be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// There is no job for this person at all.
    NoJob(LeftOut),
    /// The account is disabled: the job waits until it is enabled.
    WaitsForAccount,
    /// The account is disabled, and the key is made all the same.
    MadeThoughDisabled,
    /// Everything on the key is wiped. `blank_spared`: a key without PIN is taken as it is.
    Wiped {
        blank_spared: bool,
    },
    /// Nothing on the key is changed, and its PIN stays.
    Kept,
    /// What becomes of a key that has a PIN already.
    Used(UsedKeys),
    /// Only these models.
    Models(Vec<Aaguid>),
    Revoked(RevokedModels),
    Attestation(AttestationRule),
    PinDrawn {
        length: usize,
        alphabet: Alphabet,
    },
    /// The job file gives it.
    PinGiven,
    PinShown,
    PinMinimum(usize),
    PinChangeForced,
    PinAlwaysAsked,
    /// The passkey's name at Entra is made by this template.
    Named(String),
    Letter {
        language: Language,
        address: Address,
        confirm: Confirm,
    },
    NoLetter,
    Bagged {
        bagging: Bagging,
        gap_days: u32,
    },
    /// Passkeys of the person that go as soon as the new one is in the list, by name.
    DeletedAtOnce(Vec<String>),
    /// Passkeys of the person that go once the person has the new one, by name.
    DeletedAfterHandOver(Vec<String>),
    /// So many passkeys of the person stay.
    Stay(usize),
    /// What is deleted is known only where the list can be read.
    ListUnknown(DeleteScope),
}

/// In which language a letter is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    pub tag: String,
    /// Whether it is the person's own, as the directory has it; otherwise the station's.
    pub own: bool,
}

/// A person, as far as they are known.
pub struct Subject<'a> {
    pub person: &'a Person,
    /// Their passkeys; `None` where the list could not be read.
    pub listed: Option<&'a [RegisteredCredential]>,
    /// Those of them that this station registered and did not replace.
    pub live: Vec<MethodId>,
    /// The languages that letters can be written in.
    pub languages: &'a [String],
}

/// What this policy would do, in the order in which it happens.
pub fn forecast(policies: &Policies, policy: &Policy, subject: &Subject<'_>) -> Vec<Expected> {
    match unsuited(subject.person) {
        Some(LeftOut::Disabled) | None => {}
        Some(why) => return vec![Expected::NoJob(why)],
    }
    let mut expected = Vec::new();
    if subject.person.enabled == Some(false) {
        expected.push(match policy.disabled_users {
            DisabledUsers::Hold => Expected::WaitsForAccount,
            DisabledUsers::Warn => Expected::MadeThoughDisabled,
        });
    }
    of_key(policy, &mut expected);
    of_pin(policy, &mut expected);
    expected.push(Expected::Named(policy.key_name.clone()));
    of_paper(policies, policy, subject, &mut expected);
    of_older(policy, subject, &mut expected);
    expected
}

fn of_key(policy: &Policy, expected: &mut Vec<Expected>) {
    match policy.reset {
        ResetMode::Keep => expected.push(Expected::Kept),
        ResetMode::Random | ResetMode::Specified => {
            expected.push(Expected::Wiped {
                blank_spared: policy.skip_reset_when_blank,
            });
            expected.push(Expected::Used(policy.used_keys));
        }
    }
    if !policy.models.is_empty() {
        expected.push(Expected::Models(policy.models.clone()));
    }
    expected.push(Expected::Revoked(policy.revoked_models));
    expected.push(Expected::Attestation(policy.attestation));
}

fn of_pin(policy: &Policy, expected: &mut Vec<Expected>) {
    match policy.reset {
        ResetMode::Keep => {}
        ResetMode::Random => expected.push(Expected::PinDrawn {
            length: policy.pin.length,
            alphabet: policy.pin.alphabet,
        }),
        ResetMode::Specified => expected.push(Expected::PinGiven),
    }
    if policy.show_pin && policy.reset != ResetMode::Keep {
        expected.push(Expected::PinShown);
    }
    let configuration = policy.configuration();
    expected.extend(configuration.min_pin_length.map(Expected::PinMinimum));
    if configuration.force_pin_change {
        expected.push(Expected::PinChangeForced);
    }
    if configuration.always_uv {
        expected.push(Expected::PinAlwaysAsked);
    }
}

fn of_paper(
    policies: &Policies,
    policy: &Policy,
    subject: &Subject<'_>,
    expected: &mut Vec<Expected>,
) {
    expected.push(if policy.makes_letter() {
        Expected::Letter {
            language: language(policies, subject),
            address: policy.address,
            confirm: policy.confirmation(),
        }
    } else {
        Expected::NoLetter
    });
    match policy.bagging() {
        Bagging::None => {}
        bagging @ (Bagging::Scan | Bagging::Key) => expected.push(Expected::Bagged {
            bagging,
            gap_days: policy.gap_days,
        }),
    }
}

fn language(policies: &Policies, subject: &Subject<'_>) -> Language {
    let own = subject
        .person
        .preferred_language
        .as_deref()
        .unwrap_or_default();
    let own = own
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    if subject.languages.contains(&own) {
        Language {
            tag: own,
            own: true,
        }
    } else {
        Language {
            tag: policies.default_language.clone(),
            own: false,
        }
    }
}

fn of_older(policy: &Policy, subject: &Subject<'_>, expected: &mut Vec<Expected>) {
    let Some(listed) = subject.listed else {
        if policy.deletes_existing() {
            expected.push(Expected::ListUnknown(policy.delete_scope));
        }
        return;
    };
    let known = Known {
        live: subject.live.clone(),
        ..Known::default()
    };
    let older = policy.older(listed, &known);
    let names = |methods: &[MethodId]| -> Vec<String> {
        let meant = listed.iter().filter(|one| methods.contains(&one.method));
        meant.map(|one| one.display_name.clone()).collect()
    };
    let (now, later) = (names(&older.now), names(&older.after_handover));
    let stay = listed
        .len()
        .saturating_sub(now.len())
        .saturating_sub(later.len());
    if !now.is_empty() {
        expected.push(Expected::DeletedAtOnce(now));
    }
    if !later.is_empty() {
        expected.push(Expected::DeletedAfterHandOver(later));
    }
    expected.push(Expected::Stay(stay));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credential::CredentialKind;
    use crate::domain::person::{ObjectId, UserType};
    use crate::domain::policy::{DeleteExisting, Delivery};

    fn person(language: &str) -> Person {
        Person {
            id: ObjectId("c0a70500-0000-4000-8000-000000000001".to_owned()),
            user_principal_name: Some("anna@contoso.com".to_owned()),
            display_name: Some("Anna".to_owned()),
            mail: None,
            department: None,
            employee_id: None,
            preferred_language: Some(language.to_owned()),
            enabled: Some(true),
            user_type: UserType::Member,
        }
    }

    fn key(name: &str) -> RegisteredCredential {
        RegisteredCredential {
            method: MethodId(name.to_owned()),
            may_be: Vec::new(),
            display_name: name.to_owned(),
            aaguid: None,
            model: String::new(),
            created: None,
            kind: CredentialKind::SecurityKey,
            attested: None,
            synced: None,
        }
    }

    fn expected(policy: &Policy, person: &Person) -> Vec<Expected> {
        let policies = Policies {
            default_language: "en".to_owned(),
            ..Policies::default()
        };
        let listed = [key("old"), key("ours")];
        let languages = ["de".to_owned(), "en".to_owned()];
        let subject = Subject {
            person,
            listed: Some(&listed),
            live: vec![MethodId("ours".to_owned())],
            languages: &languages,
        };
        forecast(&policies, policy, &subject)
    }

    #[test]
    fn a_policy_that_wipes_says_so_and_names_what_goes() {
        let policy = Policy {
            delete_existing: DeleteExisting::AfterDelivery,
            min_pin_length: Some(8),
            ..Policy::default()
        };
        let found = expected(&policy, &person("de-AT"));
        for wanted in [
            Expected::Wiped {
                blank_spared: false,
            },
            Expected::PinDrawn {
                length: 8,
                alphabet: Alphabet::Digits,
            },
            Expected::PinMinimum(8),
            Expected::DeletedAfterHandOver(vec!["old".to_owned()]),
            // What this station enrolled and still counts stays.
            Expected::Stay(1),
        ] {
            assert!(found.contains(&wanted), "{wanted:?} in {found:?}");
        }
        let letter = found.iter().find_map(|one| match one {
            Expected::Letter { language, .. } => Some(language.clone()),
            _ => None,
        });
        let own = Language {
            tag: "de".to_owned(),
            own: true,
        };
        assert_eq!(letter, Some(own));
    }

    #[test]
    fn a_policy_that_keeps_changes_nothing_and_says_no_pin() {
        let policy = Policy {
            reset: ResetMode::Keep,
            delivery: Delivery::None,
            ..Policy::default()
        };
        let found = expected(&policy, &person("tlh"));
        assert!(found.contains(&Expected::Kept) && found.contains(&Expected::NoLetter));
        assert!(found.contains(&Expected::Stay(2)), "{found:?}");
        let changes = found.iter().any(|one| {
            matches!(
                one,
                Expected::Wiped { .. } | Expected::PinDrawn { .. } | Expected::Used(_)
            )
        });
        assert!(!changes, "{found:?}");
    }

    #[test]
    fn a_guest_gets_no_job_and_a_disabled_account_waits() {
        let policy = Policy::default();
        let guest = Person {
            user_type: UserType::Guest,
            ..person("de")
        };
        assert_eq!(expected(&policy, &guest), [Expected::NoJob(LeftOut::Guest)]);
        let away = Person {
            enabled: Some(false),
            ..person("de")
        };
        assert_eq!(
            expected(&policy, &away).first(),
            Some(&Expected::WaitsForAccount)
        );
        let warned = Policy {
            disabled_users: DisabledUsers::Warn,
            ..policy
        };
        assert_eq!(
            expected(&warned, &away).first(),
            Some(&Expected::MadeThoughDisabled)
        );
    }
}
