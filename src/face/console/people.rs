//! People: who is in the tenant, found by name or by group, and picked. The page is there at once; whatever Entra has to be asked
//! for comes as a part of it afterwards.

mod file;
mod keys;
mod passkey;
mod queue;
mod selected;

pub(super) use file::{JOB_FILE_BYTES_MAX, drop_file};
pub(super) use keys::{ask, consequence, list, remove};
pub(super) use queue::{queue, queue_group};
pub(super) use selected::{choose_group, selected};

use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::bench::text::{Sentence, Text};
use super::faults;
use super::office::{self, encoded};
use super::page::{self, Shell};
use super::visit::{Visit, query};
use super::words::Words;
use super::wrong::{self, Told, Trouble, Wrong, trouble};
use crate::app::people::{LeftOut, NoGroup, unsuited};
use crate::domain::person::{Group, ObjectId, Person, UserType};
use crate::face::say::{clean, people as say};
use crate::port::Bookmark;

/// People that are picked one by one; whoever wants more takes a group.
pub(super) const PICKED_MAX: usize = 200;
/// Bytes of a form with so many people in it.
pub(super) const PICKED_BYTES_MAX: usize = 256 * 1024;

/// A person in a list.
pub(super) struct Row {
    /// UPN, or the object id of whoever has none.
    user: String,
    name: String,
    department: String,
    account: String,
    /// Why there is no key for them, in the visitor's language; empty where there may be one.
    unfit: String,
}

struct GroupRow {
    id: String,
    name: String,
    about: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct Start {
    shell: Shell,
    find: String,
    encoded: String,
    group: String,
    picked_max: usize,
}

#[derive(Template)]
#[template(path = "part-found.html")]
struct Found {
    shell: Shell,
    /// `None`: nobody knows whom there is.
    people: Option<Vec<Row>>,
    groups: Option<Vec<GroupRow>>,
    /// Why one of the two lists is missing.
    troubles: Vec<Trouble>,
}

#[derive(Template)]
#[template(path = "part-members.html")]
struct Members {
    shell: Shell,
    group: GroupRow,
    people: Vec<Row>,
    total: String,
    next: Option<String>,
    first: bool,
}

/// `GET /people`: `find` or `group`.
pub(super) async fn start(visit: Visit, uri: Uri) -> Response {
    let find = query(&uri, "find").unwrap_or_default();
    let group = query(&uri, "group").and_then(|id| ObjectId::read(&id));
    page::page(
        StatusCode::OK,
        &Start {
            shell: Shell::of(&visit),
            encoded: encoded(find.trim()),
            find: find.trim().to_owned(),
            group: group.map_or_else(String::new, |id| id.0),
            picked_max: PICKED_MAX,
        },
    )
}

/// `GET /people/found`: `find`. People and groups.
pub(super) async fn found(visit: Visit, uri: Uri) -> Response {
    let text = query(&uri, "find").unwrap_or_default();
    let asked = office::ask(&visit, move |shared, office| {
        let text = say::searchable(&text)?;
        let reader = office.reader(shared.clock.as_ref());
        let people = reader.find_people(text);
        Ok((people, reader.find_groups(text)))
    });
    let (people, groups) = match asked.await {
        Ok(found) => found,
        Err(wrong) => return trouble(&visit, &wrong),
    };
    let mut troubles = Vec::new();
    let mut note = |wrong: &Wrong| {
        let trouble = Trouble::of(wrong, visit.words);
        // A network that is away is away for both.
        if !troubles.contains(&trouble) {
            troubles.push(trouble);
        }
    };
    let people = people
        .map_err(|fault| note(&Wrong::denied(fault, say::READ_USERS)))
        .ok();
    let groups = groups
        .map_err(|fault| note(&Wrong::denied(fault, say::READ_GROUPS)))
        .ok();
    let shell = Shell::of(&visit);
    page::page(
        StatusCode::OK,
        &Found {
            people: people.map(|all| all.iter().map(|person| row(person, &shell)).collect()),
            groups: groups.map(|all| all.iter().map(group_row).collect()),
            troubles,
            shell,
        },
    )
}

/// `GET /people/group`: `id`, `from`. One page of the members.
pub(super) async fn members(visit: Visit, uri: Uri) -> Response {
    let id = query(&uri, "id").unwrap_or_default();
    let from = query(&uri, "from").filter(|from| !from.is_empty());
    let first = from.is_none();
    let asked = office::ask(&visit, move |shared, office| {
        let Some(id) = ObjectId::read(&id) else {
            return Err(no_group(NoGroup::Unknown { alike: Vec::new() }, &id));
        };
        let reader = office.reader(shared.clock.as_ref());
        let group = reader.group(&id.0);
        let group = group.map_err(|why| no_group(why, &id.0))?;
        // A bookmark is the directory's address of a page; only one of this very group is followed.
        let from = from.filter(|from| is_of(from, &id)).map(Bookmark);
        let page = reader.page(&id, from.as_ref());
        let page = page.map_err(|fault| Wrong::denied(fault, say::READ_GROUPS))?;
        Ok((group, page))
    });
    let (group, page) = match asked.await {
        Ok(answer) => answer,
        Err(wrong) => return trouble(&visit, &wrong),
    };
    let shell = Shell::of(&visit);
    let next = page.next.map(|Bookmark(from)| {
        let (id, from) = (encoded(&group.id.0), encoded(&from));
        format!("/people/group?id={id}&from={from}")
    });
    let total = page.total.map_or_else(String::new, |total| {
        visit.words.count("people.members", total)
    });
    page::page(
        StatusCode::OK,
        &Members {
            people: page.people.iter().map(|one| row(one, &shell)).collect(),
            group: group_row(&group),
            total,
            next,
            first,
            shell,
        },
    )
}

/// Whether the path of this address goes through this group.
fn is_of(address: &str, id: &ObjectId) -> bool {
    url::Url::parse(address).is_ok_and(|url| {
        let mut parts = url.path_segments().into_iter().flatten();
        parts.any(|part| part.eq_ignore_ascii_case("groups"))
            && parts
                .next()
                .is_some_and(|part| part.eq_ignore_ascii_case(&id.0))
    })
}

pub(super) fn row(person: &Person, shell: &Shell) -> Row {
    let text = |text: &Option<String>| text.as_deref().map(clean).unwrap_or_default();
    let upn = person.user_principal_name.as_deref();
    Row {
        user: upn.unwrap_or(&person.id.0).to_owned(),
        name: clean(person.label()),
        department: text(&person.department),
        account: shell.say(account(person)).to_owned(),
        unfit: unsuited(person)
            .map(|why| wrong::line(&left_out(&why, shell.words())))
            .unwrap_or_default(),
    }
}

/// How an account stands: the key of its word.
const fn account(person: &Person) -> &'static str {
    match (person.user_type, person.enabled) {
        (UserType::Guest, _) => "people.account_guest",
        (UserType::Member | UserType::Unknown, Some(true)) => "people.account_enabled",
        (UserType::Member | UserType::Unknown, Some(false)) => "people.account_disabled",
        (UserType::Member | UserType::Unknown, None) => "people.account_untold",
    }
}

