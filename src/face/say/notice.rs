//! What the bench should know of people and of the tenant before keys are wiped, and what stops nobody.

use crate::app::eligibility::{Notice, PASSKEYS_BELIEVED_MAX, Subject};
use crate::domain::fault::Fault;
use crate::face::say::clean::clean;
use crate::face::say::fault;
use crate::face::say::news::count;

/// One line, in words.
pub(super) fn line(notice: &Notice) -> String {
    match notice {
        Notice::Unreadable { subject, fault } => unreadable(*subject, fault),
        Notice::EnabledUntold => {
            "The directory does not tell whether accounts are enabled, so keys are made for disabled ones as well. With the permission `User.Read.All` it usually tells. Work goes on."
                .to_owned()
        }
        Notice::Disabled { person } => format!(
            "The account of {} is disabled. The key is made all the same, as the policy says.",
            clean(person)
        ),
        Notice::ManyPasskeys { person, passkeys } => format!(
            "{} has {} at Entra already. Entra's limit is believed to be {PASSKEYS_BELIEVED_MAX}, so it may refuse the new one; old ones can be deleted before that.",
            clean(person),
            count(*passkeys, "passkey")
        ),
    }
}

/// How many jobs are held for accounts that are disabled, and that somebody looks after them.
pub(super) fn disabled(jobs: usize) -> String {
    format!(
        "{} held because the account is disabled. The station looks again every ten minutes. Who has left for good: `keyline jobs cancel JOB`.",
        if jobs == 1 {
            "1 job is".to_owned()
        } else {
            format!("{jobs} jobs are")
        }
    )
}

fn unreadable(subject: Subject, why: &Fault) -> String {
    let (what, permission) = match subject {
        Subject::People => (
            "whose account is disabled or a guest's",
            "User.ReadBasic.All` or, better, `User.Read.All",
        ),
        Subject::Groups => (
            "whom the tenant's passkey policy leaves out",
            "GroupMember.Read.All",
        ),
        Subject::PasskeyPolicy => (
            "which models the tenant's passkey policy refuses",
            "Policy.Read.All",
        ),
    };
    format!(
        "It is not seen beforehand {what}: without the permission `{permission}` Entra does not tell. Work goes on. {}",
        fault::message(why)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied() -> Fault {
        Fault::Refused {
            status: 403,
            code: "Authorization_RequestDenied".to_owned(),
            message: "Insufficient privileges to complete the operation.".to_owned(),
            request_id: "r-1".to_owned(),
        }
    }

    #[test]
    fn what_a_tenant_keeps_to_itself_is_told_with_the_permission_and_entras_words() {
        for (subject, text) in [
            (
                Subject::People,
                "It is not seen beforehand whose account is disabled or a guest's: without the permission `User.ReadBasic.All` or, better, `User.Read.All` Entra does not tell. Work goes on. Entra refused with 403 Authorization_RequestDenied: Insufficient privileges to complete the operation. The request was r-1.",
            ),
            (
                Subject::Groups,
                "It is not seen beforehand whom the tenant's passkey policy leaves out: without the permission `GroupMember.Read.All` Entra does not tell. Work goes on. Entra refused with 403 Authorization_RequestDenied: Insufficient privileges to complete the operation. The request was r-1.",
            ),
            (
                Subject::PasskeyPolicy,
                "It is not seen beforehand which models the tenant's passkey policy refuses: without the permission `Policy.Read.All` Entra does not tell. Work goes on. Entra refused with 403 Authorization_RequestDenied: Insufficient privileges to complete the operation. The request was r-1.",
            ),
        ] {
            let fault = denied();
            assert_eq!(line(&Notice::Unreadable { subject, fault }), text);
        }
    }

    #[test]
    fn people_are_named_and_cannot_paint_the_terminal() {
        let person = "Anna\u{1b}[2J Lang".to_owned();
        let (few, many) = (1, 12);
        for (notice, text) in [
            (
                Notice::Disabled {
                    person: person.clone(),
                },
                "The account of Anna\u{FFFD}[2J Lang is disabled. The key is made all the same, as the policy says.",
            ),
            (
                Notice::ManyPasskeys {
                    person,
                    passkeys: many,
                },
                "Anna\u{FFFD}[2J Lang has 12 passkeys at Entra already. Entra's limit is believed to be 10, so it may refuse the new one; old ones can be deleted before that.",
            ),
        ] {
            assert_eq!(line(&notice), text);
        }
        assert!(disabled(few).starts_with("1 job is held because"));
        assert!(disabled(many).starts_with("12 jobs are held because"));
    }
}
