//! `keyline entra setup --perform` in words: what is about to be signed in to, what each step would change and for whom, what came of
//! it, and which role a refusal asks for. Asks nobody; the questions are put by whoever holds the terminal.

mod sign_in;

use crate::app::preflight::{PERMISSIONS, Permission};
use crate::app::tenant_setup::{End, News, NoChoice};
use crate::domain::fault::Fault;
use crate::domain::passkey_policy::{Audience, PasskeyPolicy};
use crate::domain::tenant_setup::course::{Act, Course, Outcome, Step, Stop, Wanted};
use crate::domain::tenant_setup::{
    AppRole, GRAPH_APP_ID, Registration, SETUP_CLIENT_ID, SETUP_SCOPES, app_role_id,
};
use crate::face::say::clean::clean;
use crate::face::say::news::count;
use crate::face::say::preflight::purpose;
use crate::face::say::{Complaint, ExitCode, fault};

pub use sign_in::{
    another_tenant, certificate_unusable, no_place, not_signed_in, signed_in, stays,
};

/// Who signs in.
pub const FOR_THE_SETUP: &str = "Sign in there as the administrator who sets this tenant up.";

/// What comes after a step that failed.
const AGAIN: &str = "What was done stays done. Run the same command again: it looks at each step first, and goes on where this one ended.";

/// Before the sign-in.
pub fn introduction(tenant: &str, client_id: &str) -> String {
    let under = if client_id == SETUP_CLIENT_ID {
        "The station has no application of its own yet, so the sign-in runs under Microsoft Graph Command Line Tools, an\n\
         application of Microsoft's that every tenant knows; the consent that it may ask for is to these alone:"
            .to_owned()
    } else {
        format!(
            "The sign-in runs under the application {}, and asks for:",
            clean(client_id)
        )
    };
    format!(
        "This sets up the tenant {}. Nothing is changed before you have said yes to it, step by step.\n\
         {under}\n   {}\n\
         The sign-in is kept nowhere and ends with this command. The roles that it takes: {} for the app registration;\n\
         {} for the consent;\n{} for the passkey policy.\n",
        clean(tenant),
        SETUP_SCOPES.join("\n   "),
        role(Step::Registration),
        role(Step::Consent),
        role(Step::Policy),
    )
}

/// The role that an administrator needs for a step, as Microsoft calls it.
const fn role(step: Step) -> &'static str {
    match step {
        Step::Registration
        | Step::Permissions
        | Step::Principal
        | Step::Certificate
        | Step::Upload => "Application Administrator or Cloud Application Administrator",
        Step::Consent => "Privileged Role Administrator or Global Administrator",
        Step::Policy | Step::SelfService => "Authentication Policy Administrator",
    }
}

/// What a step is about.
pub const fn title(step: Step) -> &'static str {
    match step {
        Step::Registration => "App registration",
        Step::Permissions => "Permissions that it asks for",
        Step::Principal => "Service principal",
        Step::Consent => "Admin consent",
        Step::Certificate => "Certificate of the station",
        Step::Upload => "Certificate at the app registration",
        Step::Policy => "Passkey policy",
        Step::SelfService => "Self-service set-up",
    }
}

/// What would be done, and what that means.
pub fn question(course: &Course, act: &Act) -> String {
    let what = match act {
        Act::Register { name } => format!(
            "Make an app registration called {}, for this tenant alone. It may do nothing yet. (One that was made within the last minute\nmay not be known yet: then say no, and run this again in a minute.)",
            clean(name)
        ),
        Act::Adopt(one) => format!(
            "There is one called {}, application {}. Take it for this station's? Only if you know who made it, and that it was made for\nthis: anybody in a tenant may make one of this name, and whoever owns it gets all that is consented to for it.",
            clean(&one.name),
            clean(&one.client_id)
        ),
        Act::Request { roles, .. } => format!(
            "Add to what the app registration asks for; what it asks for already stays:\n{}",
            permissions(roles)
        ),
        Act::MakePrincipal { client_id } => format!(
            "Make the service principal of the application {}: with it the application can sign in to this tenant.",
            clean(client_id)
        ),
        Act::Consent { roles, .. } => format!(
            "Consent, for the whole tenant, that {} may do this with everybody's data, without anybody signed in:\n{}",
            whose(course),
            permissions(roles)
        ),
        Act::MakeCertificate => {
            "Make a private key and a certificate at this computer, good for a year. The key never leaves it.".to_owned()
        }
        Act::Upload { certificate, .. } => format!(
            "Add the certificate to the app registration; those that are there stay. Whoever has its private key signs in as the station.\n   {}\n   SHA-256 {}",
            clean(&certificate.subject),
            certificate.thumbprint
        ),
        Act::EnablePolicy => format!(
            "Switch passkeys (FIDO2) on. It concerns {}: they can sign in with passkeys from then on; their other methods stay.",
            audience(course.policy())
        ),
        Act::AllowSelfService => format!(
            "Allow self-service set-up. Without it Microsoft registers no key for others. It concerns {}: they can register\npasskeys of their own from then on.",
            audience(course.policy())
        ),
    };
    format!("\n{}. {what}", title(act.step()))
}

