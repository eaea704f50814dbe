//! What is said about people and groups of the tenant: who is left out and why, which group was not meant, what lies in the
//! queue now.

use crate::app::people::{LeftOut, NoGroup, TEXT_CHARS_MAX, Tally};
use crate::domain::fault::Fault;
use crate::domain::job::column::Column;
use crate::domain::job::row::BadRow;
use crate::domain::person::{Group, Person, UserType};
use crate::face::say::news::{count, sentence};
use crate::face::say::{Complaint, ExitCode, clean::clean, fault};

/// Over the held jobs: how many there are, and how many of them, which come first, are for people who may have left.
pub fn held(all: usize, disabled: usize, unknown: usize) -> String {
    let jobs = count(all, "job");
    let whose = match (disabled, unknown) {
        (0, 0) => return format!("{jobs} held:"),
        (_, 0) => "people whose account is disabled (have they left?)".to_owned(),
        (0, _) => "people whom the tenant does not know (have they left, or is a name misspelt?)"
            .to_owned(),
        (disabled, unknown) => format!(
            "people who may have left: {disabled} whose account is disabled, then {unknown} whom the tenant does not know (or is a name misspelt?)"
        ),
    };
    match disabled + unknown {
        first if first == all => format!("{jobs} held for {whose}:"),
        first => format!("{jobs} held, first {first} for {whose}:"),
    }
}

/// Lets people be found and read.
pub const READ_USERS: &str = "User.Read.All";
/// Lets groups and their members be read.
pub const READ_GROUPS: &str = "GroupMember.Read.All";
/// Lets lists of passkeys be read.
pub const READ_KEYS: &str = "UserAuthMethod-Passkey.Read.All";

/// How an account stands, in one word; `-` where the directory does not say.
pub const fn account(person: &Person) -> &'static str {
    match (person.user_type, person.enabled) {
        (UserType::Guest, _) => "guest",
        (UserType::Member | UserType::Unknown, Some(true)) => "enabled",
        (UserType::Member | UserType::Unknown, Some(false)) => "disabled",
        (UserType::Member | UserType::Unknown, None) => "-",
    }
}

/// The key that alone will do is somebody's.
pub fn key_taken(why: &str) -> Complaint {
    Complaint::new(
        ExitCode::Refused,
        sentence(why),
        "Name another key, or none. What is that person's no more is said with `keyline keys return`; their own key is enrolled anew with --replace.",
    )
}

/// Why somebody gets no row.
pub fn left_out(why: &LeftOut) -> String {
    match why {
        LeftOut::Guest => "a guest: Entra enrolls no keys for guests".to_owned(),
        LeftOut::Disabled => "the account is disabled".to_owned(),
        LeftOut::Withheld => format!(
            "no more than the id may be read ({READ_USERS}, or Member.Read.Hidden for hidden members)"
        ),
        LeftOut::HasKey(keys) => format!("has {} already", count(*keys, "security key")),
        LeftOut::Unanswered(why) => {
            format!(
                "whether there is a key is not known: {}",
                fault::message(why)
            )
        }
        LeftOut::Unfit(bad) => objections(bad),
    }
}

/// The same for scripts, in one word.
pub const fn left_out_word(why: &LeftOut) -> &'static str {
    match why {
        LeftOut::Guest => "guest",
        LeftOut::Disabled => "disabled",
        LeftOut::Withheld => "withheld",
        LeftOut::HasKey(_) => "has_key",
        LeftOut::Unanswered(_) => "unanswered",
        LeftOut::Unfit(_) => "unfit",
    }
}

/// How a command ends that left somebody out for this.
pub fn exit(why: &LeftOut) -> ExitCode {
    match why {
        LeftOut::Guest | LeftOut::Disabled | LeftOut::Withheld | LeftOut::HasKey(_) => {
            ExitCode::Done
        }
        LeftOut::Unanswered(fault) => ExitCode::of(fault),
        LeftOut::Unfit(_) => ExitCode::Refused,
    }
}

/// What is wrong with a row, on one line.
fn objections(bad: &[BadRow]) -> String {
    let all: Vec<String> = bad.iter().map(|bad| clean(&bad.message)).collect();
    all.join(" ")
}

/// A text that cannot be looked for.
///
/// # Errors
/// In words.
pub fn searchable(text: &str) -> Result<&str, Complaint> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Complaint::usage(
            "There is nothing to look for in this text.",
            "Give the beginning of a name, or a word of it, without line breaks and control characters.",
        ));
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Complaint::usage(
            format!("The text is longer than {TEXT_CHARS_MAX} characters."),
            "Give a shorter part of the name.",
        ));
    }
    Ok(text)
}

