//! `groups` and who is in them. One page at a time: whoever asks decides what is kept.

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

use crate::domain::fault::Fault;
use crate::domain::person::{Group, ObjectId, Person};
use crate::port::{Bookmark, Page};

use super::super::transport::Call;
use super::super::{Entra, next_page};
use super::query::{Listed, OF_PERSON, User, address, advanced, in_filter, in_search, read};

/// Graph would give 999; so many of the longest names stay far below what one answer may have.
const MEMBERS_PER_PAGE: &str = "500";
const GROUPS_PER_PAGE: &str = "999";
/// Pages of one person's groups; this ends a service that pages in a circle.
const GROUP_PAGES_MAX: usize = 100;
const OF_GROUP: &str = "id,displayName,description";
const SUBJECT: &str = "groups";
const MEMBERS: &str = "transitiveMembers";
const GROUPS_OF: &str = "transitiveMemberOf";

/// A group as Graph writes one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    id: String,
    display_name: Option<String>,
    description: Option<String>,
}

impl From<Known> for Group {
    fn from(group: Known) -> Self {
        Self {
            id: ObjectId(group.id),
            display_name: group.display_name.unwrap_or_default(),
            description: group.description.filter(|text| !text.trim().is_empty()),
        }
    }
}

/// Those that begin so in the order of their names, so that the one that is named exactly so is among them; then those that
/// have it as a word.
pub(super) fn find(entra: &Entra, text: &str, limit: usize) -> Result<Vec<Group>, Fault> {
    let begins = format!("startswith(displayName,'{}')", in_filter(text));
    let has = format!("\"displayName:{}\"", in_search(text));
    let top = limit.to_string();
    let questions: [&[(&str, &str)]; 2] = [
        &[("$filter", &begins), ("$orderby", "displayName")],
        &[("$search", &has)],
    ];
    let mut found: Vec<Group> = Vec::new();
    for question in questions {
        let common = [("$select", OF_GROUP), ("$count", "true"), ("$top", &*top)];
        let url = address(entra, &["groups"], &[question, &common].concat())?;
        let answer = entra
            .send(&advanced("find_groups", url))?
            .accepted_thing()?;
        for known in read::<Listed<Known>>(&answer.body, SUBJECT)?.value {
            let group = Group::from(known);
            if found.iter().all(|other| other.id != group.id) {
                found.push(group);
            }
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// GET groups/{id}.
pub(super) fn group(entra: &Entra, id: &ObjectId) -> Result<Group, Fault> {
    let url = address(entra, &["groups", &id.0], &[("$select", OF_GROUP)])?;
    let answer = entra.send(&Call::get("group", url))?.accepted_thing()?;
    read::<Known>(&answer.body, SUBJECT).map(Group::from)
}

/// The cast to users is an advanced query: without the count and the header it is a 400.
pub(super) fn members(
    entra: &Entra,
    group: &ObjectId,
    from: Option<&Bookmark>,
) -> Result<Page, Fault> {
    let url = match from {
        Some(Bookmark(link)) => next_page(&entra.config.graph, link, MEMBERS)?,
        None => address(
            entra,
            &["groups", &group.0, MEMBERS, "microsoft.graph.user"],
            &[
                ("$count", "true"),
                ("$select", OF_PERSON),
                ("$top", MEMBERS_PER_PAGE),
            ],
        )?,
    };
    let answer = entra
        .send(&advanced("members", url.clone()))?
        .accepted_thing()?;
    let page = answer.read(|body| read::<Listed<User>>(body, MEMBERS))?;
    Ok(Page {
        people: page.value.into_iter().map(Person::from).collect(),
        total: page.count,
        next: answer
            .owns(checked(entra, page.next, &url, MEMBERS))?
            .map(|next| Bookmark(next.into())),
    })
}

/// The groups of `user`, over all pages.
pub(super) fn of(entra: &Entra, user: &str) -> Result<BTreeSet<ObjectId>, Fault> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let mut url = address(
        entra,
        &["users", user, GROUPS_OF, "microsoft.graph.group"],
        &[
            ("$count", "true"),
            ("$select", "id"),
            ("$top", GROUPS_PER_PAGE),
        ],
    )?;
    let mut groups = BTreeSet::new();
    for _ in 0..GROUP_PAGES_MAX {
        let answer = entra
            .send(&advanced("groups_of", url.clone()))?
            .accepted()?;
        let page = answer.read(|body| read::<Listed<Id>>(body, GROUPS_OF))?;
        groups.extend(page.value.into_iter().map(|group| ObjectId(group.id)));
        match answer.owns(checked(entra, page.next, &url, GROUPS_OF))? {
            Some(next) => url = next,
            None => return Ok(groups),
        }
    }
    Err(Fault::AnswerUnusable {
        what: format!("{GROUPS_OF}: the list has more than {GROUP_PAGES_MAX} pages"),
        request_id: String::new(),
    })
}

/// Where the next page lies; refused here already, so that nobody keeps a bookmark that leads elsewhere.
fn checked(
    entra: &Entra,
    next: Option<String>,
    here: &Url,
    subject: &str,
) -> Result<Option<Url>, Fault> {
    let Some(link) = next.filter(|link| !link.is_empty()) else {
        return Ok(None);
    };
    let next = next_page(&entra.config.graph, &link, subject)?;
    if next == *here {
        return Err(Fault::AnswerUnusable {
            what: format!("{subject}: the next page is the page itself"),
            request_id: String::new(),
        });
    }
    Ok(Some(next))
}