/// No group was meant; a fault on the way there is told as one.
pub(super) fn no_group(why: NoGroup, text: &str) -> Wrong {
    match why {
        NoGroup::Fault(fault) => Wrong::denied(fault, say::READ_GROUPS),
        NoGroup::Unknown { .. } | NoGroup::Several(_) => say::no_group(why, text).into(),
    }
}

/// Why there is no key for somebody.
pub(super) fn left_out(why: &LeftOut, words: &Words) -> Vec<Told> {
    let ours = |text: Text| vec![Sentence::Ours(text)];
    let said = match why {
        LeftOut::Guest => ours(Text::plain("people.guest")),
        LeftOut::Disabled => ours(Text::plain("people.disabled")),
        LeftOut::Withheld => ours(Text::plain("people.withheld")),
        LeftOut::HasKey(keys) => {
            let keys = u64::try_from(*keys).unwrap_or(u64::MAX);
            ours(Text::count("people.has_key", keys))
        }
        LeftOut::Unanswered(fault) => {
            let mut said = ours(Text::plain("people.unanswered"));
            said.extend(faults::said(fault));
            said
        }
        LeftOut::Unfit(_) => vec![Sentence::Theirs(say::left_out(why))],
    };
    wrong::told(&said, words)
}

fn group_row(group: &Group) -> GroupRow {
    GroupRow {
        id: group.id.0.clone(),
        name: clean(&group.display_name),
        about: group.description.as_deref().map(clean).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_of_another_group_is_not_followed() {
        let id = ObjectId("c0a70500-0000-4000-8000-000000000001".to_owned());
        let page = |path: &str| is_of(&format!("https://graph.microsoft.com/v1.0/{path}"), &id);
        assert!(page(
            "groups/C0A70500-0000-4000-8000-000000000001/transitiveMembers?$skiptoken=x"
        ));
        assert!(!page(
            "groups/c0a70500-0000-4000-8000-000000000002/transitiveMembers"
        ));
        assert!(!page(
            "users?x=groups/c0a70500-0000-4000-8000-000000000001/"
        ));
        assert!(!is_of("nonsense", &id));
    }
}
