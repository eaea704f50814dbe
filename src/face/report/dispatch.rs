//! `keyline mailer dispatch`: what leaves, what stays and why, and how many left before.

use std::io::Write;

use serde_json::json;

use crate::app::trail::{Fate, Line, Stay, Thing};
use crate::face::report::{json, written};
use crate::face::say::news::count;
use crate::face::say::{Complaint, clean::clean, trail};

/// Writes what a dispatch of `batch` came to; `rehearsal`: what it would come to.
///
/// # Errors
/// Those of `to`.
pub fn dispatch(
    batch: &str,
    lines: &[Line],
    rehearsal: bool,
    as_json: bool,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        if as_json {
            let items: Vec<_> = lines.iter().map(line_json).collect();
            let value = json!({ "batch": batch, "dry_run": rehearsal, "items": items });
            return json::write(&value, to);
        }
        let leaves = if rehearsal {
            "would leave now"
        } else {
            "leaves now"
        };
        for line in lines {
            let fate = match &line.fate {
                Fate::Leaves => leaves.to_owned(),
                Fate::Stays(stay) => format!("stays: {}", trail::stays(stay)),
                // Day after day the same list would grow only longer.
                Fate::Left => continue,
            };
            writeln!(to, "{:16}  {fate}", trail::things(line))?;
        }
        writeln!(to, "{}", sum(batch, lines, rehearsal))
    })
}

fn line_json(line: &Line) -> serde_json::Value {
    let stay = match &line.fate {
        Fate::Leaves | Fate::Left => None,
        Fate::Stays(stay) => Some(stay),
    };
    json!({
        "job": line.job,
        "envelope": line.envelope.to_string(),
        "item": match line.thing {
            Thing::Job => None,
            Thing::Bag | Thing::Letter => Some(trail::things(line)),
        },
        "fate": match line.fate {
            Fate::Leaves => "leaves",
            Fate::Left => "left",
            Fate::Stays(_) => "stays",
        },
        "why": stay,
        "message": stay.map(trail::stays),
    })
}

fn sum(batch: &str, lines: &[Line], rehearsal: bool) -> String {
    let of = |thing: Thing, fits: &dyn Fn(&Fate) -> bool| {
        let fitting = lines
            .iter()
            .filter(|line| line.thing == thing && fits(&line.fate));
        fitting.count()
    };
    let leave = |fate: &Fate| *fate == Fate::Leaves;
    let left = |fate: &Fate| *fate == Fate::Left;
    let stay = lines
        .iter()
        .filter(|line| matches!(line.fate, Fate::Stays(_)))
        .count();
    let next = lines
        .iter()
        .filter_map(|line| match &line.fate {
            Fate::Stays(Stay::TooEarly { day }) => Some(day.as_str()),
            Fate::Stays(
                Stay::NotDone
                | Stay::Cancelled
                | Stay::Held
                | Stay::NotBagged
                | Stay::NotConfirmed
                | Stay::NotEnveloped
                | Stay::Void { .. },
            )
            | Fate::Leaves
            | Fate::Left => None,
        })
        .min();
    let both = |fits: &dyn Fn(&Fate) -> bool| {
        format!(
            "{} and {}",
            count(of(Thing::Bag, fits), "bag"),
            count(of(Thing::Letter, fits), "letter")
        )
    };
    format!(
        "{}: {} {} now, {} left before, {} stay.{}",
        clean(batch),
        both(&leave),
        if rehearsal { "would leave" } else { "leave" },
        both(&left),
        count(stay, "item"),
        next.map_or_else(String::new, |day| format!(
            " The next letter may go on {}.",
            clean(day)
        ))
    )
}
