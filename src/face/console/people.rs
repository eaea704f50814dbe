//! People: who is in the tenant, found by name or by group, and picked. The page is there at once; whatever Entra has to be asked
//! for comes as a part of it afterwards.

mod file;
mod keys;
mod queue;
mod selected;

pub(super) use file::{JOB_FILE_BYTES_MAX, drop_file};
pub(super) use keys::{ask, consequence, list, remove};
pub(super) use queue::{queue, queue_group};
pub(super) use selected::{choose_group, selected};

use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::office::{self, encoded, trouble};
use super::page::{self, Shell};
use super::visit::{Visit, query};
use crate::app::people::{LeftOut, unsuited};
use crate::domain::person::{Group, ObjectId, Person};
use crate::face::say::{Complaint, clean, people as say};
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
    account: &'static str,
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
    people: Vec<Row>,
    groups: Vec<GroupRow>,
    /// Why one of the two lists is missing.
    troubles: Vec<office::Trouble>,
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
        Err(complaint) => return trouble(complaint),
    };
    let mut troubles = Vec::new();
    let mut note = |complaint: Complaint| troubles.push(complaint.into());
    let people = people.unwrap_or_else(|fault| {
        note(say::denied(&fault, say::READ_USERS));
        Vec::new()
    });
    let groups = groups.unwrap_or_else(|fault| {
        note(say::denied(&fault, say::READ_GROUPS));
        Vec::new()
    });
    let shell = Shell::of(&visit);
    page::page(
        StatusCode::OK,
        &Found {
            people: people.iter().map(|person| row(person, &shell)).collect(),
            groups: groups.iter().map(group_row).collect(),
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
            return Err(say::no_group(
                crate::app::people::NoGroup::Unknown { alike: Vec::new() },
                &id,
            ));
        };
        let reader = office.reader(shared.clock.as_ref());
        let group = reader.group(&id.0);
        let group = group.map_err(|why| say::no_group(why, &id.0))?;
        // A bookmark is the directory's address of a page; only one of this very group is followed.
        let from = from.filter(|from| is_of(from, &id)).map(Bookmark);
        let page = reader.page(&id, from.as_ref());
        let page = page.map_err(|fault| say::denied(&fault, say::READ_GROUPS))?;
        Ok((group, page))
    });
    let (group, page) = match asked.await {
        Ok(answer) => answer,
        Err(complaint) => return trouble(complaint),
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
        account: say::account(person),
        unfit: unsuited(person)
            .map(|why| unfit(&why, shell))
            .unwrap_or_default(),
    }
}

/// Why there is no key for somebody.
fn unfit(why: &LeftOut, shell: &Shell) -> String {
    let key = match why {
        LeftOut::Guest => "people.guest",
        LeftOut::Disabled => "people.disabled",
        LeftOut::Withheld => "people.withheld",
        LeftOut::HasKey(_) | LeftOut::Unanswered(_) | LeftOut::Unfit(_) => {
            return say::left_out(why);
        }
    };
    shell.say(key).to_owned()
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
