//! Writes the seeds of all eaters, and the cases that were found, below a folder: where the fuzzer begins.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

fn main() {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("error: which folder?");
        process::exit(2);
    };
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
    for eater in eaters::EATERS {
        let folder = folder.join(eater);
        fs::create_dir_all(&folder).expect("a folder");
        let found = eaters::found(&known, eater)
            .into_iter()
            .map(|(_, bytes)| bytes);
        for (number, seed) in eaters::seeds(eater).into_iter().chain(found).enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed");
        }
    }
}
