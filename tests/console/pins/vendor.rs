//! What the pages have from npm is what stands in the lock file, bundled: whoever has npm and the network makes it anew, and it is
//! the same to the byte.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FILES: [&str; 2] = ["age.js", "age.LICENSES.txt"];

fn committed(name: &str) -> Vec<u8> {
    let folder = Path::new(ROOT).join("templates/console/assets/vendor");
    std::fs::read(folder.join(name)).expect(name)
}

#[test]
fn the_bundle_is_made_anew_to_the_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().join("vendor");
    std::fs::create_dir(&here).expect("a folder");
    for name in [
        "build",
        "age.mjs",
        "none.mjs",
        "package.json",
        "package-lock.json",
    ] {
        let from = Path::new(ROOT).join("scripts/vendor").join(name);
        std::fs::copy(from, here.join(name)).expect(name);
    }
    let (out, cache) = (folder.path().join("out"), folder.path().join("cache"));
    let made = Command::new(here.join("build"))
        .arg(&out)
        .env("npm_config_cache", cache)
        .output()
        .expect("the script");
    if !made.status.success() {
        // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: scripts/vendor/build needs node, npm and the network: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        return;
    }
    for name in FILES {
        let anew = std::fs::read(out.join(name)).expect(name);
        assert!(
            anew == committed(name),
            "{name} is not what scripts/vendor/build makes"
        );
    }
}

#[test]
fn the_bundle_runs_under_the_strict_policy_and_asks_nobody() {
    let text = String::from_utf8(committed("age.js")).expect("text");
    for word in [
        "WebAssembly",
        "eval(",
        "new Function",
        "import(",
        "fetch(",
        "XMLHttpRequest",
        "http://",
        "https://",
    ] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(
        text.contains("export{") && text.len() < 80_000,
        "{}",
        text.len()
    );
}
