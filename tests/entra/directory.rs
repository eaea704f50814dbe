//! People, groups and lists in batches: paging, what Graph demands, what it denies, and what it throttles.

use std::time::Duration;

use keyline::domain::fault::Fault;
use keyline::domain::person::{ObjectId, Person, UserType};
use keyline::port::{Bookmark, Directory, RelyingParty};
use keyline::practice::authenticator::PRACTICE_AAGUID;
use keyline::practice::tenant::{self, Existing, Operation, PracticeGroup, Trick};

use crate::bench::{ADA, Bench, JUERGEN, refused};

const GROUP: &str = "9a000000-0000-4000-8000-000000000001";
const INNER: &str = "9a000000-0000-4000-8000-000000000002";

fn group(id: &str, name: &str, members: Vec<String>) -> PracticeGroup {
    PracticeGroup {
        id: id.to_owned(),
        display_name: name.to_owned(),
        description: String::new(),
        members,
    }
}

/// So many people, numbered; the first of them stand in the group, the others in a group in it that contains the first again.
fn crowd(bench: &Bench, count: usize) {
    let id = |number: usize| format!("b0000000-0000-4000-8000-{number:012}");
    let people = (0..count).map(|number| {
        let upn = format!("person{number}@contoso.com");
        tenant::Person::new(id(number), &upn, &format!("Person {number}"))
    });
    bench.tenant.add_people(people);
    let (first, rest): (Vec<usize>, Vec<usize>) = (0..count).partition(|number| number % 2 == 0);
    let ids = |numbers: Vec<usize>| numbers.into_iter().map(id);
    let inner = ids(rest).chain([GROUP.to_owned()]).collect();
    let outer = ids(first).chain([INNER.to_owned()]).collect();
    bench.tenant.add_group(group(GROUP, "Vertrieb Nord", outer));
    bench.tenant.add_group(group(INNER, "Vertrieb", inner));
}

fn everybody(bench: &Bench, group: &str) -> Result<Vec<Person>, Fault> {
    let group = ObjectId(group.to_owned());
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = bench.entra.members(&group, from.as_ref())?;
        all.extend(page.people);
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(all),
        }
    }
}

#[test]
fn one_person_comes_with_all_that_may_be_read() {
    let bench = Bench::new();
    bench.tenant.change_person(ADA, |ada| {
        ada.guest = true;
        ada.enabled = false;
        ada.mail = String::new();
    });
    let ada = bench.entra.person(ADA).unwrap();
    assert_eq!(ada.user_principal_name.as_deref(), Some(ADA));
    assert_eq!(ada.display_name.as_deref(), Some("Emily Carter"));
    assert_eq!((ada.enabled, ada.user_type), (Some(false), UserType::Guest));
    assert!(ada.department.is_some() && ada.employee_id.is_some());
    assert_eq!(ada.mail, None);
    assert_eq!(bench.entra.person(&ada.id.0).unwrap(), ada);
    let unknown = bench.entra.person("o'brien#ext#@contoso.com");
    assert!(
        matches!(unknown, Err(Fault::UserUnknown { .. })),
        "{unknown:?}"
    );
}

#[test]
fn a_permission_that_was_not_given_is_a_refusal_and_a_small_one_shows_little() {
    let bench = Bench::new();
    crowd(&bench, 1);
    bench.tenant.permit(&["User.ReadBasic.All"]);
    let ada = bench.entra.person(ADA).unwrap();
    assert_eq!(
        (ada.enabled, ada.user_type, &ada.department),
        (None, UserType::Unknown, &None)
    );
    assert_eq!(ada.label(), "Emily Carter");
    let denied = (403, "Authorization_RequestDenied".to_owned());
    assert_eq!(refused(bench.entra.find_groups("Vertrieb", 5)), denied);
    assert_eq!(refused(everybody(&bench, GROUP)), denied);

    bench.tenant.permit(&["GroupMember.Read.All"]);
    assert_eq!(refused(bench.entra.person(ADA)), denied);
    let members = everybody(&bench, GROUP).unwrap();
    assert!(members[0].is_withheld(), "{members:?}");
    assert_eq!(members[0].label(), "b0000000-0000-4000-8000-000000000000");
}

