//! Guards the house: who may import whom, which outside crate lives where, how every file begins and how long it is.
//!
//! It reads the text of `src`, comments and strings taken out, and looks at every path in it (`use` trees and paths in
//! line). It does not resolve names: what comes in through a re-export at the crate's root is refused instead.

#[path = "layers/paths.rs"]
mod paths;

use std::fs;
use std::path::{Path, PathBuf};

use paths::paths_of;

const FILE_LINES_MAX: usize = 450;

/// Each layer and the layers that it may name, itself included.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("port", &["port", "domain"]),
    ("app", &["app", "port", "domain"]),
    ("adapter", &["adapter", "port", "domain"]),
    ("practice", &["practice", "port", "domain"]),
    ("portal", &["portal", "domain"]),
    ("face", &["face", "app", "port", "domain"]),
    ("wire", LAYERS),
    ("main", LAYERS),
    ("lib", LAYERS),
];

const LAYERS: &[&str] = &[
    "domain", "port", "app", "adapter", "practice", "portal", "face", "wire",
];

/// Outside crates that have one home, and the homes: a layer, or a place in it. What is not listed may be used anywhere
/// but in the layers of [`PURE`].
const HOMES: &[(&str, &[&str])] = &[
    ("hidapi", &["adapter/ctap"]),
    ("pcsc", &["adapter/ctap"]),
    ("udev", &["adapter/ctap"]),
    ("ctap_hid_fido2", &["adapter/ctap"]),
    (
        "reqwest",
        &["adapter/entra", "adapter/mds", "adapter/paper/printer"],
    ),
    ("webpki", &["adapter/mds"]),
    ("ipp", &["adapter/paper/printer"]),
    ("rusqlite", &["adapter/ledger"]),
    // PINs, and the sign-in of an administrator.
    ("age", &["adapter/ledger", "adapter/entra"]),
    ("printpdf", &["adapter/paper"]),
    ("rustybuzz", &["adapter/paper"]),
    ("notify", &["adapter/folder"]),
    ("opensk", &["practice"]),
    ("axum", &["practice", "face/console"]),
    ("axum_server", &["face/console"]),
    ("askama", &["face/console"]),
    ("rust_embed", &["face/console"]),
    ("argon2", &["adapter/accounts"]),
    ("ring", &["practice", "adapter/entra"]),
    ("p12_keystore", &["adapter/entra"]),
    ("httparse", &["adapter/entra"]),
    ("rcgen", &["practice", "adapter/entra"]),
    ("rsa", &["adapter/entra"]),
    ("clap", &["face"]),
    ("clap_complete", &["face"]),
    ("clap_mangen", &["face"]),
    ("indicatif", &["face"]),
    ("rpassword", &["face"]),
    ("sd_notify", &["wire"]),
    (
        "tokio",
        &[
            "app/station",
            "adapter",
            "face",
            "portal",
            "practice",
            "wire",
            "main",
        ],
    ),
];

/// The layers that may name only these outside crates, and of `std` nothing that reaches outside.
const PURE: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "serde",
            "serde_json",
            "thiserror",
            "zeroize",
            "unicode_normalization",
            // Codecs and comparisons: functions from bytes to bytes.
            "base64",
            "strsim",
            // The calendar day on a letter. Its clock is banned by clippy.
            "jiff",
        ],
    ),
    ("port", &["jiff"]),
];

const STD_OUTSIDE: &[&str] = &["env", "fs", "net", "process", "thread"];

