//! A directory that is asked for pages and lists, asks for patience, and says less than one would like.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::*;
use crate::domain::credential::{MethodId, RegisteredCredential};
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::Grants;
use crate::domain::time::Timestamp;

type List = Result<Vec<RegisteredCredential>, Fault>;

/// Pages of people, lists of keys by id, and faults that come before them.
#[derive(Default)]
struct Fake {
    pages: Vec<Vec<Person>>,
    groups: Vec<Group>,
    /// What the next lists of somebody are, before they are empty.
    lists: Mutex<BTreeMap<String, Vec<List>>>,
    /// Before page so and so, these.
    faults: Mutex<BTreeMap<usize, Vec<Fault>>>,
    asked_pages: Mutex<Vec<usize>>,
    asked_lists: Mutex<Vec<Vec<String>>>,
}

impl Directory for Fake {
    fn person(&self, _: &str) -> Result<Person, Fault> {
        Err(refusal(403))
    }
    fn find_people(&self, _: &str, _: usize) -> Result<Vec<Person>, Fault> {
        Ok(Vec::new())
    }
    fn find_groups(&self, text: &str, _: usize) -> Result<Vec<Group>, Fault> {
        let has = |group: &&Group| group.display_name.to_lowercase().contains(text);
        Ok(self.groups.iter().filter(has).cloned().collect())
    }
    fn group(&self, id: &ObjectId) -> Result<Group, Fault> {
        let mut groups = self.groups.iter();
        groups
            .find(|group| group.id == *id)
            .cloned()
            .ok_or(refusal(404))
    }
    fn members(&self, _: &ObjectId, from: Option<&Bookmark>) -> Result<Page, Fault> {
        let at: usize = from.map_or(0, |mark| mark.0.parse().unwrap());
        self.asked_pages.lock().unwrap().push(at);
        if let Some(fault) = self.faults.lock().unwrap().entry(at).or_default().pop() {
            return Err(fault);
        }
        let next = (at + 1 < self.pages.len()).then(|| Bookmark((at + 1).to_string()));
        Ok(Page {
            people: self.pages[at].clone(),
            total: (at == 0).then(|| self.pages.iter().map(Vec::len).sum()),
            next,
        })
    }
    fn groups_of(&self, _: &str) -> Result<BTreeSet<ObjectId>, Fault> {
        Ok(BTreeSet::new())
    }
    fn credentials_of(&self, users: &[&str]) -> Result<Vec<List>, Fault> {
        let owned = users.iter().map(|user| (*user).to_owned()).collect();
        self.asked_lists.lock().unwrap().push(owned);
        let mut lists = self.lists.lock().unwrap();
        let next = |user: &&str| lists.get_mut(*user).and_then(Vec::pop);
        Ok(users
            .iter()
            .map(next)
            .map(|list| list.unwrap_or(Ok(Vec::new())))
            .collect())
    }
    fn passkey_policy(&self) -> Result<PasskeyPolicy, Fault> {
        Err(refusal(403))
    }
    fn grants(&self) -> Result<Option<Grants>, Fault> {
        Ok(None)
    }
}

/// Waits for nobody, and notes how long it should have.
#[derive(Default)]
struct Clockwork(Mutex<Vec<u64>>);

impl Clock for Clockwork {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
    fn today(&self) -> jiff::civil::Date {
        jiff::civil::date(2026, 5, 1)
    }
    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        self.0.lock().unwrap().push(duration.as_secs());
        !cancel.is_cancelled()
    }
}

fn refusal(status: u16) -> Fault {
    Fault::Refused {
        status,
        code: String::new(),
        message: String::new(),
        request_id: String::new(),
    }
}

fn person(number: usize) -> Person {
    Person {
        id: ObjectId(format!("b0000000-0000-4000-8000-{number:012}")),
        user_principal_name: Some(format!("person{number}@contoso.com")),
        display_name: Some(format!("Person {number}")),
        mail: None,
        department: None,
        employee_id: None,
        preferred_language: None,
        enabled: Some(true),
        user_type: UserType::Member,
    }
}

fn rules() -> Rules {
    Rules {
        policies: vec!["standard".to_owned()],
        default_policy: None,
        languages: vec!["de".to_owned()],
    }
}