#[test]
fn people_are_found_by_what_begins_their_names_and_by_words_in_them() {
    let bench = Bench::new();
    let odd = [
        ("o'connell@contoso.com", "Séamus \"Shay\" O'Connell"),
        ("plus+hash#x@contoso.com", "C# & F# \\ Team"),
    ];
    let people = (1..).zip(odd).map(|(number, (upn, name))| {
        tenant::Person::new(format!("b1000000-0000-4000-8000-{number:012}"), upn, name)
    });
    bench.tenant.add_people(people);
    let found = |text: &str| -> Vec<String> {
        let people = bench.entra.find_people(text, 10).unwrap();
        let upns = people.into_iter().filter_map(|one| one.user_principal_name);
        upns.collect()
    };
    assert_eq!(found("carter"), [ADA]);
    assert_eq!(found("Emily C"), [ADA]);
    assert_eq!(found("emily.car"), [ADA]);
    assert_eq!(found("O'Connell"), ["o'connell@contoso.com"]);
    assert_eq!(found("\"Shay\""), ["o'connell@contoso.com"]);
    assert_eq!(found("C# & F# \\"), ["plus+hash#x@contoso.com"]);
    assert_eq!(found("plus+hash#"), ["plus+hash#x@contoso.com"]);
    assert_eq!(found("x') or startswith(mail,'"), [""; 0]);
    assert_eq!(found("a&$top=1"), [""; 0]);
    assert_eq!(found(&"ü".repeat(300)), [""; 0]);
    assert_eq!(bench.entra.find_people("contoso", 1).unwrap().len(), 0);
    assert_eq!(bench.entra.find_people("person", 5).unwrap().len(), 0);
    crowd(&bench, 40);
    assert_eq!(bench.entra.find_people("person", 5).unwrap().len(), 5);
}

#[test]
fn groups_are_found_and_the_one_that_is_named_so_comes_first() {
    let bench = Bench::new();
    crowd(&bench, 2);
    bench.tenant.add_group(group(
        "9a000000-0000-4000-8000-000000000003",
        "Süd: Vertrieb",
        Vec::new(),
    ));
    let found = bench.entra.find_groups("vertrieb", 10).unwrap();
    let names: Vec<&str> = found.iter().map(|one| one.display_name.as_str()).collect();
    assert_eq!(names, ["Vertrieb", "Vertrieb Nord", "Süd: Vertrieb"]);
    assert_eq!(bench.entra.group(&found[0].id).unwrap(), found[0]);
    let nowhere = ObjectId("9a000000-0000-4000-8000-0000000000ff".to_owned());
    let (status, _) = refused(bench.entra.group(&nowhere));
    assert_eq!(status, 404);
    let (status, _) = refused(everybody(&bench, &nowhere.0));
    assert_eq!(status, 404);
}

#[test]
fn members_come_from_every_page_and_every_group_below_each_once() {
    let bench = Bench::new();
    crowd(&bench, 1_203);
    let all = everybody(&bench, GROUP).unwrap();
    assert_eq!(all.len(), 1_203);
    let mut ids: Vec<&str> = all.iter().map(|one| one.id.0.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1_203);
    assert_eq!(bench.tenant.requests(Operation::Members), 3);
    let first = bench
        .entra
        .members(&ObjectId(GROUP.to_owned()), None)
        .unwrap();
    assert_eq!((first.people.len(), first.total), (500, Some(1_203)));

    let groups = bench.entra.groups_of("person1@contoso.com").unwrap();
    let expected = [GROUP, INNER].map(|id| ObjectId(id.to_owned()));
    assert_eq!(groups, expected.into_iter().collect());
    assert_eq!(bench.entra.groups_of(ADA).unwrap().len(), 0);
}

