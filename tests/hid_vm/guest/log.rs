//! What the program wrote into its own log: which arrivals it saw and what led it to look, and what the keys told it.

use std::fs;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::bench::Insertion;
use crate::home::Home;

/// What a key told the program in getInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) versions: Vec<String>,
    /// 32 hexadecimal digits.
    pub(crate) aaguid: String,
}

/// Every insertion was announced by the system, and seen. Which came first is told, for the record: a look in turn may fall
/// between an event and its announcement.
pub(crate) fn announced_and_seen(home: &Home, insertions: &[Insertion]) {
    let mut announced: Vec<Timestamp> = fields(home, "announced")
        .into_iter()
        .filter(|(_, fields)| fields["action"] == "Add")
        .map(|(at, _)| at)
        .collect();
    let seen = fields(home, "seen");
    for insertion in insertions {
        let place = format!("hid:{}", insertion.port.phys);
        let here = format!("Arrived {{ place: Place(\"{place}\")");
        let first = seen
            .iter()
            .find(|(at, seen)| *at >= insertion.at && text(seen, "event").starts_with(&here));
        let (at, seen) = first.unwrap_or_else(|| panic!("not seen: {insertion:?} in {seen:?}"));
        // Each announcement is one insertion's.
        let own = announced.iter().position(|at| *at >= insertion.at);
        let own = announced.remove(own.unwrap_or_else(|| panic!("not announced: {insertion:?}")));
        let after = |at: Timestamp| at.duration_since(insertion.at).as_millis();
        println!(
            "guest: {place}: announced after {} ms, seen after {} ms ({})",
            after(own),
            after(*at),
            text(seen, "cause")
        );
    }
}

/// What the key in this slot told the first time it was read.
pub(crate) fn first_read(home: &Home, slot: u16) -> Read {
    let read = fields(home, "key read");
    let said = read
        .iter()
        .map(|(_, fields)| fields)
        .find(|fields| fields["slot"] == slot)
        .unwrap_or_else(|| panic!("slot {slot} was not read"));
    Read {
        versions: serde_json::from_str(text(said, "versions")).unwrap(),
        aaguid: text(said, "aaguid").replace('-', ""),
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
