//! Everything of keyline that eats foreign bytes, each behind one function that takes bytes and must not panic. The same
//! eaters serve the fuzzer (`scripts/fuzz`) and the ordinary tests (`tests/foreign_bytes.rs`).
//!
//! Bytes are cut into the pieces that a key, a card or a service would send one after another; [`Pieces`] says how.

mod graph;
mod job_file;
mod key;
mod pieces;
mod seeds;

use std::path::Path;

pub use graph::graph;
pub use job_file::job_file;
pub use key::{answers, apdus, attestation, ctaphid};
pub use pieces::Pieces;
pub use seeds::{EATERS, seeds};

/// Feeds `bytes` to the eater of this name.
///
/// # Panics
/// When there is none, or keyline has a defect.
pub fn feed(eater: &str, bytes: &[u8]) {
    match eater {
        "ctaphid" => ctaphid(bytes),
        "apdus" => apdus(bytes),
        "answers" => answers(bytes),
        "attestation" => attestation(bytes),
        "graph" => graph(bytes),
        "job_file" => job_file(bytes),
        other => panic!("no eater is called {other}"),
    }
}

/// Cases that once brought an eater down, by name: `<folder>/<eater>/<name>.hex`, in hexadecimal digits and white space.
///
/// # Panics
/// When a case cannot be read.
pub fn found(folder: &Path, eater: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder.join(eater)) else {
        return Vec::new();
    };
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("a case");
            (path.display().to_string(), from_hex(&text))
        })
        .collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).expect("a hexadecimal digit"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| {
            u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).expect("a byte")
        })
        .collect()
}
