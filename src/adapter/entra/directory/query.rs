//! How the directory is asked: addresses with OData options, lists, and people in them. Sends nothing by itself.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::domain::fault::Fault;
use crate::domain::person::{ObjectId, Person, UserType};

use super::super::Entra;
use super::super::answer::unusable;
use super::super::transport::{Call, Payload};

/// What is read of a person. What the station may not read comes back as null, or not at all.
pub(super) const OF_PERSON: &str = "id,displayName,userPrincipalName,mail,department,employeeId,preferredLanguage,accountEnabled,userType";

/// A user as Graph writes one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: String,
    user_principal_name: Option<String>,
    display_name: Option<String>,
    mail: Option<String>,
    department: Option<String>,
    employee_id: Option<String>,
    preferred_language: Option<String>,
    account_enabled: Option<bool>,
    user_type: Option<String>,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let user_type = match user.user_type.as_deref() {
            Some("Member") => UserType::Member,
            Some("Guest") => UserType::Guest,
            Some(_) | None => UserType::Unknown,
        };
        Self {
            id: ObjectId(user.id),
            user_principal_name: some(user.user_principal_name),
            display_name: some(user.display_name),
            mail: some(user.mail),
            department: some(user.department),
            employee_id: some(user.employee_id),
            preferred_language: some(user.preferred_language),
            enabled: user.account_enabled,
            user_type,
        }
    }
}

/// One page of a list.
#[derive(Deserialize)]
pub(in super::super) struct Listed<T> {
    pub(in super::super) value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    pub(in super::super) next: Option<String>,
    #[serde(rename = "@odata.count")]
    pub(super) count: Option<usize>,
}

/// The address below the API's root, with OData options. The option's names are written as they are; whatever a person
/// typed is encoded, so that it can never become another option.
pub(in super::super) fn address(
    entra: &Entra,
    segments: &[&str],
    options: &[(&str, &str)],
) -> Result<Url, Fault> {
    let mut url = entra.url(segments)?;
    let options: Vec<String> = options
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    url.set_query(Some(&options.join("&")));
    Ok(url)
}

/// A GET with the header that searches, counts and casts demand.
pub(super) fn advanced(name: &'static str, url: Url) -> Call<'static> {
    Call {
        payload: Payload::Eventual,
        ..Call::get(name, url)
    }
}

/// Reads a body, or says of what it was none.
pub(in super::super) fn read<T: DeserializeOwned>(body: &[u8], subject: &str) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| unusable(subject, &error))
}

/// A text inside the quotation marks of `$filter`.
pub(in super::super) fn in_filter(text: &str) -> String {
    text.replace('\'', "''")
}

/// A text inside the quotation marks of a clause of `$search`.
pub(super) fn in_search(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_quotation_marks_or_its_option() {
        assert_eq!(in_filter("O'Reilly's"), "O''Reilly''s");
        assert_eq!(in_search(r#"a "b\ c"#), r#"a \"b\\ c"#);
        assert_eq!(
            encoded("a&$top=9#+ ü'\"\r\n"),
            "a%26%24top%3D9%23%2B%20%C3%BC%27%22%0D%0A"
        );
    }
}
