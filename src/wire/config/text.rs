//! The administrator's text over the defaults. Every objection is told with its line; where a secret may stand, no value is
//! ever quoted.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::{Config, TEMPLATE};
use crate::domain::job::column::nearest;

/// Settings that the template shows as comments only, because they have no default.
const WITHOUT_DEFAULT: [(&str, &str); 6] = [
    ("console", "certificate"),
    ("console", "key"),
    ("entra", "certificate"),
    ("entra", "certificate_password"),
    ("entra", "challenge_timeout_minutes"),
    ("paper", "password"),
];
/// Where a secret is named, and where some write it by mistake.
const SECRETS: [(&str, &str); 6] = [
    ("console", "certificate"),
    ("console", "key"),
    ("entra", "client_secret"),
    ("entra", "certificate"),
    ("entra", "certificate_password"),
    ("paper", "password"),
];

/// The section whose settings have whatever names the administrator gives them.
const NAMED: &str = "bench";

/// An objection, and the byte that it is about.
struct Objection(usize, String);

/// Reads `text`; what it does not say is as in [`TEMPLATE`].
///
/// # Errors
/// Everything that cannot be used, in the order of the lines.
pub(super) fn read(text: &str) -> Result<Config, Vec<String>> {
    let broken = |error: toml::de::Error| {
        // Its own words quote the line, which may hold a secret.
        let at = error.span().map_or(0, |span| span.start);
        vec![placed(text, at, error.message())]
    };
    let spans = DeTable::parse(text).map_err(broken)?;
    let values: toml::Table = toml::from_str(text).map_err(broken)?;
    let defaults: toml::Table = toml::from_str(TEMPLATE).map_err(broken)?;
    let mut whole = defaults.clone();
    let mut objections = Vec::new();
    let mut lines = BTreeMap::new();
    for (name, section) in spans.get_ref() {
        let (at, name) = (name.span().start, name.get_ref().as_ref());
        let Some(toml::Value::Table(known)) = defaults.get(name) else {
            objections.push(Objection(at, unknown("section", name, &defaults)));
            continue;
        };
        let settings = section.get_ref().as_table();
        let (Some(settings), Some(toml::Value::Table(values))) = (settings, values.get(name))
        else {
            let what = format!("`{name}` is a section; write `[{name}]` and its settings below");
            objections.push(Objection(at, what));
            continue;
        };
        for setting in settings.keys() {
            let (at, setting) = (setting.span().start, setting.get_ref().as_ref());
            let Some(value) = values.get(setting) else {
                continue;
            };
            match judge(&defaults, known, (name, setting), value) {
                Ok(()) => {
                    put(&mut whole, (name, setting), value);
                    lines.insert((name.to_owned(), setting.to_owned()), line(text, at));
                }
                Err(what) => objections.push(Objection(at, what)),
            }
        }
    }
    if objections.is_empty() {
        return match whole.try_into() {
            Ok(config) => Ok(Config { lines, ..config }),
            Err(error) => Err(vec![error.message().to_owned()]),
        };
    }
    objections.sort_by_key(|objection| objection.0);
    Err(objections
        .into_iter()
        .map(|Objection(at, what)| placed(text, at, &what))
        .collect())
}

/// Whether a setting is known, and its value one that it takes: tried alone over the defaults, so that each is told by itself.
fn judge(
    defaults: &toml::Table,
    known: &toml::Table,
    (section, setting): (&str, &str),
    value: &toml::Value,
) -> Result<(), String> {
    let free = section == NAMED || WITHOUT_DEFAULT.contains(&(section, setting));
    if !known.contains_key(setting) && !free {
        let elsewhere = defaults.iter().find(|(_, settings)| {
            settings
                .as_table()
                .is_some_and(|settings| settings.contains_key(setting))
        });
        return Err(match elsewhere {
            Some((other, _)) => format!("`{setting}` belongs under `[{other}]`"),
            None => unknown("setting", setting, known),
        });
    }
    let mut tried = defaults.clone();
    put(&mut tried, (section, setting), value);
    tried.try_into::<Config>().map(drop).map_err(|error| {
        if SECRETS.contains(&(section, setting)) {
            format!(
                "`{setting}` says where the secret is, never the secret itself (what stands there is not repeated here); \
                 write {{ env = \"NAME\" }}, {{ file = \"PATH\" }} or {{ credential = \"NAME\" }}"
            )
        } else {
            format!("`{setting}`: {}", plain(error.message()))
        }
    })
}

