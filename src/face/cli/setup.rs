//! `keyline entra setup` on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::domain::tenant_setup::{APP_NAME, SETUP_CLIENT_ID};
use crate::face::say::clean::clean;

pub(super) const SETUP: &str = "Examples:
  keyline entra setup                          what has to exist, step by step
  keyline entra setup --json | jq -r '.admin_consent_url'
  keyline entra setup --certificate            where the configuration names it
  keyline entra setup --certificate keys/2027.pem
  keyline entra setup --perform                sign in, and be asked before each step
  keyline entra setup --perform --also User.Read.All
  keyline entra setup --perform --yes --without Policy.Read.All

The certificate is made here: RSA, signed by itself, good for a year. FILE gets it with its
private key, for the station alone; beside it, ending in .cer, lies what is uploaded to the app
registration. Nothing is written over. To renew it, give another name, upload the new .cer, and
name the new file in the configuration.

With --perform each step is looked at first, and what is so already is left alone: after a failure
run it again. The sign-in is kept nowhere and ends with the command. Ends with 4 when something
was left undone because somebody said no, with 6 when Entra refused, with 130 when it was broken
off.";

/// `keyline entra setup`
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Setup {
    /// Make the certificate that the station signs in with, and its private key
    ///
    /// Without FILE: where the configuration names one, else entra.pem among the station's keys. With --perform it is made only
    /// where there is none, and uploaded.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub certificate: Option<Option<PathBuf>>,
    /// Print JSON, for scripts
    #[arg(long, conflicts_with = "perform")]
    pub json: bool,
    /// Do it: an administrator signs in and is asked before each step
    #[arg(long)]
    pub perform: bool,
    #[command(flatten)]
    pub how: Perform,
}

/// What goes with `--perform`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Perform {
    /// Do every step without asking
    ///
    /// An app registration that the configuration names gets no permission then but the one without which no key can be enrolled,
    /// and those of --also. Where the configuration names none, put what is printed into it before the next run: Entra may not
    /// list for a while what was made a moment ago, and a second one would be made.
    #[arg(long, requires = "perform")]
    pub yes: bool,
    /// A permission that not every station needs, such as User.Read.All; may be given several times
    #[arg(long, value_name = "PERMISSION", requires = "perform")]
    pub also: Vec<String>,
    /// A permission that keys can be enrolled without, such as Policy.Read.All; may be given several times
    ///
    /// It is neither asked for nor consented to. What was consented to before stays.
    #[arg(long, value_name = "PERMISSION", requires = "perform")]
    pub without: Vec<String>,
    /// What the app registration is called
    #[arg(long, value_name = "NAME", requires = "perform", default_value = APP_NAME, value_parser = name)]
    pub name: String,
    /// The application under which the administrator signs in
    ///
    /// Without it Microsoft Graph Command Line Tools, which is Microsoft's own and known in every tenant.
    #[arg(long, value_name = "ID", requires = "perform", default_value = SETUP_CLIENT_ID, hide_default_value = true, value_parser = client)]
    pub client: String,
    /// Sign in with a code that is typed on any device
    #[arg(long, requires = "perform", conflicts_with = "browser")]
    pub device_code: bool,
    /// Sign in in a browser on this computer
    #[arg(long, requires = "perform")]
    pub browser: bool,
}

/// Characters of `displayName` (Microsoft Graph, application).
const NAME_CHARACTERS_MAX: usize = 256;

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a name has at least one character".to_owned());
    }
    if text.chars().count() > NAME_CHARACTERS_MAX {
        return Err(format!(
            "a name has at most {NAME_CHARACTERS_MAX} characters"
        ));
    }
    if clean(text) != text {
        return Err("a name has no control or direction characters".to_owned());
    }
    Ok(text.to_owned())
}

fn client(text: &str) -> Result<String, String> {
    let text = text.trim();
    match uuid::Uuid::try_parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(
            "not an application id (32 hexadecimal digits with dashes, as the portal shows it)"
                .to_owned(),
        ),
    }
}
