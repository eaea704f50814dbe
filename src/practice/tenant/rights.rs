//! What the practice application was given by its tenant's administrator, and what each request needs. As at Graph, the token
//! says it: a consent that was given later counts with the next token.

use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::encoding::strict;
use super::faults::Operation;
use super::refusal::Refusal;

/// Everything that keyline can make use of; the first is the least that enrolling needs.
pub const EVERY_PERMISSION: [&str; 6] = [
    "UserAuthMethod-Passkey.ReadWrite.All",
    "Policy.Read.All",
    "User.ReadBasic.All",
    "User.Read.All",
    "GroupMember.Read.All",
    "Member.Read.Hidden",
];

/// Any one of these is enough for a request; empty: none is needed.
pub(super) const fn enough(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::Token | Operation::DeviceCode | Operation::Root => &[],
        // The directory looks for itself: what it shows depends on what may be read.
        Operation::Person
        | Operation::FindPeople
        | Operation::Group
        | Operation::FindGroups
        | Operation::Members
        | Operation::GroupsOf
        | Operation::Batch => &[],
        Operation::CreationOptions | Operation::Register | Operation::Delete => &[
            "UserAuthMethod-Passkey.ReadWrite.All",
            "UserAuthenticationMethod.ReadWrite.All",
        ],
        Operation::List | Operation::Get => &[
            "UserAuthMethod-Passkey.ReadWrite.All",
            "UserAuthMethod-Passkey.Read.All",
            "UserAuthenticationMethod.ReadWrite.All",
            "UserAuthenticationMethod.Read.All",
        ],
        Operation::Policy => &["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"],
        Operation::ChangePolicy => &["Policy.ReadWrite.AuthenticationMethod"],
        Operation::Applications | Operation::Principals | Operation::Assignments => {
            &["Application.Read.All", "Application.ReadWrite.All"]
        }
        Operation::RegisterApplication
        | Operation::ChangeApplication
        | Operation::MakePrincipal => &["Application.ReadWrite.All"],
        Operation::Assign => &["AppRoleAssignment.ReadWrite.All"],
    }
}

/// Refuses a request whose token lacks what it needs. Whether the token counts at all is another's question.
pub(super) fn admit(operation: Operation, headers: &HeaderMap) -> Result<(), Refusal> {
    let needed = enough(operation);
    let granted = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(granted)
        .unwrap_or_default();
    if needed.is_empty()
        || needed
            .iter()
            .any(|name| granted.iter().any(|one| one == name))
    {
        return Ok(());
    }
    Err(Refusal::new(
        403,
        "Authorization_RequestDenied",
        "the application lacks the permission for this",
    ))
}

/// `roles` of an application, `scp` of a person, as the token's payload says.
fn granted(authorization: &str) -> Option<Vec<String>> {
    let payload = authorization.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&strict(payload)?).ok()?;
    if let Some(scopes) = claims.get("scp").and_then(Value::as_str) {
        return Some(scopes.split(' ').map(str::to_owned).collect());
    }
    let roles = claims.get("roles")?.as_array()?.iter();
    Some(roles.filter_map(Value::as_str).map(str::to_owned).collect())
}
