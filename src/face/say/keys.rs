//! Words about a person's passkeys at Entra, and about deleting some of them.

use crate::app::keys::{CutOff, Enrolled, Gone, PersonsKey, Unclear};
use crate::domain::authenticator::Attachment;
use crate::domain::credential::CredentialKind;
use crate::domain::job::row::USER_CHARS_MAX;
use crate::domain::model;
use crate::face::say::clean::clean;
use crate::face::say::news::count;
use crate::face::say::{Complaint, ExitCode, fault};
use crate::port::OpenRemoval;

/// Whom `user` names, as it was typed.
///
/// # Errors
/// In words, for what can be the name of nobody.
pub fn person(user: &str) -> Result<&str, Complaint> {
    let user = user.trim();
    let hint = "Give the user principal name, such as anna.lang@contoso.com, or the object id. `keyline users find TEXT` looks for it.";
    let what = if user.is_empty() {
        "USER is empty.".to_owned()
    } else if user.chars().any(char::is_control) {
        format!("USER, `{}`, has control characters in it.", clean(user))
    } else if user == "." || user == ".." {
        format!("USER is `{user}`, which names nobody.")
    } else if user.chars().count() > USER_CHARS_MAX {
        format!("USER is longer than {USER_CHARS_MAX} characters.")
    } else {
        return Ok(user);
    };
    Err(Complaint::usage(what, hint))
}

/// What a passkey is called: its name at Entra, which may be empty.
pub fn name(key: &PersonsKey) -> String {
    match key.credential.display_name.trim() {
        "" => "(without a name)".to_owned(),
        name => clean(name),
    }
}

/// Its model, in Entra's words or in those of the table.
pub fn model(key: &PersonsKey) -> String {
    match (key.credential.model.trim(), key.credential.aaguid) {
        ("", Some(aaguid)) => model::name(aaguid, Attachment::Pcsc, ""),
        ("", None) => "(not told)".to_owned(),
        (told, _) => clean(told),
    }
}

/// Whether its model was proved.
pub const fn attested(key: &PersonsKey) -> &'static str {
    match key.credential.attested {
        Some(true) => "yes",
        Some(false) => "no",
        None => "Entra does not tell",
    }
}

/// Where it lives.
pub const fn kind(key: &PersonsKey) -> &'static str {
    match (key.credential.kind, key.credential.synced) {
        (CredentialKind::SecurityKey, Some(false)) => "security key, bound to this one device",
        (CredentialKind::SecurityKey, Some(true) | None) => "security key",
        (CredentialKind::OtherPasskey, Some(true)) => "synced passkey: copies are on other devices",
        (CredentialKind::OtherPasskey, Some(false) | None) => {
            "passkey in a phone or computer, bound to that device"
        }
    }
}

/// What this station has to do with it.
pub fn enrolled(enrolled: Option<&Enrolled>) -> String {
    let Some(enrolled) = enrolled else {
        return "not here".to_owned();
    };
    let serial = enrolled
        .serial
        .as_deref()
        .map_or_else(String::new, |serial| format!(", serial {}", clean(serial)));
    let standing = if enrolled.given_up {
        "given up".to_owned()
    } else {
        enrolled.standing.to_string()
    };
    format!(
        "here: envelope {}, batch {}{serial}, job {} {standing}",
        enrolled.envelope,
        clean(&enrolled.batch.0),
        enrolled.job
    )
}

/// What is lost, in a line.
pub fn lost(key: &PersonsKey, added: Option<&str>) -> String {
    let added = added.map_or_else(String::new, |at| format!(", added {at}"));
    let here = key.enrolled.as_ref().map_or_else(String::new, |one| {
        format!(", enrolled {}", enrolled(Some(one)))
    });
    format!("{}: {}{added}{here}", name(key), model(key))
}

/// Before the question; `agreed`: nobody is asked.
pub fn about_to_go(user: &str, many: usize, agreed: bool) -> String {
    let goes = match (agreed, many) {
        (false, _) => "would be",
        (true, 1) => "is",
        (true, _) => "are",
    };
    format!(
        "{} of {} {goes} deleted at Entra for good:",
        count(many, "passkey"),
        clean(user)
    )
}

/// Nothing is left after it.
pub fn last_one(user: &str) -> String {
    format!(
        "warning: {} has no other passkey. Whether there is another way to sign in, keyline does not see: without one the person is locked out until somebody gives them a Temporary Access Pass.",
        clean(user)
    )
}