/// No group was meant by `text`.
pub fn no_group(why: NoGroup, text: &str) -> Complaint {
    let text = clean(text);
    match why {
        NoGroup::Unknown { alike } if alike.is_empty() => Complaint::usage(
            format!("The tenant has no group `{text}`."),
            "Give the group's object id or its whole name. `keyline groups find TEXT` looks for it.",
        ),
        NoGroup::Unknown { alike } => Complaint::usage(
            format!(
                "The tenant has no group that is named just `{text}`. These are alike:\n\n{}",
                candidates(&alike)
            ),
            "Give the whole name, or the id in the first column.",
        ),
        NoGroup::Several(groups) => Complaint::usage(
            format!(
                "{} are named `{text}`:\n\n{}",
                count(groups.len(), "group"),
                candidates(&groups)
            ),
            "Give the id in the first column.",
        ),
        NoGroup::Fault(fault) => denied(&fault, READ_GROUPS),
    }
}

fn candidates(groups: &[Group]) -> String {
    let lines: Vec<String> = groups
        .iter()
        .map(|group| {
            let about = group.description.as_deref().unwrap_or_default();
            let line = format!(
                "{}  {}  {}",
                clean(&group.id.0),
                clean(&group.display_name),
                clean(about)
            );
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// A fault of the directory; where a permission is missing, which one.
pub fn denied(fault: &Fault, permission: &str) -> Complaint {
    let mut complaint = Complaint::from(fault);
    if matches!(fault, Fault::Refused { status: 403, .. }) {
        complaint.hint = format!(
            "Give the application the permission {permission} (Entra admin center: App registrations, API permissions, then Grant admin consent), and try again."
        );
    }
    complaint
}

/// What became of a group's members, in sentences. `file` is where the rows lie, `None` after a dry run.
pub fn outcome(tally: &Tally, group: &Group, file: Option<&str>) -> String {
    let name = clean(&group.display_name);
    let members = count(tally.members, "member");
    let mut text = match (tally.rows, file) {
        (0, _) => {
            format!("{name} has {members}, and none of them is to get a key: no file was written.")
        }
        (rows, Some(file)) => format!(
            "Put into the queue: {rows} of {members} of {name}, as {}. `keyline status` tells when the station has taken them.",
            clean(file)
        ),
        (rows, None) => {
            format!("To be put into the queue: {rows} of {members} of {name}. Nothing was written.")
        }
    };
    if tally.unjudged > 0 {
        text.push_str(&format!(
            "\nOf {} the directory does not say whether the account is enabled: the application lacks {READ_USERS}.",
            count(tally.unjudged, "person").replace("persons", "people")
        ));
    }
    text
}

/// One person lies in the queue.
pub fn added(who: &str, file: &str) -> String {
    format!(
        "{} lies in the queue: {}. `keyline status` tells when the station has taken it.",
        clean(who),
        clean(file)
    )
}

/// The person could not be looked up.
pub fn not_looked_up(user: &str, why: &Fault) -> String {
    format!(
        "note: {} could not be looked up, so the row is written as typed. {}",
        clean(user),
        fault::message(why)
    )
}

/// A person who is to get no key.
pub fn refused(who: &str, why: &LeftOut) -> Complaint {
    Complaint::new(
        ExitCode::Refused,
        format!("{} gets no job: {}", clean(who), sentence(&left_out(why))),
        "Nothing was written.",
    )
}

/// Rows that the station would refuse.
pub fn bad_rows(bad: &[BadRow]) -> Complaint {
    let hints: Vec<&str> = bad.iter().map(|bad| bad.hint.as_str()).collect();
    let about = |bad: &BadRow| match bad.column.as_deref() {
        Some(column) if column == Column::User.word() => String::new(),
        Some(column) => format!("{column}: "),
        None => String::new(),
    };
    let all: Vec<String> = bad
        .iter()
        .map(|bad| format!("{}{}", about(bad), clean(&bad.message)))
        .collect();
    Complaint::new(
        ExitCode::Refused,
        all.join("\n"),
        format!("{} Nothing was written.", hints.join(" ")),
    )
}

/// Said where no bar can be seen.
pub fn waiting(seconds: u64) -> String {
    let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
    format!(
        "Entra asks for patience: it goes on in {}.",
        count(seconds, "second")
    )
}