#[test]
fn every_arrow_of_the_house_points_the_right_way() {
    let outside = dependencies();
    let files = source_files();
    // A guard that reads nothing would guard nothing.
    assert!(files.len() >= 10, "only {} files in src", files.len());
    let mut faults = Vec::new();
    for file in &files {
        let text = fs::read_to_string(Path::new("src").join(file)).expect("a source file");
        faults.extend(judge(file, &text, &outside));
    }
    assert!(
        faults.is_empty(),
        "{} faults in the house:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn every_crate_with_a_home_is_a_dependency() {
    let outside = dependencies();
    for (name, _) in HOMES {
        assert!(
            outside.iter().any(|known| known == name),
            "{name} has a home in this test and is no dependency any more"
        );
    }
}

/// All that is wrong with one file of `src`, one line each. `file` is its path below `src`.
fn judge(file: &str, text: &str, outside: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push(format!(
            "src/{file}: begins without `//!`: say what the file is for and what it never does"
        ));
    }
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        faults.push(format!(
            "src/{file}: {lines} lines, more than {FILE_LINES_MAX}: divide it"
        ));
    }
    // Tests may name every layer and every crate.
    if is_test_file(file) {
        return faults;
    }
    let module = module_of(file);
    for (line, path) in paths_of(text, &module) {
        if let Some(fault) = judge_path(file, &module, &path, outside) {
            faults.push(format!("src/{file}:{line}: `{}` {fault}", path.join("::")));
        }
    }
    faults
}

/// What is wrong with one path, `crate::…` or `outside::…`, when it stands in `module`.
fn judge_path(
    file: &str,
    module: &[String],
    path: &[String],
    outside: &[String],
) -> Option<String> {
    let layer = layer_of(file);
    let first = path.first()?.as_str();
    let second = path.get(1).map(String::as_str);
    if first == "crate" {
        return judge_arrow(layer, module, path);
    }
    let pure = PURE.iter().find(|(name, _)| *name == layer);
    if let Some((_, allowed)) = pure {
        if first == "std" {
            return second
                .filter(|part| STD_OUTSIDE.contains(part))
                .map(|part| {
                    format!("reaches outside: `{layer}` is handed what std::{part} gives")
                });
        }
        if outside.iter().any(|name| name == first) && !allowed.contains(&first) {
            return Some(format!("is not for `{layer}`, which may use {allowed:?}"));
        }
    }
    let (_, homes) = HOMES.iter().find(|(name, _)| *name == first)?;
    let place = file.trim_end_matches(".rs");
    let at_home = homes.iter().any(|home| {
        place == *home || place.starts_with(&format!("{home}/")) || place == format!("{home}/mod")
    });
    (!at_home).then(|| format!("lives only in {homes:?}"))
}

fn judge_arrow(layer: &str, module: &[String], path: &[String]) -> Option<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == layer) else {
        return Some(format!(
            "stands in `{layer}`, which is no layer of the house"
        ));
    };
    if ["wire", "main", "lib"].contains(&layer) {
        return None;
    }
    let named = path.get(1).map_or("", String::as_str);
    if !LAYERS.contains(&named) {
        return Some("goes through the crate's root: name the layer".to_owned());
    }
    if !allowed.contains(&named) {
        return Some(format!("is an arrow from `{layer}` to `{named}`"));
    }
    // Adapters meet behind ports, never directly.
    let (own, other) = (module.get(1)?, path.get(2)?);
    let is_module = other.chars().next().is_some_and(char::is_lowercase);
    (layer == "adapter" && named == "adapter" && own != other && is_module)
        .then(|| format!("is an arrow from one adapter, `{own}`, to another, `{other}`"))
}

/// `domain/pin.rs` is in `domain`, `port.rs` is `port`.
fn layer_of(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.trim_end_matches(".rs")
}

/// The module that a file is: `adapter/ctap/mod.rs` and `adapter/ctap.rs` are `["adapter", "ctap"]`.
fn module_of(file: &str) -> Vec<String> {
    let mut parts: Vec<String> = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if parts
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        parts.pop();
    }
    parts
}

