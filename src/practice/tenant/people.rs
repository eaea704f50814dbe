//! The 24 people of the practice tenant, all at contoso.com: names in several languages, so that letters, lists
//! and encodings meet them before real ones do.

use serde::{Deserialize, Serialize};

use super::PracticeGroup;
use crate::domain::fault::Fault;

/// One person of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Object id, a GUID.
    pub id: String,
    /// User principal name.
    pub upn: String,
    pub display_name: String,
    pub department: String,
    /// BCP 47 tag, as `preferredLanguage` has it.
    pub language: String,
    pub mail: String,
    pub employee_id: Option<String>,
    /// `accountEnabled`.
    pub enabled: bool,
    /// B2B: at home in another tenant.
    pub guest: bool,
    /// In a group with hidden membership the practice application may read no more of them than the id.
    pub withheld: bool,
}

impl Person {
    /// An enabled member of whom nothing but names is known.
    pub fn new(id: impl Into<String>, upn: &str, display_name: &str) -> Self {
        Self {
            id: id.into(),
            upn: upn.to_owned(),
            display_name: display_name.to_owned(),
            department: String::new(),
            language: String::new(),
            mail: upn.to_owned(),
            employee_id: None,
            enabled: true,
            guest: false,
            withheld: false,
        }
    }
}

/// The sample job file's people are the directory, so that the demo's batch finds everybody it names.
const SAMPLE: &str = include_str!("../../../queue/samples/onboarding.csv");

/// What is read of a row of the sample.
#[derive(Deserialize)]
struct Row {
    user: String,
    name: String,
    department: String,
    language: String,
}

/// How often people are in the groups to practise with: every third and every fourth.
const PILOT_EVERY: usize = 3;
const FIELD_EVERY: usize = 4;

/// Groups to practise with: one per language of the sample, two that cut across the departments, one with all of these in it, and
/// one that is empty.
pub(super) fn groups(people: &[Person]) -> Vec<PracticeGroup> {
    let mut groups: Vec<PracticeGroup> = Vec::new();
    let mut group = |name: &str, description: &str, members: Vec<String>| {
        let id = format!("c0a70502-0000-4000-8000-{:012}", groups.len() + 1);
        groups.push(PracticeGroup {
            id: id.clone(),
            display_name: name.to_owned(),
            description: description.to_owned(),
            members,
        });
        id
    };
    let every = |nth: usize| -> Vec<String> {
        let some = people.iter().step_by(nth);
        some.map(|person| person.id.clone()).collect()
    };
    let mut sites = Vec::new();
    for (name, language) in [
        ("Site Berlin", "de"),
        ("Site London", "en"),
        ("Site Madrid", "es"),
        ("Site Paris", "fr"),
    ] {
        let there = people.iter().filter(|person| person.language == language);
        let members = there.map(|person| person.id.clone()).collect();
        sites.push(group(name, "Practice: everybody at one site", members));
    }
    group(
        "Pilot users",
        "Practice: some of each department",
        every(PILOT_EVERY),
    );
    let field = group(
        "Field staff",
        "Practice: some of each site",
        every(FIELD_EVERY),
    );
    sites.push(field);
    group(
        "All employees",
        "Practice: no person of its own, the sites and the field staff",
        sites,
    );
    group("Newcomers", "Practice: nobody yet", Vec::new());
    groups
}

/// As many people more, with names and languages of those of the sample.
pub(super) fn crowd(sample: &[Person], count: u32) -> Vec<Person> {
    let like = sample.iter().cycle();
    like.zip(1..=count)
        .map(|(like, number)| {
            let upn = format!("person{number:05}@contoso.com");
            Person {
                id: format!("c0a70501-0000-4000-8000-{number:012}"),
                mail: upn.clone(),
                upn,
                ..like.clone()
            }
        })
        .collect()
}

/// Everybody, in a fixed order and with fixed ids.
///
/// # Errors
/// When the sample is no CSV with these columns.
pub(super) fn everybody() -> Result<Vec<Person>, Fault> {
    csv::Reader::from_reader(SAMPLE.as_bytes())
        .into_deserialize()
        .zip(1_u32..)
        .map(|(row, number)| {
            let row: Row = row.map_err(|error| Fault::Internal {
                what: format!("the sample job file: {error}"),
            })?;
            let id = format!("c0a70500-0000-4000-8000-{number:012}");
            Ok(Person {
                department: row.department,
                language: row.language,
                employee_id: Some(format!("E{number:04}")),
                ..Person::new(id, &row.user, &row.name)
            })
        })
        .collect()
}
