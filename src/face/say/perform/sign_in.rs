//! The sign-in of `keyline entra setup --perform` in words: who it was, why there is none, and what it leaves behind. Never a token.

use std::path::Path;

use crate::domain::fault::Fault;
use crate::domain::tenant_setup::SETUP_CLIENT_ID;
use crate::face::say::clean::clean;
use crate::face::say::news::sentence;
use crate::face::say::{Complaint, ExitCode, fault};

/// Who signed in, and where, before anything is asked.
pub fn signed_in(account: Option<&str>, tenant: &str, configured: &str) -> String {
    let who = account.map_or_else(String::new, |account| format!(" as {}", clean(account)));
    let named = if tenant.eq_ignore_ascii_case(configured) {
        String::new()
    } else {
        format!(" ({} in the configuration)", clean(configured))
    };
    format!("Signed in{who}, to the tenant {}{named}.", clean(tenant))
}

/// The sign-in is one to another tenant than the configuration's.
pub fn another_tenant(tenant: &str, configured: &str) -> Complaint {
    Complaint::usage(
        format!(
            "The sign-in is one to the tenant {}, and the configuration names {}. Nothing was changed.",
            clean(tenant),
            clean(configured)
        ),
        "Look at tenant under [entra], and sign in with an account of that tenant.",
    )
}

/// Nobody signed in.
pub fn not_signed_in(why: &Fault, client_id: &str) -> Complaint {
    let Fault::SignIn { what } = why else {
        return Complaint::from(why);
    };
    let under = if client_id == SETUP_CLIENT_ID {
        ""
    } else {
        " and the application that --client names, which has to be a public client of this tenant,"
    };
    Complaint::new(
        ExitCode::of(why),
        format!(
            "The administrator could not be signed in: {}",
            sentence(what)
        ),
        format!(
            "Look at tenant under [entra]{under} and type the same command again. Nothing was changed."
        ),
    )
}

/// The certificate that is there is none that a station could sign in with.
pub fn certificate_unusable(file: &Path, why: &Fault) -> Complaint {
    let what = if let Fault::SignIn { what } = why {
        sentence(what)
    } else {
        fault::message(why)
    };
    Complaint::usage(
        format!("{}: {what}", clean(&file.display().to_string())),
        "Mend or move away that file, or name another one with --certificate FILE. Nobody was asked to sign in, and nothing was changed.",
    )
}

/// No certificate can be made there.
pub fn no_place(file: &Path, why: &str) -> Complaint {
    Complaint::usage(
        format!(
            "There is no certificate at {}, and none can be made there: {why}.",
            clean(&file.display().to_string())
        ),
        "Name a file in a folder that is there and may be written to: --certificate FILE. Nobody was asked to sign in, and nothing was changed.",
    )
}

/// What the sign-in leaves behind in the tenant.
pub fn stays(client_id: &str) -> String {
    let (name, id) = if client_id == SETUP_CLIENT_ID {
        ("Microsoft Graph Command Line Tools", SETUP_CLIENT_ID)
    } else {
        ("the application of --client", client_id)
    };
    format!(
        "\nWhat you consented to for yourself at the sign-in stays in the tenant: {name} may go on asking for it in your name.\n\
         Entra admin center: Enterprise applications, {}, Permissions, User consent shows it. The portal itself does not take it\n\
         back; with PowerShell, in your place: Remove-MgOauth2PermissionGrant (docs/entra.md).",
        clean(id)
    )
}