#[test]
fn a_page_that_is_throttled_is_waited_for_and_one_that_stays_so_can_be_asked_again() {
    let bench = Bench::new();
    crowd(&bench, 600);
    let group = ObjectId(GROUP.to_owned());
    let first = bench.entra.members(&group, None).unwrap();
    let throttle = |seconds| Trick::Throttle {
        retry_after_seconds: Some(seconds),
        as_date: false,
    };
    bench.clock.waits();
    bench.tenant.misbehave(Operation::Members, 1, throttle(7));
    let second = bench.entra.members(&group, first.next.as_ref()).unwrap();
    assert_eq!(bench.clock.waits(), [Duration::from_secs(7)]);
    bench.tenant.misbehave(Operation::Members, 1, throttle(120));
    let late = bench.entra.members(&group, first.next.as_ref());
    assert_eq!(late, Err(Fault::Throttled { seconds: 120 }));
    bench.advance(121);
    let again = bench.entra.members(&group, first.next.as_ref()).unwrap();
    assert_eq!(again, second);
    assert_eq!(again.people.len(), 100);
}

#[test]
fn a_link_that_leads_elsewhere_carries_no_token_there() {
    let bench = Bench::new();
    crowd(&bench, 2);
    let other = Bench::new();
    let group = ObjectId(GROUP.to_owned());
    let elsewhere = [
        other.tenant.url().to_string(),
        "https://graph.example.org/v1.0/x".to_owned(),
        "nowhere".to_owned(),
    ];
    for link in elsewhere {
        let body = serde_json::json!({ "value": [], "@odata.nextLink": &link }).to_string();
        for on in [Operation::Members, Operation::GroupsOf] {
            let trick = Trick::Garble { body: body.clone() };
            bench.tenant.misbehave(on, 1, trick);
        }
        let page = bench.entra.members(&group, None).map(|_| ());
        let groups = bench.entra.groups_of(ADA).map(|_| ());
        let marked = bench
            .entra
            .members(&group, Some(&Bookmark(link)))
            .map(|_| ());
        for refusal in [page, groups, marked] {
            assert!(
                matches!(&refusal, Err(Fault::AnswerUnusable { what, .. }) if what.contains("nextLink")),
                "{refusal:?}"
            );
        }
    }
    for operation in [Operation::Root, Operation::List, Operation::Members] {
        assert_eq!(other.tenant.requests(operation), 0);
    }
}

#[test]
fn a_page_that_leads_to_itself_ends() {
    let bench = Bench::new();
    crowd(&bench, 600);
    let group = ObjectId(GROUP.to_owned());
    let next = bench.entra.members(&group, None).unwrap().next.unwrap();
    let body = serde_json::json!({ "value": [], "@odata.nextLink": &next.0 }).to_string();
    bench
        .tenant
        .misbehave(Operation::Members, 1, Trick::Garble { body });
    let round = bench.entra.members(&group, Some(&next));
    assert!(
        matches!(round, Err(Fault::AnswerUnusable { .. })),
        "{round:?}"
    );
}

fn give_key(bench: &Bench, user: &str, name: &str) {
    let existing = Existing {
        display_name: name.to_owned(),
        aaguid: PRACTICE_AAGUID,
        credential_id: None,
        id_bytes: None,
        method: None,
        created: None,
        synced: false,
    };
    bench.tenant.add_existing(user, existing).unwrap();
}

fn names(
    list: &Result<Vec<keyline::domain::credential::RegisteredCredential>, Fault>,
) -> Vec<&str> {
    let list = list.as_ref().unwrap().iter();
    list.map(|one| one.display_name.as_str()).collect()
}

#[test]
fn lists_come_twenty_at_a_time_in_the_order_asked() {
    let bench = Bench::new();
    crowd(&bench, 45);
    let users: Vec<String> = (0..45)
        .map(|number| format!("person{number}@contoso.com"))
        .collect();
    for user in &users {
        give_key(&bench, user, &format!("key of {user}"));
    }
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let lists = bench.entra.credentials_of(&users).unwrap();
    assert_eq!(lists.len(), 45);
    for (user, list) in users.iter().zip(&lists) {
        assert_eq!(names(list), [format!("key of {user}")]);
    }
    assert_eq!(bench.tenant.requests(Operation::Batch), 3);
    assert_eq!(bench.tenant.requests(Operation::List), 45);
}

