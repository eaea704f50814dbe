//! What the program wrote into its own log: which arrivals it saw and what led it to look, and what the keys told it.

use std::fs;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::bench::Insertion;
use crate::home::Home;

/// An arrival, as the program saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Timestamp,
    /// `Announced` or `Turn`.
    pub(crate) cause: String,
    place: String,
}

/// What a key told the program in getInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) versions: Vec<String>,
    /// 32 hexadecimal digits.
    pub(crate) aaguid: String,
}

/// What became of each insertion.
pub(crate) fn arrivals(home: &Home, insertions: &[Insertion]) -> Vec<Seen> {
    let seen: Vec<Seen> = fields(home, "seen")
        .into_iter()
        .filter_map(|(at, fields)| {
            let (_, place) = text(&fields, "event").split_once("Arrived { place: Place(\"")?;
            Some(Seen {
                at,
                cause: text(&fields, "cause").to_owned(),
                place: place.split('"').next()?.to_owned(),
            })
        })
        .collect();
    insertions
        .iter()
        .map(|insertion| {
            let place = format!("hid:{}", insertion.port.phys);
            let first = seen
                .iter()
                .find(|seen| seen.at >= insertion.at && seen.place == place)
                .unwrap_or_else(|| panic!("not seen: {insertion:?} in {seen:?}"));
            let after = first.at.duration_since(insertion.at);
            println!(
                "guest: {place}: {} after {} ms",
                first.cause,
                after.as_millis()
            );
            first.clone()
        })
        .collect()
}

/// What the key in this slot told the first time it was read.
pub(crate) fn first_read(home: &Home, slot: u16) -> Read {
    let start = format!("Read {{ slot: Slot({slot}),");
    let signals = fields(home, "signal");
    let said = signals
        .iter()
        .map(|(_, fields)| text(fields, "signal"))
        .find(|said| said.starts_with(&start))
        .unwrap_or_else(|| panic!("slot {slot} was not read"));
    let between = |from: &str, to: &str| {
        let (_, rest) = said.split_once(from).unwrap();
        rest.split_once(to).unwrap().0.to_owned()
    };
    Read {
        versions: serde_json::from_str(&format!("[{}]", between("versions: [", "]"))).unwrap(),
        aaguid: between("aaguid: Aaguid(", ")").replace('-', ""),
    }
}

/// Time and fields of all lines of the log with this message.
fn fields(home: &Home, message: &str) -> Vec<(Timestamp, Json)> {
    let mut found = Vec::new();
    for file in fs::read_dir(home.path("log")).unwrap() {
        let lines = fs::read_to_string(file.unwrap().path()).unwrap();
        for line in lines.lines() {
            let mut line: Json = serde_json::from_str(line).unwrap();
            if line["fields"]["message"] == message {
                let at = text(&line, "timestamp").parse().unwrap();
                found.push((at, line["fields"].take()));
            }
        }
    }
    found
}

fn text<'a>(of: &'a Json, name: &str) -> &'a str {
    of[name].as_str().unwrap()
}
