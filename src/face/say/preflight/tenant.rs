//! What the tenant lets the station do, in words that the Entra admin center's own search finds.

use crate::app::preflight::{CLOCK_NOTABLE_SECONDS, Grade, Permission, ProfileInUse, Restriction};
use crate::domain::fault::Fault;
use crate::domain::person::Grants;
use crate::face::say::clean::clean;
use crate::face::say::news::count;

/// Where the passkey policy is.
const POLICY_PAGE: &str = "Entra admin center, Authentication methods, Policies, Passkey (FIDO2)";

pub(super) fn signed_in(grants: Option<&Grants>) -> String {
    let Some(grants) = grants else {
        return "The station signs in, and Microsoft Graph answers.".to_owned();
    };
    let who = match (&grants.account, &grants.application) {
        (Some(account), _) => format!(" as {}", clean(account)),
        (None, Some(application)) => format!(" as the application {}", clean(application)),
        (None, None) => String::new(),
    };
    let role = if grants.delegated {
        " This person needs the role Authentication Administrator, for keys of administrators Privileged Authentication Administrator."
    } else {
        ""
    };
    format!("The station signs in{who}, and Microsoft Graph answers.{role}")
}

pub(super) fn clock(ahead_seconds: Option<i64>) -> String {
    match ahead_seconds {
        None => "The service gives no time to compare with.".to_owned(),
        Some(seconds) if seconds.unsigned_abs() <= CLOCK_NOTABLE_SECONDS => {
            "Agrees with Microsoft's.".to_owned()
        }
        Some(seconds) => {
            let off = usize::try_from(seconds.unsigned_abs()).unwrap_or(usize::MAX);
            let way = if seconds > 0 { "ahead of" } else { "behind" };
            format!(
                "This computer is {} {way} Microsoft's clock.",
                count(off, "second")
            )
        }
    }
}

/// What a permission is for.
pub fn purpose(permission: &Permission) -> &'static str {
    match permission.name {
        "UserAuthMethod-Passkey.ReadWrite.All" => "registering, listing and deleting passkeys",
        "Policy.Read.All" => "telling before a key is wiped that the tenant refuses its model",
        "User.ReadBasic.All" => "finding people",
        "User.Read.All" => {
            "whether an account is disabled or a guest's, and departments and languages for job files"
        }
        "GroupMember.Read.All" => "job files from groups, and passkey profiles of groups",
        "Member.Read.Hidden" => "members of groups whose membership is hidden",
        _ => "a function of keyline",
    }
}

pub(super) fn granted(permission: &Permission, by: &str) -> String {
    let purpose = purpose(permission);
    if permission.name == by {
        format!("{by}: {purpose}.")
    } else {
        format!(
            "{}: {purpose}; given by {}, which allows more than that.",
            permission.name,
            clean(by)
        )
    }
}

pub(super) fn not_granted(permission: &Permission) -> String {
    format!("{} is not given: {}.", permission.name, purpose(permission))
}

pub(super) fn profile(profile: &ProfileInUse) -> String {
    let for_whom = if profile.audiences.is_empty() {
        "nobody".to_owned()
    } else {
        clean(&profile.audiences.join(", "))
    };
    let kind = if profile.device_bound {
        "security keys"
    } else {
        "no security keys"
    };
    let attestation = if profile.attestation_enforced {
        "attestation enforced"
    } else {
        "attestation not enforced"
    };
    let models = match profile.restriction {
        Restriction::None => "any model".to_owned(),
        Restriction::Allows(models) => format!("only {}", listed(models)),
        Restriction::Blocks(models) => format!("all but {}", listed(models)),
    };
    let name = if profile.name.is_empty() {
        "For".to_owned()
    } else {
        format!("{}, for", clean(&profile.name))
    };
    format!("{name} {for_whom}: {kind}, {attestation}, {models}.")
}

fn listed(models: usize) -> String {
    count(models, "listed model")
}

pub(super) fn models(policy: &str, taken: usize, refused: &[String], unclear: &[String]) -> String {
    let mut text = format!(
        "Of the models that policy {} lists, the tenant takes {taken}",
        clean(policy)
    );
    for (some, words) in [(refused, "refuses"), (unclear, "leaves open")] {
        if !some.is_empty() {
            let reasons = clean(&some.join("; "));
            text.push_str(&format!(", {words} {} ({reasons})", some.len()));
        }
    }
    text + "."
}

pub(super) const CLOCK: &str = "Set the clock of this computer, best by NTP.";
pub(super) const TRY: &str = "`--enrol-test USER` shows whether it is enough, without a key.";
pub(super) const SELF_SERVICE: &str = "Configure: set \"Allow self-service set up\" to Yes. It lets people register keys of their own as well.";
pub(super) const ATTESTATION: &str = "Nothing, if your models are in the FIDO Metadata Service: Entra takes only those, and learns of new ones weeks later. Prove it with one key: `keyline run --limit 1`.";
pub(super) const TARGET: &str =
    "Enable and target: include all users, or the groups that get keys.";
pub(super) const SECURITY_KEYS: &str = "Configure: have a profile that takes device-bound passkeys of the models at your bench, and choose it for the people who get keys.";
pub(super) const MODELS: &str = "Configure: let the key restrictions take these models; or take them out of `models` in the policy of this station.";

/// Where on the page of the passkey policy.
pub(super) fn page(what: &str) -> String {
    format!("{POLICY_PAGE}, {what}")
}

pub(super) fn consent_for(names: &[&str], delegated: bool, grade: Grade) -> String {
    let way = consent(names, delegated);
    if grade == Grade::Ok {
        format!("Nothing, unless you want that. Then: {way}")
    } else {
        way
    }
}

pub(super) fn unread(why: &Fault) -> String {
    if matches!(why, Fault::Refused { status: 403, .. }) {
        "Keys can be enrolled all the same; that the tenant refuses a model is then told only after the key is wiped. To have it told before, the application needs the permission `Policy.Read.All`.".to_owned()
    } else {
        "Keys can be enrolled all the same. Check again later; if it stays so, look for a newer keyline.".to_owned()
    }
}

/// The way to permissions, with the words to search for.
fn consent(names: &[&str], delegated: bool) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let (names, them) = match names.as_slice() {
        [one] => (one.clone(), "it"),
        many => (many.join(", then for "), "each"),
    };
    let kind = if delegated {
        "Delegated permissions"
    } else {
        "Application permissions"
    };
    format!(
        "Entra admin center, App registrations, your application, API permissions, Add a permission, Microsoft Graph, {kind}: search for {names}, add {them}, then press \"Grant admin consent\". It counts with the next token, within the hour."
    )
}