/// Which application it is about, beyond doubt: the name alone is anybody's.
fn whose(course: &Course) -> String {
    let named = |one: &Registration| {
        format!(
            "the station ({}, application {})",
            clean(&one.name),
            clean(&one.client_id)
        )
    };
    course
        .registration()
        .map_or_else(|| "the station".to_owned(), named)
}

fn permissions(roles: &[AppRole]) -> String {
    let lines = roles.iter().map(|role| {
        let what = purpose_of(&role.value);
        format!("   {}: {what}", clean(&role.value))
    });
    lines.collect::<Vec<String>>().join("\n")
}

fn purpose_of(name: &str) -> &'static str {
    let known = PERMISSIONS.into_iter().find(|one| one.name == name);
    known.map_or("", |one| purpose(&one))
}

/// For whom the policy is.
fn audience(policy: Option<&PasskeyPolicy>) -> String {
    let include = policy.map(|policy| policy.include.as_slice());
    let include = include.unwrap_or_default();
    let everybody = include
        .iter()
        .any(|target| target.audience == Audience::AllUsers);
    let excluded = policy.map_or(0, |policy| policy.exclude.len());
    let mut whom = match include.len() {
        _ if everybody => "all users of the tenant".to_owned(),
        0 => "nobody yet, because the policy includes neither users nor groups".to_owned(),
        groups => format!("the members of {}", count(groups, "group")),
    };
    if excluded > 0 {
        whom.push_str(&format!(" but those of {}", count(excluded, "group")));
    }
    whom
}

/// What happened.
pub fn news(course: &Course, news: News) -> String {
    match news {
        News::Ended(step, outcome) => {
            let how = match outcome {
                Outcome::WasSo => "is so already",
                Outcome::Done => "done",
                Outcome::Declined => "left as it is",
            };
            let of = match (step, course.registration()) {
                (Step::Registration, Some(one)) => format!(
                    " ({}, application {})",
                    clean(&one.name),
                    clean(&one.client_id)
                ),
                (_, _) => String::new(),
            };
            format!("{}: {how}{of}.", title(step))
        }
        News::Waiting { step, seconds } => format!(
            "{}: Entra does not know everywhere yet what was made a moment ago; trying again in {}.",
            title(step),
            count(usize::try_from(seconds).unwrap_or(usize::MAX), "second")
        ),
        News::Unlisted { step, seconds } => format!(
            "{}: Entra lists none. A run a moment ago may have made one, so it is looked for again in {}.",
            title(step),
            count(usize::try_from(seconds).unwrap_or(usize::MAX), "second")
        ),
        News::Doubtful(step) => format!(
            "{}: no answer came, so it is looked at whether it was done.",
            title(step)
        ),
    }
}

/// Why it ended before its end; `None`: it did not.
pub fn complaint(end: &End) -> Option<Complaint> {
    Some(match end {
        End::Through => return None,
        End::Stopped(stop) => stopped(stop),
        End::BrokenOff { during: None } => Complaint::new(
            ExitCode::Interrupted,
            "Broken off between two steps.",
            AGAIN,
        ),
        End::BrokenOff { during: Some(step) } => Complaint::new(
            ExitCode::Interrupted,
            format!(
                "Broken off in the middle of a step ({}): it is not known whether that one was done.",
                title(*step)
            ),
            AGAIN,
        ),
        End::Failed { step, fault } => failed(*step, fault),
    })
}

fn stopped(stop: &Stop) -> Complaint {
    match stop {
        Stop::NotInTenant { client_id } => Complaint::usage(
            format!(
                "The tenant has no app registration with the client_id of the configuration, {}.",
                clean(client_id)
            ),
            "Look at tenant and client_id under [entra]. To have a new one made, leave client_id empty. One that was made within the last minute may not be known everywhere yet.",
        ),
        Stop::Ambiguous { name, found } => {
            let each = found.iter().map(|one| clean(&one.client_id));
            Complaint::usage(
                format!(
                    "The tenant has {} called {}: {}.",
                    count(found.len(), "app registration"),
                    clean(name),
                    each.collect::<Vec<String>>().join(", ")
                ),
                "Write the one that is this station's into the configuration, client_id under [entra], and run this again; or have another one made with --name NAME.",
            )
        }
        Stop::Unconfirmed(one) => Complaint::usage(
            format!(
                "There is an app registration called {} already, application {}, and the configuration does not name it.",
                clean(&one.name),
                clean(&one.client_id)
            ),
            "Anybody in a tenant may make one of this name, so it is not taken unasked. If it is this station's, write its id into the configuration, client_id under [entra], or run this without --yes; otherwise have another one made with --name NAME.",
        ),
        Stop::NoSuchPermission { name } => Complaint::new(
            ExitCode::RelyingParty,
            format!(
                "Microsoft Graph ({GRAPH_APP_ID}) offers no application permission {name} in this tenant."
            ),
            "Microsoft offers this API in the global cloud alone. What was done before stays done.",
        ),
    }
}