/// Asked of whoever sits at the terminal.
pub const QUESTION: &str = "A deleted passkey cannot be brought back.";

/// A text that is no passkey, or not one alone.
pub fn unclear(why: &Unclear, user: &str) -> Complaint {
    let (text, user) = (clean(&why.text), clean(user));
    if why.fits.is_empty() {
        return Complaint::usage(
            format!("{user} has no passkey `{text}` at Entra. Nothing was deleted."),
            format!("`keyline keys list {user}` shows what there is."),
        );
    }
    let ids: Vec<String> = why
        .fits
        .iter()
        .map(|id| format!("  {}", clean(id)))
        .collect();
    Complaint::usage(
        format!(
            "`{text}` fits {} of {user}. Nothing was deleted.",
            count(why.fits.len(), "passkey")
        ),
        format!("Give the id of the one that is meant:\n{}", ids.join("\n")),
    )
}

/// A job counts on it.
pub fn of_open_job(key: &PersonsKey) -> Complaint {
    let job = key.enrolled.as_ref();
    let number = job.map_or_else(String::new, |one| one.job.to_string());
    Complaint::new(
        ExitCode::Refused,
        format!(
            "{} was enrolled {}, and that job counts on it. Nothing was deleted.",
            name(key),
            enrolled(job)
        ),
        format!(
            "End the job first (keyline jobs cancel {number}), or add --of-open-jobs if the passkey shall go all the same."
        ),
    )
}

/// What came of one.
pub fn came(key: &PersonsKey, gone: &Gone) -> String {
    let name = name(key);
    match gone {
        Gone::Deleted => format!("{name}: deleted"),
        Gone::WasGone => format!("{name}: was not there any more"),
        Gone::Failed(why) if why.leaves_doubt() => format!(
            "{name}: nobody knows whether it is deleted: {}",
            fault::message(why)
        ),
        Gone::Failed(why) => format!("{name}: not deleted: {}", fault::message(why)),
        Gone::Untried => format!("{name}: not deleted: it was not tried any more"),
    }
}

/// How a removal ends: with the worst of what came.
pub fn exit(all: &[Gone]) -> ExitCode {
    let of = |gone: &Gone| match gone {
        Gone::Deleted | Gone::WasGone | Gone::Untried => ExitCode::Done,
        Gone::Failed(why) => ExitCode::of(why),
    };
    all.iter()
        .map(of)
        .max_by_key(|exit| exit.number())
        .unwrap_or_default()
}

/// What is to be done about those that are left.
pub fn hint(all: &[Gone]) -> Option<String> {
    all.iter().find_map(|gone| match gone {
        Gone::Failed(why) => Some(fault::hint_to_command(why)),
        Gone::Deleted | Gone::WasGone | Gone::Untried => None,
    })
}

/// A removal of this person that was cut off, with what the list shows.
pub fn cut_off(earlier: &CutOff, at: &str) -> String {
    let now = if earlier.still_there {
        "it is still there"
    } else {
        "it is not there any more"
    };
    format!("{}; {now}.", begun(&earlier.open, at))
}

/// A removal of which nobody knows what came of it.
pub fn open(earlier: &OpenRemoval, at: &str) -> String {
    format!(
        "{}; `keyline keys list {}` shows what came of it.",
        begun(earlier, at),
        clean(&earlier.removal.user)
    )
}

fn begun(earlier: &OpenRemoval, at: &str) -> String {
    format!(
        "the deletion of the passkey `{}` of {}, begun by {} at {at}, was cut off",
        clean(&earlier.removal.name),
        clean(&earlier.removal.user),
        clean(&earlier.actor)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_the_name_of_nobody_is_refused_in_words() {
        let guest = "anna_fabrikam.com#EXT#@contoso.com";
        assert_eq!(person(&format!(" {guest} ")).ok(), Some(guest));
        let long = "a".repeat(USER_CHARS_MAX + 1);
        for user in ["", " ", ".", "..", "a\x1b]0;x\x07b", long.as_str()] {
            let refusal = person(user).expect_err("nobody");
            assert_eq!(refusal.exit, ExitCode::Usage, "{user:?}");
            let said = format!("{refusal:?}");
            assert!(said.contains("USER"), "{said}");
            assert!(!refusal.message.contains('\x1b'), "{said}");
        }
    }
}
