//! The administrator's text over the defaults. Every objection is told with its line; where a secret may stand, no value is
//! ever quoted.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::{Config, TEMPLATE};
use crate::wire::mistakes::{Objection, broken, in_order, line, plain, unknown};

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

/// Reads `text`; what it does not say is as in [`TEMPLATE`].
///
/// # Errors
/// Everything that cannot be used, in the order of the lines.
pub(super) fn read(text: &str) -> Result<Config, Vec<String>> {
    let no_toml = |error: toml::de::Error| vec![broken(text, &error)];
    let spans = DeTable::parse(text).map_err(no_toml)?;
    let values: toml::Table = toml::from_str(text).map_err(no_toml)?;
    let defaults: toml::Table = toml::from_str(TEMPLATE).map_err(no_toml)?;
    let mut whole = defaults.clone();
    let mut objections = Vec::new();
    let mut lines = BTreeMap::new();
    for (name, section) in spans.get_ref() {
        let (at, name) = (name.span().start, name.get_ref().as_ref());
        let Some(toml::Value::Table(known)) = defaults.get(name) else {
            let sections: Vec<&str> = defaults.keys().map(String::as_str).collect();
            objections.push(Objection(at, unknown("section", name, &sections)));
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
    Err(in_order(text, objections))
}

/// Whether a setting is known, and its value one that it takes: tried alone over the defaults, so that each is told by itself.
fn judge(
    defaults: &toml::Table,
    known: &toml::Table,
    (section, setting): (&str, &str),
    value: &toml::Value,
) -> Result<(), String> {
    if section != NAMED && !settings(section, known).contains(&setting) {
        let has_it = |(other, known): &(&String, &toml::Value)| {
            let known = known.as_table().map(|known| settings(other, known));
            known.is_some_and(|known| known.contains(&setting))
        };
        let elsewhere: Vec<String> = defaults
            .iter()
            .filter(has_it)
            .map(|(other, _)| format!("`[{other}]`"))
            .collect();
        return Err(if elsewhere.is_empty() {
            unknown("setting", setting, &settings(section, known))
        } else {
            format!("`{setting}` belongs under {}", elsewhere.join(" or "))
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

/// The settings of a section, those without a default as well, in the order of their letters.
fn settings<'a>(section: &str, known: &'a toml::Table) -> Vec<&'a str> {
    let without = WITHOUT_DEFAULT.into_iter();
    let without = without.filter_map(|(of, setting)| (of == section).then_some(setting));
    let mut all: Vec<&str> = known.keys().map(String::as_str).chain(without).collect();
    all.sort_unstable();
    all
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
    fn a_setting_without_a_default_is_known_as_well() {
        assert_eq!(
            objections(
                "[entra]\ncertificat = { file = \"a.pem\" }\nchallenge_timeout_minuts = 9\n[ledger]\ncertificate = \"x\"\n[log]\npassword = \"x\"\n[paper]\npasword = \"x\"\n"
            ),
            [
                "line 2, column 1: there is no setting `certificat`; did you mean `certificate`?",
                "line 3, column 1: there is no setting `challenge_timeout_minuts`; did you mean `challenge_timeout_minutes`?",
                "line 5, column 1: `certificate` belongs under `[console]` or `[entra]`",
                "line 7, column 1: `password` belongs under `[paper]`",
                "line 9, column 1: there is no setting `pasword`; did you mean `password`?",
            ]
        );
        let [told] = objections("[entra]\nzzz = 1\n").try_into().expect("one");
        for (_, setting) in WITHOUT_DEFAULT.iter().filter(|(of, _)| *of == "entra") {
            assert!(told.contains(setting), "{told}");
        }
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