fn failed(step: Step, why: &Fault) -> Complaint {
    let hint = if let Fault::Refused { status: 403, .. } = why {
        format!(
            "It takes the role {}, active at the moment of the sign-in (where roles are activated, activate it and sign in anew). {AGAIN}",
            role(step)
        )
    } else if matches!(why, Fault::AnswerUnusable { .. }) && step == Step::Upload {
        format!(
            "Look at the app registration, Certificates & secrets: whose certificate is missing there has to add it again. {AGAIN}"
        )
    } else if matches!(why, Fault::SignIn { .. }) && step != Step::Certificate {
        format!("Sign in anew. {AGAIN}")
    } else if matches!(
        why,
        Fault::Refused { .. } | Fault::Unreachable { .. } | Fault::Throttled { .. }
    ) {
        AGAIN.to_owned()
    } else {
        format!("{} {AGAIN}", fault::hint(why))
    };
    Complaint::new(
        ExitCode::of(why),
        format!("{}: {}", title(step), fault::message(why)),
        hint,
    )
}

/// Whether the station shall have a permission that it can do without.
pub fn choice(wanted: &Wanted) -> String {
    format!(
        "\nA permission that keys can be enrolled without: {}, for {}.\nWith a no it is neither asked for nor consented to.",
        clean(wanted.name),
        purpose_of(wanted.name)
    )
}

/// What is not as it shall be.
pub fn left(steps: &[Step]) -> String {
    let titles: Vec<&str> = steps.iter().map(|step| title(*step)).collect();
    format!("Not done: {}.", titles.join(", "))
}

/// After that, where nothing went wrong but somebody said no.
pub const WHENEVER: &str = "Run the same command again whenever it shall be.";

/// The permissions that the station goes without.
pub fn goes_without(course: &Course) -> Option<String> {
    let has = |one: &Permission| {
        let mut wanted = course.permissions().map(|wanted| wanted.name);
        wanted.any(|name| name == one.name || one.or.contains(&name))
            || course.was_given(one.name, one.or)
    };
    let used = PERMISSIONS.into_iter();
    let others = used.filter(|one| app_role_id(one.name).is_some() && !has(one));
    let lines: Vec<String> = others
        .map(|one| format!("   --also {}: {}", one.name, purpose(&one)))
        .collect();
    (!lines.is_empty()).then(|| {
        format!(
            "The station goes without these, which not every one needs; run this again with\n{}",
            lines.join("\n")
        )
    })
}

/// A permission that `--also` or `--without` does not take.
pub fn no_choice(why: NoChoice<'_>) -> Complaint {
    let (message, hint) = match why {
        NoChoice::Unknown(name) => (
            format!(
                "{} is no permission that the station makes use of.",
                clean(name)
            ),
            "`keyline entra setup` lists those that it does.",
        ),
        NoChoice::Needed(name) => (
            format!("No key can be enrolled without {}.", clean(name)),
            "All the others can be left out; `keyline entra setup` lists them.",
        ),
        NoChoice::Both(name) => (
            format!("{} stands with both --also and --without.", clean(name)),
            "Take one of them away.",
        ),
    };
    Complaint::usage(message, hint)
}

/// Nobody can be asked.
pub fn nobody_to_ask() -> Complaint {
    Complaint::usage(
        "Each step is asked for, and there is nobody to ask: this is no terminal.",
        "Run it in a terminal, or with --yes, which does every step without asking.",
    )
}

/// The station works in an administrator's name.
pub fn not_for_delegated() -> Complaint {
    Complaint::usage(
        "This sets up a station that signs in as itself, and the configuration says method = \"delegated\".",
        "`keyline entra setup` says what such a station needs in the portal. To let this one sign in as itself, write method = \"certificate\".",
    )
}

/// Below the lines for the configuration.
pub const NEXT: &str = "Write these lines into the configuration in place of those that are there, then: keyline entra whoami\n\
     What was consented to counts with the next token. The proof: keyline check --online";
/// Where there is nothing to write.
pub const CONFIGURED: &str =
    "The configuration says so already. Try it: keyline entra whoami, then keyline check --online";
/// As both of these, where something is left to be done.
pub const NEXT_UNDONE: &str = "Write these lines into the configuration in place of those that are there. The station is not set up yet: what is left is\n\
     said below, and the same command goes on with it.";
pub const CONFIGURED_UNDONE: &str = "The configuration says so already. The station is not set up yet: what is left is said below, and the same command goes\n\
     on with it.";
