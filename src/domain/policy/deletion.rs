//! Which of a person's older passkeys go, and when. Whether one of them is somebody's last is not known here.

use serde::{Deserialize, Serialize};

use crate::domain::credential::{CredentialKind, MethodId, RegisteredCredential};
use crate::domain::policy::Policy;

/// Whether the user's older passkeys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteExisting {
    #[default]
    Never,
    /// As soon as the new key is in the list.
    AfterEnrollment,
    /// Once somebody said that the person has the new key and its PIN.
    AfterDelivery,
}

/// Which of them go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteScope {
    #[default]
    SecurityKeys,
    /// Passkeys on phones and synced ones as well.
    AllPasskeys,
}

/// Which of a person's older methods go, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Older {
    /// As soon as the new key is in the list.
    pub now: Vec<MethodId>,
    /// Once the person has the new key.
    pub after_handover: Vec<MethodId>,
}

/// What the ledger knows of a person's methods beside what the list says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Enrolled by this ledger and still counted.
    pub live: Vec<MethodId>,
    /// Wiped with the key that is enrolled now: nobody can use them any more.
    pub dead: Vec<MethodId>,
    /// Of the jobs that this one replaces.
    pub former: Vec<MethodId>,
    /// What an older job of the same person and role left waiting for a hand-over that has not come.
    pub left: Vec<MethodId>,
}

impl Policy {
    /// Whether any of the user's older passkeys go.
    pub fn deletes_existing(&self) -> bool {
        match self.delete_existing {
            DeleteExisting::Never => false,
            DeleteExisting::AfterEnrollment | DeleteExisting::AfterDelivery => true,
        }
    }

    /// Which of the `listed` methods the new key replaces. What is dead goes at once, whatever the policy says; what an older job
    /// left waiting is taken over, so that a letter that never arrives holds nothing up for ever.
    pub fn older(&self, listed: &[RegisteredCredential], known: &Known) -> Older {
        let goes: Vec<&RegisteredCredential> = listed
            .iter()
            .filter(|entry| self.is_about(entry, known))
            .collect();
        let kept = self.kept(&goes, known);
        let mut older = Older::default();
        for entry in listed {
            let method = &entry.method;
            let by_policy = goes.iter().any(|one| one.method == *method);
            if known.dead.contains(method) {
                older.now.push(method.clone());
            } else if by_policy && kept.contains(method) {
                // The newest policy has looked at it and keeps it.
            } else if by_policy && self.delete_existing == DeleteExisting::AfterEnrollment {
                older.now.push(method.clone());
            } else if by_policy || known.left.contains(method) {
                older.after_handover.push(method.clone());
            }
        }
        older
    }

    fn is_about(&self, entry: &RegisteredCredential, known: &Known) -> bool {
        let in_scope = match self.delete_scope {
            DeleteScope::AllPasskeys => true,
            DeleteScope::SecurityKeys => entry.kind == CredentialKind::SecurityKey,
        };
        let spared = known.live.contains(&entry.method) && !known.former.contains(&entry.method);
        self.deletes_existing() && in_scope && !spared && !known.dead.contains(&entry.method)
    }

    /// The newest of those that would go, and those of unknown age. What the job itself replaces is none of them.
    fn kept(&self, goes: &[&RegisteredCredential], known: &Known) -> Vec<MethodId> {
        let newest = usize::try_from(self.keep_newest).unwrap_or(usize::MAX);
        if newest == 0 {
            return Vec::new();
        }
        let (mut dated, mut kept) = (Vec::new(), Vec::new());
        for entry in goes {
            match entry.created {
                _ if known.former.contains(&entry.method) => {}
                Some(created) => dated.push((created, &entry.method)),
                None => kept.push(entry.method.clone()),
            }
        }
        dated.sort_by(|one, other| other.cmp(one));
        kept.extend(
            dated
                .into_iter()
                .take(newest)
                .map(|(_, method)| method.clone()),
        );
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn key(name: &str, created: Option<i64>) -> RegisteredCredential {
        RegisteredCredential {
            method: method(name),
            may_be: Vec::new(),
            display_name: name.to_owned(),
            aaguid: None,
            model: String::new(),
            created: created.map(Timestamp),
            kind: CredentialKind::SecurityKey,
            attested: None,
            synced: None,
        }
    }

    fn method(name: &str) -> MethodId {
        MethodId(name.to_owned())
    }

    fn names(methods: &[MethodId]) -> Vec<&str> {
        methods.iter().map(|method| method.0.as_str()).collect()
    }

    fn policy(delete_existing: DeleteExisting, keep_newest: u32) -> Policy {
        Policy {
            delete_existing,
            keep_newest,
            ..Policy::default()
        }
    }

    fn some() -> Vec<RegisteredCredential> {
        let phone = RegisteredCredential {
            kind: CredentialKind::OtherPasskey,
            ..key("phone", Some(9))
        };
        vec![
            key("b", Some(2)),
            key("undated", None),
            key("c", Some(3)),
            key("a", Some(1)),
            key("ours", Some(4)),
            phone,
        ]
    }

    fn known() -> Known {
        Known {
            live: vec![method("ours")],
            ..Known::default()
        }
    }

    #[test]
    fn the_newest_stay_and_so_does_what_has_no_date() {
        let goes = |keep| {
            let older = policy(DeleteExisting::AfterEnrollment, keep).older(&some(), &known());
            assert!(older.after_handover.is_empty());
            names(&older.now).join(" ")
        };
        assert_eq!(goes(0), "b undated c a");
        assert_eq!(goes(1), "b a");
        assert_eq!(goes(2), "a");
        assert_eq!(goes(3), "");
        assert_eq!(goes(u32::MAX), "");
    }

    #[test]
    fn what_waits_for_the_hand_over_is_told_apart_from_what_is_dead() {
        let known = Known {
            dead: vec![method("b")],
            former: vec![method("ours"), method("b")],
            ..known()
        };
        let older = policy(DeleteExisting::AfterDelivery, 1).older(&some(), &known);
        assert_eq!(names(&older.now), ["b"]);
        // The newest is `c`: what the job replaces is not counted among those that stay.
        assert_eq!(names(&older.after_handover), ["a", "ours"]);
        let never = policy(DeleteExisting::Never, 0).older(&some(), &known);
        assert_eq!(
            (names(&never.now), never.after_handover),
            (vec!["b"], vec![])
        );
    }

    #[test]
    fn what_an_older_job_left_waiting_is_taken_over_unless_this_policy_keeps_it() {
        let known = Known {
            left: vec![method("a"), method("c"), method("phone"), method("gone")],
            ..known()
        };
        let taken = |policy: Policy| names(&policy.older(&some(), &known).after_handover).join(" ");
        assert_eq!(taken(policy(DeleteExisting::Never, 0)), "c a phone");
        assert_eq!(taken(policy(DeleteExisting::AfterDelivery, 1)), "b a phone");
        let older = policy(DeleteExisting::AfterEnrollment, 0).older(&some(), &known);
        assert_eq!(names(&older.now), ["b", "undated", "c", "a"]);
        assert_eq!(names(&older.after_handover), ["phone"]);
    }
}