fn choice(missing_only: bool) -> Choice {
    Choice {
        policy: Some("standard".to_owned()),
        missing_only,
        ..Choice::default()
    }
}

fn key(kind: CredentialKind) -> RegisteredCredential {
    RegisteredCredential {
        method: MethodId("m".to_owned()),
        may_be: Vec::new(),
        display_name: String::new(),
        aaguid: None,
        model: String::new(),
        created: None,
        kind,
        attested: None,
        synced: None,
    }
}

/// Rows by user, those left out by name, and the waits.
type Proposed = (Vec<String>, Vec<(String, LeftOut)>, Vec<u64>);

fn propose(fake: &Fake, choice: &Choice) -> Result<(Tally, Proposed), Fault> {
    let clock = Clockwork::default();
    let cancel = CancelFlag::default();
    let reader = Reader {
        directory: fake,
        clock: &clock,
        cancel: &cancel,
        patience: Patience::LONG,
    };
    let (mut rows, mut out) = (Vec::new(), Vec::new());
    let group = ObjectId("g".to_owned());
    let tally = reader.propose(&group, choice, &rules(), &mut |told| {
        match told {
            Told::Row(_, row) => rows.push(row.get(Column::User).to_owned()),
            Told::LeftOut(person, why) => out.push((person.label().to_owned(), why)),
            Told::Seen { .. } => {}
        }
        Ok::<(), Fault>(())
    })?;
    Ok((tally, (rows, out, clock.0.into_inner().unwrap())))
}

#[test]
fn guests_disabled_and_withheld_members_get_no_row_and_everybody_stands_once() {
    let mut people: Vec<Person> = (0..6).map(person).collect();
    people[1].user_type = UserType::Guest;
    people[2].enabled = Some(false);
    people[3].user_principal_name = None;
    people[3].display_name = None;
    people[4].user_type = UserType::Unknown;
    people[4].user_principal_name = Some("x_y.org#EXT#@contoso.com".to_owned());
    people[5].enabled = None;
    let again = person(0);
    let fake = Fake {
        pages: vec![people, vec![again, person(6)]],
        ..Fake::default()
    };
    let (tally, (rows, out, _)) = propose(&fake, &choice(false)).unwrap();
    let users = [0, 5, 6].map(|number| format!("person{number}@contoso.com"));
    assert_eq!(rows, users);
    let expected = [
        ("Person 1".to_owned(), LeftOut::Guest),
        ("Person 2".to_owned(), LeftOut::Disabled),
        (person(3).id.0, LeftOut::Withheld),
        ("Person 4".to_owned(), LeftOut::Guest),
    ];
    assert_eq!(out, expected);
    let counted = Tally {
        members: 7,
        rows: 3,
        unjudged: 1,
    };
    assert_eq!(tally, counted);
    assert!(fake.asked_lists.lock().unwrap().is_empty());
}

#[test]
fn after_a_wait_the_page_that_failed_is_asked_again_and_no_other() {
    let fake = Fake {
        pages: (0..4).map(|page| vec![person(page)]).collect(),
        ..Fake::default()
    };
    let throttled = |seconds| Fault::Throttled { seconds };
    fake.faults
        .lock()
        .unwrap()
        .insert(2, vec![throttled(31), throttled(120)]);
    let (tally, (_, _, waits)) = propose(&fake, &choice(false)).unwrap();
    assert_eq!((tally.rows, waits), (4, vec![120, 31]));
    assert_eq!(*fake.asked_pages.lock().unwrap(), [0, 1, 2, 2, 2, 3]);
    fake.faults.lock().unwrap().insert(1, vec![throttled(601)]);
    let given_up = propose(&fake, &choice(false)).unwrap_err();
    assert_eq!(given_up, throttled(601));
    fake.faults
        .lock()
        .unwrap()
        .insert(1, vec![throttled(1); 11]);
    assert_eq!(propose(&fake, &choice(false)).unwrap_err(), throttled(1));
}