fn put(whole: &mut toml::Table, (section, setting): (&str, &str), value: &toml::Value) {
    if let Some(toml::Value::Table(settings)) = whole.get_mut(section) {
        settings.insert(setting.to_owned(), value.clone());
    }
}

fn unknown(kind: &str, word: &str, known: &toml::Table) -> String {
    let known = || known.keys().map(String::as_str);
    match nearest(&word.to_lowercase(), known()) {
        Some(nearest) => format!("there is no {kind} `{word}`; did you mean `{nearest}`?"),
        None => format!(
            "there is no {kind} `{word}`; there are {}",
            known().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The parser names types of the language that it is written in.
fn plain(message: &str) -> String {
    let message = message.lines().collect::<Vec<_>>().join(" ");
    for kind in ["u64", "u32", "usize"] {
        if let Some(start) = message.strip_suffix(&format!("expected {kind}")) {
            return format!("{start}expected a whole number, 0 or more");
        }
    }
    message
}

/// `what` with the line and the column of the byte `at`, both from 1.
fn placed(text: &str, at: usize, what: &str) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = line(text, at);
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}: {what}")
}

/// The line of the byte `at`, from 1.
fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objections(text: &str) -> Vec<String> {
        read(text).expect_err("this must not run")
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_line() {
        let text = "[queue]\nfoldr = \"x\"\n\n[entra]\ntimeout_seconds = \"long\"\ngraph = \"graph\"\n\n[leters]\nx = 1\n";
        assert_eq!(
            objections(text),
            [
                "line 2, column 1: there is no setting `foldr`; did you mean `folder`?",
                "line 5, column 1: `timeout_seconds`: invalid type: string \"long\", expected a whole number, 0 or more",
                "line 6, column 1: `graph`: relative URL without a base: \"graph\"",
                "line 8, column 2: there is no section `leters`; did you mean `letters`?",
            ]
        );
    }

    #[test]
    fn a_setting_in_the_wrong_place_is_told_where_it_belongs() {
        assert_eq!(
            objections("tenant = \"contoso.com\"\n[log]\nrecipients = []\nqueue = 1\n"),
            [
                "line 1, column 1: there is no section `tenant`; there are bench, console, entra, ledger, letters, log, metadata, paper, queue, retention, slots, stock",
                "line 3, column 1: `recipients` belongs under `[ledger]`",
                "line 4, column 1: there is no setting `queue`; there are days, folder, level",
            ]
        );
        assert_eq!(
            objections("ledger = \"x\"\n"),
            ["line 1, column 1: `ledger` is a section; write `[ledger]` and its settings below"]
        );
    }

    #[test]
    fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
        for text in [
            "[entra]\nclient_secret = \"hunter2\"\n",
            "[entra]\nclient_secret = { value = \"hunter2\" }\n",
            "[entra]\nclient_secret = \"hunter2\n",
            "[entra]\nclient_secert = \"hunter2\"\n",
        ] {
            let told = objections(text).join("\n");
            assert!(
                !told.contains("hunter2") && told.starts_with("line 2"),
                "{told}"
            );
        }
        let told = objections("[entra]\nclient_secret = \"hunter2\"\n").join("\n");
        assert!(told.contains("{ env = \"NAME\" }"), "{told}");
    }

    #[test]
    fn a_setting_without_a_default_can_be_set() {
        let config = read("[entra]\napi = \"beta\"\nchallenge_timeout_minutes = 60\n");
        assert_eq!(
            config.expect("it is right").entra.challenge_timeout_minutes,
            Some(60)
        );
    }
}
