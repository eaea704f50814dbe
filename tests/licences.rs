//! Guards what keyline is made of: the licence and the source of every dependency, and that each says what it is for.
//!
//! It judges what is built on this kind of machine, normal, build and test dependencies alike, and needs no network. It
//! gives no legal advice: it holds the list that was decided. `.deny.toml` says the same to `cargo deny`.

use std::fs;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use spdx::{Expression, LicenseReq, ParseMode};

/// Licences that any dependency may have: permissive, and compatible with `Apache-2.0 OR MIT` for source and binary.
const ALLOWED: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    // The Unicode data tables.
    "Unicode-3.0",
    "Zlib",
];

/// One dependency with a licence of its own, and why that is right for this one alone.
struct Exception {
    package: &'static str,
    licence: &'static str,
    /// Read by people, and by the test that no reason is empty.
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        package: "notify",
        licence: "CC0-1.0",
        reason: "a public domain dedication; it grants no patents, and watching a folder needs none",
    },
    Exception {
        package: "azul-simplecss",
        licence: "MPL-2.0",
        reason: "copyleft by file; used unchanged under printpdf, and its source is on crates.io",
    },
    Exception {
        package: "webdriver",
        licence: "MPL-2.0",
        reason: "copyleft by file; used unchanged by the tests alone, and its source is on crates.io",
    },
];

#[test]
fn every_dependency_has_a_licence_that_was_decided_on() {
    let metadata = metadata();
    let packages = built_packages(&metadata);
    // All of Cargo.toml and what it brings: far more than a handful.
    assert!(packages.len() > 100, "only {} packages", packages.len());
    let mut faults = Vec::new();
    let mut used = Vec::new();
    for package in packages {
        match judge(&package.name, package.license.as_deref()) {
            Ok(None) => {}
            Ok(Some(exception)) => used.push(exception.package),
            Err(fault) => faults.push(format!("{} {}: {fault}", package.name, package.version)),
        }
    }
    for exception in EXCEPTIONS {
        assert!(!exception.reason.is_empty(), "{}", exception.package);
        if !used.contains(&exception.package) {
            faults.push(format!(
                "{}: an exception that nothing needs any more",
                exception.package
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_dependency_comes_from_the_public_registry() {
    let metadata = metadata();
    let strangers: Vec<String> = built_packages(&metadata)
        .into_iter()
        .filter(|package| !is_from_registry(package))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.source))
        .collect();
    assert!(strangers.is_empty(), "{}", strangers.join("\n"));
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest = fs::read_to_string("Cargo.toml").expect("Cargo.toml");
    let metadata = metadata();
    let root = metadata.root_package().expect("keyline itself");
    let declared = root
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .count();
    let (said, silent) = purposes(&manifest);
    assert!(silent.is_empty(), "for what? {}", silent.join(", "));
    // One on more than one line, or in a table of its own, would escape the reader of lines.
    assert_eq!(said.len(), declared, "one line per dependency");
}

/// Whether a package's licence is fine: by the list (`None`), or by an exception. Of `A OR B` one is enough, of `A AND B`
/// both are needed.
fn judge(package: &str, licence: Option<&str>) -> Result<Option<&'static Exception>, String> {
    let Some(licence) = licence else {
        return Err("names no licence".to_owned());
    };
    // Older packages write `MIT/Apache-2.0` and mean OR.
    let expression = Expression::parse_mode(licence, ParseMode::LAX)
        .map_err(|error| format!("has a licence that cannot be read, {licence:?}: {error}"))?;
    let allowed = |requirement: &LicenseReq| ALLOWED.contains(&requirement.to_string().as_str());
    if expression.evaluate(allowed) {
        return Ok(None);
    }
    let exception = EXCEPTIONS
        .iter()
        .find(|exception| exception.package == package);
    exception
        .filter(|exception| {
            expression.evaluate(|requirement| {
                allowed(requirement) || requirement.to_string() == exception.licence
            })
        })
        .map(Some)
        .ok_or_else(|| format!("has a licence that nobody decided on, {licence}"))
}

/// The lines of `[dependencies]` that end with a purpose, and the names on those that do not.
fn purposes(manifest: &str) -> (Vec<&str>, Vec<&str>) {
    let mut inside = false;
    let mut said = Vec::new();
    let mut silent = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line
                .trim_end()
                .trim_end_matches(']')
                .ends_with("dependencies")
                && !line.contains("dev-dependencies");
        } else if inside && line.starts_with(|first: char| first.is_alphanumeric()) {
            let name = line.split([' ', '=', '.']).next().unwrap_or(line);
            let purpose = line.rsplit_once(" # ").map_or("", |(_, purpose)| purpose);
            if purpose.trim().is_empty() {
                silent.push(name);
            } else {
                said.push(name);
            }
        }
    }
    (said, silent)
}

