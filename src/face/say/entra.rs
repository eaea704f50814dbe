//! The sign-in at the tenant in words: what an administrator is asked to do, what the browser shows in the end, what stays at
//! Entra after a sign-out. No token and no code of a browser is in any of them.

use crate::domain::sign_in::SignInMethod;
use crate::face::say::clean::clean;
use crate::face::say::news::count;

/// Who shall sign in, where the station works in an administrator's name.
pub const FOR_THE_STATION: &str =
    "Sign in there as the administrator in whose name this station shall work.";

/// Where to go and what to type; `who` is a sentence.
pub fn device_code(address: &str, code: &str, seconds: i64, who: &str) -> String {
    let minutes = usize::try_from((seconds + 59) / 60).unwrap_or(0);
    format!(
        "On any device, open  {}\nand type            {}\n\n{who}\nThe code counts for {}. Type it only if you began this sign-in yourself.",
        clean(address),
        clean(code),
        count(minutes, "minute")
    )
}

/// Which address to open; `who` is a sentence.
pub fn browser(address: &str, seconds: u64, who: &str) -> String {
    let minutes = usize::try_from(seconds / 60).unwrap_or(0);
    format!(
        "Open this address in a browser on this computer, within {}:\n\n{}\n\n{who}",
        count(minutes, "minute"),
        clean(address)
    )
}

/// What the browser shows when the answer has come: heading and sentence.
pub const PAGE_TAKEN: (&str, &str) = (
    "keyline has its answer",
    "You can close this window. The terminal in which the sign-in began says whether it worked.",
);
/// When the tenant said no.
pub const PAGE_REFUSED: (&str, &str) = (
    "The sign-in was not completed",
    "You can close this window. The terminal in which the sign-in began says why.",
);
/// When something else came than the answer that is waited for.
pub const PAGE_WRONG: (&str, &str) = (
    "This is not the answer that keyline waits for",
    "Nothing was done. If you are signing in, go on with the address that the terminal shows.",
);

/// That it worked.
pub const SIGNED_IN: &str = "Signed in. The station works in this administrator's name from now on; the sign-in is kept sealed.";

/// What became of a sign-out.
pub const fn signed_out(was_in: bool) -> &'static str {
    if was_in {
        "Signed out: the sign-in is gone from this station. A station that runs has a token that counts for up to an hour and a half.\n\
         At Entra its refresh token still counts, for 90 days at the most, unless somebody ends it: Entra admin centre, Users,\n\
         the administrator, Revoke sessions. The app registration and its consent stay as they are."
    } else {
        "Nobody was signed in at this station."
    }
}

/// How the station signs in.
pub const fn method(method: SignInMethod) -> &'static str {
    match method {
        SignInMethod::ClientSecret => "as itself, with a client secret",
        SignInMethod::Certificate => "as itself, with a certificate",
        SignInMethod::Delegated => "in the name of an administrator",
    }
}

/// Nobody has to sign in at a station that signs in as itself.
pub fn nobody_needed(method: SignInMethod) -> (String, String) {
    (
        format!(
            "This station signs in {} (method = \"{}\"), so no administrator has to.",
            self::method(method),
            method.as_str()
        ),
        "`keyline entra whoami` tries its sign-in. To let it work in an administrator's name, write method = \"delegated\" under [entra].".to_owned(),
    )
}

/// No permission at all.
pub const NO_PERMISSIONS: &str = "none: nobody has consented to any for this application";
/// A token that only the service can read.
pub const OPAQUE: &str = "the token does not say";
