//! `users`: one of them, and those who are looked for by name.

use crate::domain::fault::Fault;
use crate::domain::person::Person;

use super::super::Entra;
use super::super::transport::Call;
use super::query::{Listed, OF_PERSON, User, address, advanced, in_filter, in_search, read};

const SUBJECT: &str = "users";

/// GET users/{user}.
pub(super) fn person(entra: &Entra, user: &str) -> Result<Person, Fault> {
    let url = address(entra, &["users", user], &[("$select", OF_PERSON)])?;
    let answer = entra.send(&Call::get("person", url))?.accepted()?;
    let user = answer.read(|body| read::<User>(body, SUBJECT))?;
    Ok(Person::from(user))
}

/// Two questions: `startswith` knows no words, and `$search` takes a text apart into words.
pub(super) fn find(entra: &Entra, text: &str, limit: usize) -> Result<Vec<Person>, Fault> {
    let begins = in_filter(text);
    let begins = ["displayName", "userPrincipalName", "mail"]
        .map(|property| format!("startswith({property},'{begins}')"))
        .join(" or ");
    let has = in_search(text);
    let has = ["displayName", "userPrincipalName", "mail"]
        .map(|property| format!("\"{property}:{has}\""))
        .join(" OR ");
    let mut found: Vec<Person> = Vec::new();
    for asked in [("$filter", begins.as_str()), ("$search", has.as_str())] {
        for user in listed(entra, asked, limit)? {
            let person = Person::from(user);
            if found.iter().all(|known| known.id != person.id) {
                found.push(person);
            }
        }
    }
    found.truncate(limit);
    Ok(found)
}

fn listed(entra: &Entra, asked: (&str, &str), limit: usize) -> Result<Vec<User>, Fault> {
    let top = limit.to_string();
    let options = [
        asked,
        ("$select", OF_PERSON),
        ("$count", "true"),
        ("$top", &top),
    ];
    let url = address(entra, &["users"], &options)?;
    let answer = entra
        .send(&advanced("find_people", url))?
        .accepted_thing()?;
    let page = answer.read(|body| read::<Listed<User>>(body, SUBJECT))?;
    Ok(page.value)
}
