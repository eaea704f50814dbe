//! The policies in `config/policies`: one TOML file each, its name the file's name without the ending.

use std::path::Path;

use crate::app::Policies;
use crate::domain::policy::Policy;
use crate::wire::config::{Config, ConfigFault};

/// The shipped policies, which `keyline init` writes.
pub const SHIPPED: [(&str, &str); 4] = [
    (
        "standard.toml",
        include_str!("../../config/policies/standard.toml"),
    ),
    (
        "strict.toml",
        include_str!("../../config/policies/strict.toml"),
    ),
    ("keep.toml", include_str!("../../config/policies/keep.toml")),
    (
        "specified.toml",
        include_str!("../../config/policies/specified.toml"),
    ),
];

/// Reads and checks every policy. A policy with a typo must not run, so one bad file stops the station.
///
/// # Errors
/// The first file that cannot be used, with every objection to it.
pub fn load(config: &Config) -> Result<Policies, ConfigFault> {
    let folder = config.path(&config.queue.policies);
    let fault = |file: &Path, what: String| ConfigFault {
        file: file.display().to_string(),
        what,
    };
    let mut policies = Policies {
        by_name: std::collections::BTreeMap::new(),
        default_name: config.queue.policy.clone(),
        default_language: config.letters.language.clone(),
    };
    let entries = std::fs::read_dir(&folder).map_err(|error| fault(&folder, error.to_string()))?;
    for entry in entries {
        let path = entry
            .map_err(|error| fault(&folder, error.to_string()))?
            .path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
            return Err(fault(
                &path,
                "the name of a policy must be plain text".to_owned(),
            ));
        };
        let text =
            std::fs::read_to_string(&path).map_err(|error| fault(&path, error.to_string()))?;
        let policy = parse(&text).map_err(|what| fault(&path, what))?;
        policies.by_name.insert(name.to_owned(), policy);
    }
    if policies.by_name.contains_key(&policies.default_name) {
        Ok(policies)
    } else {
        let known: Vec<&str> = policies.by_name.keys().map(String::as_str).collect();
        let what = format!(
            "`queue.policy` names `{}`, and {} has no such policy; there are: {}",
            policies.default_name,
            folder.display(),
            known.join(", ")
        );
        Err(fault(&config.file, what))
    }
}

/// One policy from its text.
///
/// # Errors
/// The parser's words with the line, or every objection to its settings.
pub fn parse(text: &str) -> Result<Policy, String> {
    let policy: Policy = toml::from_str(text).map_err(|error| error.to_string())?;
    policy.check().map_err(|objections| {
        objections
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    })?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_policies_are_sound_and_the_first_shows_every_default() {
        for (name, text) in SHIPPED {
            parse(text).unwrap_or_else(|what| panic!("{name}: {what}"));
        }
        assert_eq!(parse(SHIPPED[0].1).expect("it parses"), Policy::default());
    }

    #[test]
    fn a_typo_is_told_with_its_line() {
        let what = parse("reset = \"random\"\nforce_pin_chnage = true\n")
            .expect_err("a typo must not run");
        assert!(
            what.contains("line 2") && what.contains("force_pin_chnage"),
            "{what}"
        );
    }
}