#[test]
fn who_has_a_key_is_left_out_and_who_was_throttled_is_asked_again_alone() {
    let fake = Fake {
        pages: vec![(0..45).map(person).collect()],
        ..Fake::default()
    };
    let id = |number: usize| person(number).id.0;
    let phone = key(CredentialKind::OtherPasskey);
    let real = key(CredentialKind::SecurityKey);
    *fake.lists.lock().unwrap() = BTreeMap::from([
        (
            id(1),
            vec![Ok(vec![real.clone(), phone.clone(), real.clone()])],
        ),
        (id(2), vec![Ok(vec![phone])]),
        (
            id(3),
            vec![Ok(vec![real]), Err(Fault::Throttled { seconds: 40 })],
        ),
        (id(21), vec![Err(refusal(403))]),
        (
            id(22),
            vec![Err(Fault::Unreachable {
                what: "x".to_owned(),
            })],
        ),
    ]);
    let (tally, (rows, out, waits)) = propose(&fake, &choice(true)).unwrap();
    assert_eq!((tally.members, rows.len()), (45, 41));
    let why: Vec<&LeftOut> = out.iter().map(|(_, why)| why).collect();
    assert!(
        matches!(
            why.as_slice(),
            [
                LeftOut::HasKey(2),
                LeftOut::HasKey(1),
                LeftOut::Unanswered(_),
                LeftOut::Unanswered(_)
            ]
        ),
        "{out:?}"
    );
    assert_eq!(waits, [40]);
    let asked: Vec<usize> = fake
        .asked_lists
        .lock()
        .unwrap()
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(asked, [20, 1, 20, 5]);
    assert_eq!(fake.asked_lists.lock().unwrap()[1], [id(3)]);
}

#[test]
fn lists_that_may_not_be_read_at_all_stop_the_work_before_it_begins() {
    let fake = Fake {
        pages: vec![(0..30).map(person).collect()],
        ..Fake::default()
    };
    let denied = (0..30).map(|number| (person(number).id.0, vec![Err(refusal(403))]));
    *fake.lists.lock().unwrap() = denied.collect();
    assert_eq!(propose(&fake, &choice(true)).unwrap_err(), refusal(403));
    assert_eq!(fake.asked_lists.lock().unwrap().len(), 1);
}

#[test]
fn a_fault_of_whoever_takes_the_rows_ends_the_reading() {
    let fake = Fake {
        pages: (0..3).map(|page| vec![person(page)]).collect(),
        ..Fake::default()
    };
    let (clock, cancel) = (Clockwork::default(), CancelFlag::default());
    let reader = Reader {
        directory: &fake,
        clock: &clock,
        cancel: &cancel,
        patience: Patience::LONG,
    };
    let taken = Cell::new(0);
    let stopped = reader.members(&ObjectId("g".to_owned()), &mut |_, total| {
        assert_eq!(total, Some(3));
        taken.set(taken.get() + 1);
        if taken.get() == 2 {
            Err(Fault::Cancelled)
        } else {
            Ok(())
        }
    });
    assert_eq!((stopped, taken.get()), (Err(Fault::Cancelled), 2));
}

#[test]
fn a_group_is_meant_by_its_id_or_its_whole_name_and_never_by_a_part_of_it() {
    let group = |number: u32, name: &str| Group {
        id: ObjectId(format!("9a000000-0000-4000-8000-{number:012}")),
        display_name: name.to_owned(),
        description: None,
    };
    let fake = Fake {
        groups: vec![
            group(1, "Sales"),
            group(2, "Sales Nord"),
            group(3, "Spare"),
            group(4, "spare"),
        ],
        ..Fake::default()
    };
    let (clock, cancel) = (Clockwork::default(), CancelFlag::default());
    let reader = Reader {
        directory: &fake,
        clock: &clock,
        cancel: &cancel,
        patience: Patience::LONG,
    };
    assert_eq!(reader.group("sales"), Ok(group(1, "Sales")));
    assert_eq!(
        reader.group("9A000000-0000-4000-8000-000000000002"),
        Ok(group(2, "Sales Nord"))
    );
    let alike = vec![group(2, "Sales Nord")];
    assert_eq!(reader.group("nord"), Err(NoGroup::Unknown { alike }));
    let none = NoGroup::Unknown { alike: Vec::new() };
    assert_eq!(
        reader.group("9a000000-0000-4000-8000-00000000000f"),
        Err(none)
    );
    assert!(matches!(reader.group("spare"), Err(NoGroup::Several(both)) if both.len() == 2));
}
