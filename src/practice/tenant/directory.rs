//! The practice tenant's directory: users, groups in groups, and who is in them, page by page. It demands what Graph demands
//! and shows no more than the practice application was permitted to read.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path};
use axum::http::{Response, Uri};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::faults::Operation;
use super::http::{Outcome, Visit};
use super::odata::Options;
use super::people::{self, Person};
use super::refusal::Refusal;
use super::shapes::Version;
use super::state::State;
use super::{Inner, Tenant};

/// What Graph gives of a user when nobody selects anything.
const USUAL_OF_USER: [&str; 5] = [
    "id",
    "displayName",
    "mail",
    "preferredLanguage",
    "userPrincipalName",
];
const USUAL_OF_GROUP: [&str; 3] = ["id", "displayName", "description"];
/// Any of these lets basic properties of users be read.
const READ_BASIC: [&str; 3] = ["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"];
/// Any of these lets all of them be read.
const READ_ALL: [&str; 2] = ["User.Read.All", "Directory.Read.All"];
const READ_GROUPS: [&str; 3] = [
    "GroupMember.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
];

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PracticeGroup {
    /// Object id, a GUID.
    pub id: String,
    pub display_name: String,
    #[serde(default)]
    pub description: String,
    /// Object ids of people and groups.
    pub members: Vec<String>,
}

/// What the directory has besides people.
#[derive(Default)]
pub(super) struct Directory {
    groups: Vec<PracticeGroup>,
    /// Where in the list of people whom stands, by object id and UPN in lower case. Some may be missing.
    places: HashMap<String, usize>,
    /// Application permissions of the practice application; `None`: all that there are.
    permitted: Option<BTreeSet<String>>,
}

impl Directory {
    pub(super) fn place(&self, user: &str) -> Option<usize> {
        self.places.get(&user.to_lowercase()).copied()
    }

    /// Whether one of these permissions was given.
    pub(super) fn permits(&self, any_of: &[&str]) -> bool {
        self.permitted
            .as_ref()
            .is_none_or(|given| any_of.iter().any(|one| given.contains(*one)))
    }

    fn demand(&self, any_of: &[&str]) -> Result<(), Refusal> {
        if self.permits(any_of) {
            return Ok(());
        }
        Err(Refusal::new(
            403,
            "Authorization_RequestDenied",
            format!("one of {} is needed", any_of.join(", ")),
        ))
    }

    fn group(&self, id: &str) -> Result<&PracticeGroup, Refusal> {
        let mut groups = self.groups.iter();
        groups
            .find(|group| group.id.eq_ignore_ascii_case(id))
            .ok_or_else(|| Refusal::new(404, "Request_ResourceNotFound", "there is no such group"))
    }

    /// The ids of the groups that a person is in, also through other groups, in lower case.
    pub(super) fn groups_of(&self, person: &Person) -> BTreeSet<String> {
        let id = person.id.to_lowercase();
        let over = self
            .groups
            .iter()
            .filter(|group| self.below(group).contains(&id));
        over.map(|group| group.id.to_lowercase()).collect()
    }

    /// Everything below a group, each once; groups in a circle end.
    fn below(&self, group: &PracticeGroup) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            for member in &group.members {
                if found.insert(member.to_lowercase())
                    && let Ok(inner) = self.group(member)
                {
                    open.push(inner);
                }
            }
        }
        found
    }
}

impl Tenant {
    /// Adds people to the directory.
    pub fn add_people(&self, people: impl IntoIterator<Item = Person>) {
        let mut state = self.inner.state();
        for person in people {
            let place = state.people.len();
            let names = [person.id.to_lowercase(), person.upn.to_lowercase()];
            let places = &mut state.directory.places;
            places.extend(names.map(|name| (name, place)));
            state.people.push(person);
        }
    }

    /// Changes what the directory says of one person, but not who they are.
    pub fn change_person(&self, user: &str, change: impl FnOnce(&mut Person)) {
        let mut state = self.inner.state();
        let id = state.person(user).map(|person| person.id.clone());
        let mut people = state.people.iter_mut();
        if let Some(person) = people.find(|person| id.as_ref() == Ok(&person.id)) {
            change(person);
        }
    }

    /// Adds a group.
    pub fn add_group(&self, group: PracticeGroup) {
        self.inner.state().directory.groups.push(group);
    }

    /// Adds groups to practise with: sites, some that cut across them, a nested one, an empty one.
    pub fn add_practice_groups(&self) {
        let mut state = self.inner.state();
        let groups = people::groups(&state.people);
        state.directory.groups.extend(groups);
    }

    /// From now on the practice application has these application permissions alone.
    pub fn permit(&self, permissions: &[&str]) {
        let given = permissions.iter().map(|one| (*one).to_owned()).collect();
        self.inner.state().directory.permitted = Some(given);
    }
}

/// The routes below a version.
pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/users", get(find_people))
        .route("/users/{user}", get(person))
        .route(
            "/users/{user}/transitiveMemberOf/microsoft.graph.group",
            get(groups_of),
        )
        .route("/groups", get(find_groups))
        .route("/groups/{group}", get(group))
        .route(
            "/groups/{group}/transitiveMembers/microsoft.graph.user",
            get(members),
        )
}

async fn person(visit: Visit, Path(user): Path<String>, uri: Uri) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::Person, |state| {
            state.directory.demand(&READ_BASIC)?;
            let entry = written(state, state.person(&user)?);
            Ok((200, Some(options.select(entry, &USUAL_OF_USER)?)))
        })
        .await
}

