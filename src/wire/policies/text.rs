//! The text of a policy: every mistake in it is told at once, with its line. What the values mean together is the domain's to judge.

use toml::de::DeTable;

use crate::domain::pin_rule::PinRule;
use crate::domain::policy::Policy;
use crate::wire::mistakes::{Objection, broken, in_order, plain, unknown};

/// The settings of the section that draws PINs.
const PIN: &str = "pin";

/// Reads `text`; what it does not say has its default.
///
/// # Errors
/// Everything that cannot be used, in the order of the lines; of a text that is no TOML, the first place where it is none.
pub(super) fn read(text: &str) -> Result<Policy, Vec<String>> {
    let no_toml = |error: toml::de::Error| vec![broken(text, &error)];
    let spans = DeTable::parse(text).map_err(no_toml)?;
    let values: toml::Table = toml::from_str(text).map_err(no_toml)?;
    let mut objections = Vec::new();
    let mut places = Vec::new();
    for (name, place) in spans.get_ref() {
        let (at, name) = (name.span().start, name.get_ref().as_ref());
        let Some(value) = values.get(name) else {
            continue;
        };
        places.push((at, name));
        match (name, value, place.get_ref().as_table()) {
            (PIN, toml::Value::Table(values), Some(settings)) => {
                for setting in settings.keys() {
                    let (at, setting) = (setting.span().start, setting.get_ref().as_ref());
                    let told = values
                        .get(setting)
                        .and_then(|value| judge_pin(setting, value));
                    objections.extend(told.map(|what| Objection(at, what)));
                }
            }
            (PIN, ..) => {
                let what = "`pin` is a section; write `[pin]` and its settings below, at the end";
                objections.push(Objection(at, what.to_owned()));
            }
            _ => objections.extend(judge(name, value).map(|what| Objection(at, what))),
        }
    }
    if !objections.is_empty() {
        return Err(in_order(text, objections));
    }
    let policy: Policy = values
        .try_into()
        .map_err(|error| vec![plain(error.message())])?;
    policy.check().map_err(|unfit| {
        let told = unfit.iter().map(|one| {
            let what = one.to_string();
            Objection(place_of(&what, &places), what)
        });
        in_order(text, told.collect())
    })?;
    Ok(policy)
}

/// What is wrong with one setting, tried alone, so that each is told by itself.
fn judge(name: &str, value: &toml::Value) -> Option<String> {
    if !Policy::settings().contains(&name) {
        let in_pin = pin_settings().iter().any(|known| known == name);
        return Some(if in_pin {
            format!("`{name}` belongs under `[pin]`, at the end of the file")
        } else {
            unknown("setting", name, &Policy::settings())
        });
    }
    let tried = toml::Table::from_iter([(name.to_owned(), value.clone())]);
    let error = tried.try_into::<Policy>().err()?;
    Some(format!("`{name}`: {}", plain(error.message())))
}

fn judge_pin(name: &str, value: &toml::Value) -> Option<String> {
    let known = pin_settings();
    if !known.iter().any(|known| known == name) {
        // A line that was added at the end of the file has come to lie in this section.
        return Some(if Policy::settings().contains(&name) {
            format!("`{name}` belongs above `[pin]`")
        } else {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            unknown("setting", name, &known)
        });
    }
    let tried = toml::Table::from_iter([(name.to_owned(), value.clone())]);
    let error = tried.try_into::<PinRule>().err()?;
    Some(format!(
        "`{name}` under `[pin]`: {}",
        plain(error.message())
    ))
}

/// As the default rule writes them.
fn pin_settings() -> Vec<String> {
    let default = toml::Table::try_from(PinRule::default());
    default.map_or_else(|_| Vec::new(), |table| table.keys().cloned().collect())
}

/// Where the first setting that `what` names stands in the text; its beginning, where it stands nowhere.
fn place_of(what: &str, places: &[(usize, &str)]) -> usize {
    let named = what.split('`').skip(1).step_by(2);
    let named = named.map(|quoted| quoted.split([' ', '=']).next().unwrap_or(quoted));
    let mut standing = named.filter_map(|name| places.iter().find(|(_, known)| *known == name));
    standing.next().map_or(0, |(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objections(text: &str) -> Vec<String> {
        read(text).expect_err("this must not run")
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_line() {
        let text = "reset = \"randm\"\nforce_pin_chnage = true\n  gap_days = \"one\"\nmodels = [\"x\"]\nlength = 7\n\n[pin]\nlenght = 8\nalphabet = \"hex\"\nreissues_max = 2\n";
        assert_eq!(
            objections(text),
            [
                "line 1, column 1: `reset`: unknown variant `randm`, expected one of `keep`, `random`, `specified`",
                "line 2, column 1: there is no setting `force_pin_chnage`; did you mean `force_pin_change`?",
                "line 3, column 3: `gap_days`: invalid type: string \"one\", expected a whole number, 0 or more",
                "line 4, column 1: `models`: `x` is not an AAGUID (32 hexadecimal digits, as in 2fc0579f-8113-47ea-b116-bb5a8db9202a)",
                "line 5, column 1: `length` belongs under `[pin]`, at the end of the file",
                "line 8, column 1: there is no setting `lenght`; did you mean `length`?",
                "line 9, column 1: `alphabet` under `[pin]`: unknown variant `hex`, expected `digits` or `alphanumeric`",
                "line 10, column 1: `reissues_max` belongs above `[pin]`",
            ]
        );
        assert_eq!(
            objections("pin = 8\n"),
            [
                "line 1, column 1: `pin` is a section; write `[pin]` and its settings below, at the end"
            ]
        );
    }

    #[test]
    fn settings_that_contradict_each_other_are_told_with_their_lines() {
        assert_eq!(
            objections("always_uv = true\nreset = \"keep\"\nkey_name = \"\"\n[pin]\nlength = 3\n")
                .iter()
                .map(|told| told.split(": ").next().unwrap_or_default())
                .collect::<Vec<_>>(),
            ["line 1, column 1", "line 2, column 1", "line 3, column 1"]
        );
        let [told] = objections("gap_days = 2\n\n[pin]\nlength = 3\n")
            .try_into()
            .expect("one");
        assert!(told.starts_with("line 3, column 2: `pin`: "), "{told}");
    }

    #[test]
    fn a_text_that_is_no_toml_is_told_where_it_ends_to_be() {
        let [told] = objections("reset = \"random\"\ngap_days = \n")
            .try_into()
            .expect("one");
        assert!(told.starts_with("line 2, column "), "{told}");
        assert!(
            !told.contains('\n') && !told.contains("TOML parse error"),
            "{told}"
        );
    }
}
