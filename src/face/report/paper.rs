//! How many letters and bags of each batch stand where, for `keyline status`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::domain::job::BatchName;
use crate::face::grid::{self, Side};
use crate::port::PaperCounts;

/// The counts of each batch.
type Paper = BTreeMap<BatchName, PaperCounts>;

pub(super) fn json(paper: &Paper) -> Value {
    let batches = paper.iter().map(|(batch, counts)| {
        let counts = json!({
            "confirmed": counts.confirmed,
            "void": counts.void,
            "spoiled": counts.spoiled,
            "bagged": counts.bagged,
            "enveloped": counts.enveloped,
            "bags_dispatched": counts.bags_dispatched,
            "letters_dispatched": counts.letters_dispatched,
        });
        (batch.0.clone(), counts)
    });
    Value::Object(batches.collect::<Map<_, _>>())
}

/// A table of the batches whose paper somebody has in hand. Where letters are files that nobody confirmed or dispatched, the
/// jobs that are done say all.
pub(super) fn table(paper: &Paper, to: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<[String; 8]> = paper
        .iter()
        .filter(|(_, counts)| is_in_hand(counts))
        .map(|(batch, counts)| {
            let [confirmed, void, spoiled, bagged, enveloped, bags, letters] = [
                counts.confirmed,
                counts.void,
                counts.spoiled,
                counts.bagged,
                counts.enveloped,
                counts.bags_dispatched,
                counts.letters_dispatched,
            ]
            .map(|number| number.to_string());
            let name = batch.0.clone();
            [
                name, confirmed, void, spoiled, enveloped, letters, bagged, bags,
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(to)?;
    let columns = [
        ("letters of", Side::Left),
        ("confirmed", Side::Right),
        ("void", Side::Right),
        ("spoiled", Side::Right),
        ("in envelope", Side::Right),
        ("dispatched", Side::Right),
        ("bagged", Side::Right),
        ("bags dispatched", Side::Right),
    ];
    grid::write(columns, &rows, to)
}

fn is_in_hand(counts: &PaperCounts) -> bool {
    let confirmed = PaperCounts {
        confirmed: counts.confirmed,
        ..PaperCounts::default()
    };
    *counts != confirmed
}