fn is_test_file(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// The names of all dependencies as code writes them. The section headings of Cargo.toml are enough to find them.
fn dependencies() -> Vec<String> {
    let manifest: toml::Table = fs::read_to_string("Cargo.toml")
        .expect("Cargo.toml")
        .parse()
        .expect("Cargo.toml is TOML");
    let table = manifest
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .expect("dependencies");
    table.keys().map(|name| name.replace('-', "_")).collect()
}

/// Every Rust file below `src`, as a path below `src`.
fn source_files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of src") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let below = path.strip_prefix("src").expect("below src");
                files.push(below.to_str().expect("a plain name").to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Judges planted text and compares what is found: only the words between the backquotes and what follows.
fn check(file: &str, code: &str, expected: &[&str]) {
    let text = format!("//! Planted.\n{code}");
    let faults = judge(file, &text, &dependencies());
    let found: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.split_once(": ").map(|(_, rest)| rest))
        .collect();
    assert_eq!(found, expected, "in src/{file}:\n{code}");
}

#[test]
fn a_wrong_arrow_is_seen() {
    check(
        "domain/job.rs",
        "use crate::port::Clock;",
        &["`crate::port::Clock` is an arrow from `domain` to `port`"],
    );
    check(
        "port.rs",
        "use crate::app::board;",
        &["`crate::app::board` is an arrow from `port` to `app`"],
    );
    check(
        "app/runner.rs",
        "fn f() { crate::adapter::entra::new() }",
        &["`crate::adapter::entra::new` is an arrow from `app` to `adapter`"],
    );
    check(
        "adapter/entra/mod.rs",
        "use crate::practice::tenant;",
        &["`crate::practice::tenant` is an arrow from `adapter` to `practice`"],
    );
    check(
        "practice/tenant.rs",
        "use crate::adapter::ctap;",
        &["`crate::adapter::ctap` is an arrow from `practice` to `adapter`"],
    );
    check(
        "face/cli.rs",
        "use crate::wire::build;",
        &["`crate::wire::build` is an arrow from `face` to `wire`"],
    );
    check(
        "portal/mod.rs",
        "use crate::port::Clock;",
        &["`crate::port::Clock` is an arrow from `portal` to `port`"],
    );
    check(
        "odd/mod.rs",
        "use crate::domain::job;",
        &["`crate::domain::job` stands in `odd`, which is no layer of the house"],
    );
}

#[test]
fn a_right_arrow_passes() {
    check(
        "domain/job.rs",
        "use crate::domain::pin::Pin;\nuse super::time::Timestamp;",
        &[],
    );
    check(
        "app/runner.rs",
        "use crate::{app::board, domain::job::Job, port};",
        &[],
    );
    check(
        "adapter/ctap/hid.rs",
        "use crate::adapter::ctap::frame;\nuse super::pin;",
        &[],
    );
    check("wire.rs", "use crate::{adapter, face, practice};", &[]);
    check("main.rs", "use keyline::wire;", &[]);
}

#[test]
fn an_arrow_cannot_hide() {
    let through_group = &["`crate::adapter::paper` is an arrow from `domain` to `adapter`"];
    check(
        "domain/job.rs",
        "use crate::{\n    domain::pin,\n    adapter::paper,\n};",
        through_group,
    );
    check(
        "domain/job.rs",
        "use super::super::adapter::paper;",
        through_group,
    );
    check(
        "domain/job.rs",
        "mod inner { use super::super::super::adapter::paper; }",
        through_group,
    );
    check(
        "domain/job.rs",
        "fn f(a: &crate::adapter::paper) {}",
        through_group,
    );
    check(
        "domain/job.rs",
        "use crate::Pin;",
        &["`crate::Pin` goes through the crate's root: name the layer"],
    );
    check(
        "domain/job.rs",
        "use super::super::*;",
        &["`crate` goes through the crate's root: name the layer"],
    );
    check(
        "adapter/entra/mod.rs",
        "use crate::adapter::ledger::Ledger;",
        &[
            "`crate::adapter::ledger::Ledger` is an arrow from one adapter, `entra`, to another, `ledger`",
        ],
    );
}

#[test]
fn words_in_comments_strings_and_tests_are_no_arrows() {
    check(
        "domain/job.rs",
        "// use crate::port::Clock;\n/* crate::app::x /* nested */ crate::app::y */",
        &[],
    );
    check(
        "domain/job.rs",
        "const A: &str = \"crate::port::x\\\" crate::port::y\";\nconst B: &str = r#\"use crate::\"port::x\"#;",
        &[],
    );
    check(
        "domain/job.rs",
        "fn quote<'a>(c: char) -> bool { c == '\"' || c == '\\'' }\nuse crate::port::Clock;",
        &["`crate::port::Clock` is an arrow from `domain` to `port`"],
    );
    check(
        "domain/job.rs",
        "#[cfg(test)]\nmod tests { use crate::port::Clock; fn f() { { } } }\n",
        &[],
    );
    check(
        "domain/job.rs",
        "#[cfg(test)]\nmod tests;\nuse crate::port::Clock;",
        &["`crate::port::Clock` is an arrow from `domain` to `port`"],
    );
    check("domain/job/tests.rs", "use crate::port::Clock;", &[]);
}

#[test]
fn an_outside_crate_away_from_home_is_seen() {
    check(
        "app/runner.rs",
        "use rusqlite::Connection;",
        &["`rusqlite::Connection` lives only in [\"adapter/ledger\"]"],
    );
    check(
        "adapter/paper/pdf.rs",
        "fn f() { reqwest::blocking::get() }",
        &[
            "`reqwest::blocking::get` lives only in [\"adapter/entra\", \"adapter/mds\", \"adapter/paper/printer\"]",
        ],
    );
    check("adapter/ledger.rs", "use rusqlite::Connection;", &[]);
    check("adapter/ledger/store.rs", "use ::age::Decryptor;", &[]);
    check(
        "adapter/ledgers.rs",
        "use age;",
        &["`age` lives only in [\"adapter/ledger\", \"adapter/entra\"]"],
    );
    check("app/station.rs", "#[tokio::main]\nfn f() {}", &[]);
    check(
        "app/board.rs",
        "fn ring(age: u32) -> u32 { let notify = age; self.udev(notify) }",
        &[],
    );
    let tokio = HOMES.iter().find(|(name, _)| *name == "tokio");
    let homes = tokio.map(|(_, homes)| format!("`tokio::spawn` lives only in {homes:?}"));
    check(
        "app/runner.rs",
        "fn f() { tokio::spawn(x) }",
        &[homes.as_deref().unwrap_or_default()],
    );
}

#[test]
fn the_pure_layers_stay_pure() {
    check(
        "domain/job.rs",
        "use std::{fmt, fs::File};",
        &["`std::fs::File` reaches outside: `domain` is handed what std::fs gives"],
    );
    check(
        "domain/pin.rs",
        "fn f() { std::thread::sleep(d) }",
        &["`std::thread::sleep` reaches outside: `domain` is handed what std::thread gives"],
    );
    check(
        "domain/pin.rs",
        "use zeroize::Zeroizing;\nuse serde::Deserialize;",
        &[],
    );
    let port = PURE.iter().find(|(name, _)| *name == "port");
    let fault = port
        .map(|(_, may)| format!("`serde::Deserialize` is not for `port`, which may use {may:?}"));
    check(
        "port.rs",
        "use serde::Deserialize;",
        &[fault.as_deref().unwrap_or_default()],
    );
    check("app/runner.rs", "use std::thread;", &[]);
}

#[test]
fn a_file_without_its_purpose_or_too_long_is_seen() {
    let faults = judge("domain/job.rs", "use std::fmt;\n", &dependencies());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("begins without `//!`"), "{faults:?}");
    let long = format!("//! Planted.\n{}", "\n".repeat(FILE_LINES_MAX));
    let faults = judge("domain/job.rs", &long, &dependencies());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("divide it"), "{faults:?}");
    let just = format!("//! Planted.\n{}", "\n".repeat(FILE_LINES_MAX - 1));
    assert_eq!(
        judge("domain/job.rs", &just, &dependencies()),
        Vec::<String>::new()
    );
}