fn is_from_registry(package: &Package) -> bool {
    match &package.source {
        Some(source) => source.is_crates_io(),
        // Only keyline itself lies in this folder.
        None => package.name == env!("CARGO_PKG_NAME"),
    }
}

/// What the lock file names for this kind of machine. All of it is there already, or this test would not have been built.
fn metadata() -> Metadata {
    let platform = format!("--filter-platform={}", host());
    MetadataCommand::new()
        .other_options(vec![
            "--locked".to_owned(),
            "--offline".to_owned(),
            platform,
        ])
        .exec()
        .expect("cargo metadata")
}

/// The name of this kind of machine, as `rustc -vV` says it.
fn host() -> String {
    let output = std::process::Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc");
    let text = String::from_utf8(output.stdout).expect("words");
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("a host")
        .to_owned()
}

fn built_packages(metadata: &Metadata) -> Vec<&Package> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    resolve
        .nodes
        .iter()
        .map(|node| &metadata[&node.id])
        .collect()
}

fn check(package: &str, licence: Option<&str>, expected: Result<bool, &str>) {
    let found = judge(package, licence);
    let found = found.as_ref().map(Option::is_some).map_err(String::as_str);
    assert_eq!(found, expected, "{package}: {licence:?}");
}

#[test]
fn a_licence_on_the_list_passes() {
    check("planted", Some("MIT"), Ok(false));
    check("planted", Some("MIT/Apache-2.0"), Ok(false));
    check("planted", Some("GPL-3.0-only OR MIT"), Ok(false));
    check(
        "planted",
        Some("(MIT OR GPL-2.0-only) AND Unicode-3.0"),
        Ok(false),
    );
    check("planted", Some("Apache-2.0 WITH LLVM-exception"), Ok(false));
}

#[test]
fn a_planted_bad_licence_is_refused() {
    let refused = |licence: &str, words: &str| check("planted", Some(licence), Err(words));
    refused(
        "AGPL-3.0-only",
        "has a licence that nobody decided on, AGPL-3.0-only",
    );
    refused(
        "MIT AND GPL-3.0-or-later",
        "has a licence that nobody decided on, MIT AND GPL-3.0-or-later",
    );
    refused(
        "LGPL-2.1-or-later",
        "has a licence that nobody decided on, LGPL-2.1-or-later",
    );
    check("planted", None, Err("names no licence"));
    let unreadable = judge("planted", Some("Ask me")).err().unwrap_or_default();
    assert!(
        unreadable.starts_with("has a licence that cannot be read"),
        "{unreadable}"
    );
}

#[test]
fn an_exception_is_for_one_package_and_one_licence() {
    check("notify", Some("CC0-1.0"), Ok(true));
    check(
        "planted",
        Some("CC0-1.0"),
        Err("has a licence that nobody decided on, CC0-1.0"),
    );
    check(
        "notify",
        Some("MPL-2.0"),
        Err("has a licence that nobody decided on, MPL-2.0"),
    );
}

#[test]
fn a_dependency_without_a_purpose_is_seen() {
    let manifest = "[dependencies]\n# Words above.\nserde = \"1\" # typed files\ntoml = \"1\"\ncsv = \"1\" # \n\
                    [dev-dependencies]\nproptest = \"1\"\n[target.'cfg(unix)'.dependencies]\nudev = \"0.9\"\n";
    let (said, silent) = purposes(manifest);
    assert_eq!(said, ["serde"]);
    assert_eq!(silent, ["toml", "csv", "udev"]);
}
