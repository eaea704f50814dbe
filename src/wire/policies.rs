//! The policies in `config/policies`: one TOML file each, its name the file's name without the ending.

mod text;

use std::path::{Path, PathBuf};

use crate::app::Policies;
use crate::domain::policy::Policy;
use crate::wire::config::{Config, ConfigFault, Remedy, listed};

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
    let (policies, faults) = read_all(config);
    faults.into_iter().next().map_or(Ok(policies), Err)
}

/// Every policy that can be used, and what is wrong with the others.
pub(super) fn read_all(config: &Config) -> (Policies, Vec<ConfigFault>) {
    let folder = config.path(&config.queue.policies);
    let mut policies = Policies {
        by_name: std::collections::BTreeMap::new(),
        default_name: config.queue.policy.clone(),
        default_language: config.letters.language.clone(),
    };
    let files = match files(&folder) {
        Ok(files) => files,
        Err(error) => {
            let fault = fault(&folder, error.to_string(), Remedy::Folder);
            return (policies, vec![fault]);
        }
    };
    let mut faults = Vec::new();
    for path in &files {
        match read(path) {
            Ok((name, policy)) => {
                policies.by_name.insert(name, policy);
            }
            Err(found) => faults.push(found),
        }
    }
    // A default whose file is there and wrong is told once, with that file.
    let is_there = files.iter().any(|path| {
        path.file_stem()
            .is_some_and(|stem| *stem == *policies.default_name)
    });
    if !is_there {
        let known: Vec<&str> = policies.by_name.keys().map(String::as_str).collect();
        let what = format!(
            "`queue.policy` names `{}`, and {} has no such policy; there are: {}",
            policies.default_name,
            folder.display(),
            known.join(", ")
        );
        faults.push(fault(&config.file, what, Remedy::Mend));
    }
    (policies, faults)
}

fn fault(file: &Path, what: String, remedy: Remedy) -> ConfigFault {
    ConfigFault {
        file: file.display().to_string(),
        what,
        remedy,
    }
}

/// The policy files in `folder`, by name.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<(String, Policy), ConfigFault> {
    let unfit = |what: String| fault(path, what, Remedy::MendPolicy);
    let name = path
        .file_stem()
        .and_then(|name| name.to_str())
        .ok_or_else(|| unfit("the name of a policy must be plain text".to_owned()))?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| fault(path, error.to_string(), Remedy::Access))?;
    Ok((name.to_owned(), parse(&text).map_err(unfit)?))
}

/// One policy from its text.
///
/// # Errors
/// Everything that is wrong with it, each with its line and column; several below each other.
pub fn parse(text: &str) -> Result<Policy, String> {
    text::read(text).map_err(|objections| listed(&objections))
}

/// What of a policy is no mistake but should be known.
pub(super) fn warning(policy: &Policy) -> Option<&'static str> {
    (policy.makes_letter() && policy.gap_days == 0).then_some(
        "gap_days = 0: a key and the letter with its PIN may travel on the same day, and whoever takes both has both; write 1 or more",
    )
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
