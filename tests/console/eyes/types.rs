//! The console's scripts, checked as TypeScript checks them: the types stand in their comments. Whether they do the right thing is
//! what the browser shows.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::bench::driver::skip;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/console/assets");
/// Below this folder lies what others wrote, as they published it.
const OF_OTHERS: &str = "vendor";

/// A file of an npm package that `scripts/peers` unpacks; `None`: it is not there, which is said.
pub(super) fn tool(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/peers/web")
        .join(file);
    if path.exists() {
        return Some(path);
    }
    skip(&format!(
        "{} is missing; scripts/peers unpacks it",
        path.display()
    ));
    None
}

/// What the check says of these scripts, and whether it is content; `None`: it cannot be made here.
fn check(scripts: &[PathBuf]) -> Option<(bool, String)> {
    let compiler = tool("typescript/lib/tsc.js")?;
    let folder = tempfile::tempdir().expect("a folder");
    let project = json!({
        "compilerOptions": {
            // Which are checked each says itself, in its first line: what others wrote is taken as it is.
            "noEmit": true, "allowJs": true, "checkJs": false, "strict": true,
            "noUnusedLocals": true, "noImplicitReturns": true, "noFallthroughCasesInSwitch": true,
            "target": "es2022", "module": "es2022", "moduleResolution": "bundler",
            "lib": ["es2022", "dom", "dom.iterable", "dom.asynciterable"], "types": [],
        },
        "files": scripts,
    });
    let file = folder.path().join("tsconfig.json");
    std::fs::write(&file, project.to_string()).expect("a project");
    let told = Command::new("node")
        .arg(compiler)
        .arg("--project")
        .arg(&file)
        .output();
    let Ok(told) = told else {
        skip("there is no `node` (package nodejs)");
        return None;
    };
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    Some((told.status.success(), text))
}

fn scripts() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(SCRIPTS)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with(OF_OTHERS) {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "js") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_script_is_what_its_types_say() {
    let scripts = scripts();
    assert!(scripts.len() >= 4, "{scripts:?}");
    for script in &scripts {
        let text = std::fs::read_to_string(script).expect("a script");
        assert!(text.starts_with("// @ts-check\n"), "{}", script.display());
        for word in ["@ts-ignore", "@ts-nocheck", "@ts-expect-error"] {
            assert!(!text.contains(word), "{}: {word}", script.display());
        }
    }
    if let Some((content, told)) = check(&scripts) {
        assert!(content, "{told}");
    }
}

#[test]
fn a_wrong_type_is_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("wrong.js");
    let text = "// @ts-check\ndocument.getElementById('bench').hidden = 7;\nexport {};\n";
    std::fs::write(&script, text).expect("a script");
    if let Some((content, told)) = check(&[script]) {
        assert!(!content, "{told}");
        assert!(told.contains("possibly 'null'"), "{told}");
        assert!(told.contains("'number' is not assignable"), "{told}");
    }
}