#[test]
fn who_is_throttled_in_a_batch_is_asked_again_alone() {
    let bench = Bench::new();
    crowd(&bench, 20);
    let users: Vec<String> = (0..20)
        .map(|number| format!("person{number}@contoso.com"))
        .collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    give_key(&bench, users[1], "one");
    for seconds in [3, 9] {
        let trick = Trick::Throttle {
            retry_after_seconds: Some(seconds),
            as_date: false,
        };
        bench.tenant.misbehave(Operation::List, 1, trick);
    }
    let lists = bench.entra.credentials_of(&users).unwrap();
    assert!(lists.iter().all(Result::is_ok), "{lists:?}");
    assert_eq!(names(&lists[1]), ["one"]);
    assert_eq!(bench.clock.waits(), [Duration::from_secs(9)]);
    assert_eq!(bench.tenant.requests(Operation::Batch), 2);
    assert_eq!(bench.tenant.requests(Operation::List), 22);
}

#[test]
fn one_list_that_fails_leaves_the_others() {
    let bench = Bench::new();
    give_key(&bench, ADA, "hers");
    let users = ["nobody@contoso.com", ADA, "", JUERGEN];
    let trick = Trick::Throttle {
        retry_after_seconds: Some(300),
        as_date: false,
    };
    let lists = bench.entra.credentials_of(&users).unwrap();
    assert!(
        matches!(lists[0], Err(Fault::UserUnknown { .. })),
        "{lists:?}"
    );
    assert_eq!(names(&lists[1]), ["hers"]);
    assert!(lists[2].is_err());
    assert_eq!(names(&lists[3]), [""; 0]);
    bench.tenant.misbehave(Operation::List, 1, trick);
    let lists = bench.entra.credentials_of(&[ADA, JUERGEN]).unwrap();
    assert_eq!(lists[0], Err(Fault::Throttled { seconds: 300 }));
    assert!(lists[1].is_ok());
    bench.advance(301);
    bench
        .tenant
        .misbehave(Operation::List, 4, Trick::Fail { status: 503 });
    let lists = bench.entra.credentials_of(&[ADA]).unwrap();
    assert!(
        matches!(lists[0], Err(Fault::Unreachable { .. })),
        "{lists:?}"
    );
}

#[test]
fn what_a_list_in_a_batch_was_asked_to_wait_all_wait() {
    let bench = Bench::new();
    bench.entra.ready().unwrap();
    let throttle = |times, retry_after_seconds| {
        let trick = Trick::Throttle {
            retry_after_seconds,
            as_date: false,
        };
        bench.tenant.misbehave(Operation::List, times, trick);
        let lists = bench.entra.credentials_of(&[ADA]).unwrap();
        assert!(
            matches!(lists[0], Err(Fault::Throttled { .. })),
            "{lists:?}"
        );
    };
    throttle(1, Some(300));
    let fault = bench.entra.credentials(ADA).unwrap_err();
    assert!(
        matches!(fault, Fault::Throttled { seconds: 298..=300 }),
        "{fault}"
    );
    assert_eq!(bench.tenant.requests(Operation::List), 1, "nothing is sent");
    assert!(bench.entra.asked_to_wait().is_some());
    bench.advance(301);
    assert_eq!(bench.entra.asked_to_wait(), None);

    // Without a word of how long: what is left is short enough to be waited for.
    throttle(4, None);
    bench.clock.waits();
    bench.entra.credentials(ADA).unwrap();
    let [wait] = bench.clock.waits()[..] else {
        panic!("one wait")
    };
    assert!((3..=5).contains(&wait.as_secs()), "{wait:?}");
}

#[test]
fn a_batch_without_an_answer_for_one_says_so() {
    let bench = Bench::new();
    let body = r#"{"responses":[{"id":"1","status":200,"body":{"value":[]}}]}"#;
    let trick = Trick::Garble {
        body: body.to_owned(),
    };
    bench.tenant.misbehave(Operation::Batch, 1, trick);
    let lists = bench.entra.credentials_of(&[ADA, JUERGEN]).unwrap();
    assert!(
        matches!(lists[0], Err(Fault::AnswerUnusable { .. })),
        "{lists:?}"
    );
    assert_eq!(lists[1], Ok(Vec::new()));
}
