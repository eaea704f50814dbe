//! `keyline mailer dispatch`: what leaves, what stays and why, and how many left before.

use std::io::Write;

use jiff::tz::TimeZone;
use serde_json::json;

use crate::app::trail::{Fate, Line, Stay, Thing};
use crate::face::report::{Style, json, written};
use crate::face::say::news::count;
use crate::face::say::{Complaint, clean::clean, moment, trail};

/// Writes what a dispatch of `batch` came to; `rehearsal`: what it would come to. `error`: why the rest of the batch was not looked at.
///
/// # Errors
/// Those of `to`.
pub fn dispatch(
    batch: &str,
    lines: &[Line],
    rehearsal: bool,
    error: Option<&Complaint>,
    style: &Style,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        let zone = &style.zone;
        if style.json {
            let items: Vec<_> = lines.iter().map(|line| line_json(line, zone)).collect();
            let mut value = json!({ "batch": batch, "dry_run": rehearsal, "items": items });
            if let (Some(error), Some(fields)) = (error, value.as_object_mut()) {
                fields.insert("error".to_owned(), json::error(error));
            }
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
                Fate::Stays(stay) => format!("stays: {}", trail::stays(stay, zone)),
                // Day after day the same list would grow only longer.
                Fate::Left | Fate::HandedOver => continue,
            };
            writeln!(to, "{:16}  {fate}", trail::things(line))?;
        }
        writeln!(to, "{}", sum(batch, lines, rehearsal, zone))
    })
}

fn line_json(line: &Line, zone: &TimeZone) -> serde_json::Value {
    let stay = match &line.fate {
        Fate::Leaves | Fate::Left | Fate::HandedOver => None,
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
            Fate::HandedOver => "handed_over",
            Fate::Stays(_) => "stays",
        },
        "why": stay.map(why),
        "message": stay.map(|stay| trail::stays(stay, zone)),
    })
}

fn why(stay: &Stay) -> serde_json::Value {
    let mut value = json!(stay);
    if let (Stay::TooEarly { from }, Some(fields)) = (stay, value.as_object_mut()) {
        fields.insert("from".to_owned(), moment::utc(*from).into());
    }
    value
}

fn sum(batch: &str, lines: &[Line], rehearsal: bool, zone: &TimeZone) -> String {
    let of = |thing: Thing, fits: &dyn Fn(&Fate) -> bool| {
        let fitting = lines
            .iter()
            .filter(|line| line.thing == thing && fits(&line.fate));
        fitting.count()
    };
    let leave = |fate: &Fate| *fate == Fate::Leaves;
    let left = |fate: &Fate| *fate == Fate::Left;
    let by_hand = |fate: &Fate| *fate == Fate::HandedOver;
    let stay = lines
        .iter()
        .filter(|line| matches!(line.fate, Fate::Stays(_)))
        .count();
    let next = lines
        .iter()
        .filter_map(|line| match &line.fate {
            Fate::Stays(Stay::TooEarly { from }) => Some(*from),
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
            | Fate::Left
            | Fate::HandedOver => None,
        })
        .min();
    // Where keys have no bags, none is spoken of.
    let has_bags = lines.iter().any(|line| line.thing != Thing::Letter);
    let both = |fits: &dyn Fn(&Fate) -> bool| {
        let letters = count(of(Thing::Letter, fits), "letter");
        if !has_bags {
            return letters;
        }
        format!("{} and {letters}", count(of(Thing::Bag, fits), "bag"))
    };
    // Where everything is sent, nothing is said of hands.
    let handed_over = if lines.iter().any(|line| by_hand(&line.fate)) {
        format!(" {} handed over,", both(&by_hand))
    } else {
        String::new()
    };
    format!(
        "{}: {} {} now, {} left before,{handed_over} {} stay.{}",
        clean(batch),
        both(&leave),
        if rehearsal { "would leave" } else { "leave" },
        both(&left),
        count(stay, "item"),
        next.map_or_else(String::new, |from| format!(
            " The next letter may leave from {}.",
            moment::minute(from, zone)
        ))
    )
}