async fn find_people(visit: Visit, version: Extension<Version>, uri: Uri) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::FindPeople, |state| {
            state.directory.demand(&READ_BASIC)?;
            let entries = state.people.iter().map(|person| written(state, person));
            let entries = chosen(entries.collect(), &options)?;
            let place = Place::new(state, *version, "users");
            place.page(entries.len(), entries.into_iter(), &options, &USUAL_OF_USER)
        })
        .await
}

async fn group(visit: Visit, Path(group): Path<String>, uri: Uri) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::Group, |state| {
            state.directory.demand(&READ_GROUPS)?;
            let entry = shown(state.directory.group(&group)?);
            Ok((200, Some(options.select(entry, &USUAL_OF_GROUP)?)))
        })
        .await
}

async fn find_groups(visit: Visit, version: Extension<Version>, uri: Uri) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::FindGroups, |state| {
            state.directory.demand(&READ_GROUPS)?;
            let entries = state.directory.groups.iter().map(shown).collect();
            let entries = chosen(entries, &options)?;
            let place = Place::new(state, *version, "groups");
            place.page(
                entries.len(),
                entries.into_iter(),
                &options,
                &USUAL_OF_GROUP,
            )
        })
        .await
}

async fn members(
    visit: Visit,
    version: Extension<Version>,
    Path(group): Path<String>,
    uri: Uri,
) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::Members, |state| {
            state.directory.demand(&READ_GROUPS)?;
            options.demand_advanced()?;
            let group = state.directory.group(&group)?;
            let below = state.directory.below(group);
            let people: Vec<&Person> = below
                .iter()
                .filter_map(|id| state.person(id).ok())
                .collect();
            let entries = people.iter().map(|person| written(state, person));
            let path = format!("groups/{}/transitiveMembers/microsoft.graph.user", group.id);
            let place = Place::new(state, *version, &path);
            place.page(people.len(), entries, &options, &USUAL_OF_USER)
        })
        .await
}

async fn groups_of(
    visit: Visit,
    version: Extension<Version>,
    Path(user): Path<String>,
    uri: Uri,
) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::GroupsOf, |state| {
            state.directory.demand(&READ_GROUPS)?;
            options.demand_advanced()?;
            let id = state.person(&user)?.id.to_lowercase();
            let groups = state.directory.groups.iter();
            let over = groups.filter(|group| state.directory.below(group).contains(&id));
            let path = format!("users/{id}/transitiveMemberOf/microsoft.graph.group");
            let place = Place::new(state, *version, &path);
            let over: Vec<Value> = over.map(shown).collect();
            place.page(over.len(), over.into_iter(), &options, &USUAL_OF_GROUP)
        })
        .await
}

/// A user as the practice application may read one.
fn written(state: &State, person: &Person) -> Value {
    let basic = !person.withheld && state.directory.permits(&READ_BASIC);
    let all = basic && state.directory.permits(&READ_ALL);
    let text = |may: bool, text: &str| (may && !text.is_empty()).then(|| text.to_owned());
    json!({
        "id": person.id,
        "userPrincipalName": text(basic, &person.upn),
        "displayName": text(basic, &person.display_name),
        "mail": text(basic, &person.mail),
        "department": text(all, &person.department),
        "employeeId": person.employee_id.as_deref().and_then(|id| text(all, id)),
        "preferredLanguage": text(all, &person.language),
        "accountEnabled": all.then_some(person.enabled),
        "userType": all.then_some(if person.guest { "Guest" } else { "Member" }),
    })
}

fn shown(group: &PracticeGroup) -> Value {
    json!({
        "id": group.id,
        "displayName": group.display_name,
        "description": (!group.description.is_empty()).then_some(&group.description),
    })
}

/// What `$filter` or `$search` leaves, in the order that is asked for.
fn chosen(mut entries: Vec<Value>, options: &Options) -> Result<Vec<Value>, Refusal> {
    if let Some(clauses) = options.clauses()? {
        entries.retain(|entry| clauses.iter().any(|clause| clause.holds(entry)));
    }
    if let Some(property) = options.get("$orderby") {
        entries.sort_by_key(|entry| {
            let value = entry.get(property).and_then(Value::as_str);
            value.unwrap_or_default().to_lowercase()
        });
    }
    Ok(entries)
}

/// Where a list lies, for its links.
struct Place {
    version: String,
    path: String,
}

impl Place {
    fn new(state: &State, version: Version, path: &str) -> Self {
        Self {
            version: format!("{}{}", state.base, version.path()),
            path: path.to_owned(),
        }
    }

    /// Of `total` entries those that this page has.
    fn page(
        &self,
        total: usize,
        entries: impl Iterator<Item = Value>,
        options: &Options,
        usual: &[&str],
    ) -> Outcome {
        let (skip, top) = options.window()?;
        let value: Vec<Value> = entries
            .skip(skip)
            .take(top)
            .map(|entry| options.select(entry, usual))
            .collect::<Result<_, _>>()?;
        let Self { version, path } = self;
        let mut body = json!({
            "@odata.context": format!("{version}/$metadata#directoryObjects"),
            "value": value,
        });
        if options.get("$count") == Some("true") {
            put(&mut body, "@odata.count", json!(total));
        }
        let next = skip.saturating_add(top);
        if next < total {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for name in [
                "$count", "$filter", "$orderby", "$search", "$select", "$top",
            ] {
                if let Some(value) = options.get(name) {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("$skiptoken", &next.to_string());
            let link = format!("{version}/{path}?{}", query.finish());
            put(&mut body, "@odata.nextLink", json!(link));
        }
        Ok((200, Some(body)))
    }
}

fn put(body: &mut Value, name: &str, value: Value) {
    if let Some(members) = body.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
