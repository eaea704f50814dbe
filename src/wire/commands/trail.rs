//! What hands did: codes from the command line or a hand scanner on stdin, spoiled letters, batches that leave. Each code is one
//! request of its own and is answered at once, so that whoever is stopped between two of them has lost nothing.

use std::io::{self, BufRead, Read as _, Write};

use serde_json::{Value, json};

use crate::app::trail::Line;
use crate::domain::job::JobId;
use crate::domain::mailer::CONTROL_DIGITS;
use crate::domain::scan;
use crate::face::control::{Answer, Ask, Hands};
use crate::face::report::{self, Style};
use crate::face::say::{Complaint, ExitCode, trail};
use crate::wire::commands::{Ended, admin, cannot_write};
use crate::wire::config::Config;

/// Reads codes from stdin instead.
const STDIN: &str = "-";
/// A longer line is no code: a square code holds less than 3,000 characters.
const LINE_BYTES_MAX: u64 = 4096;

/// Each code is answered at once, and a script that reads lines is told in one why the rest was not.
pub(super) fn confirm(config: &Config, codes: &[String], json: bool, out: &mut dyn Write) -> Ended {
    let ended = confirm_each(config, codes, json, out);
    if let (Err(complaint), true) = (&ended, json) {
        // What went wrong first is what counts.
        let _ = told(out, &report::failure(complaint).to_string());
    }
    ended
}

fn confirm_each(config: &Config, codes: &[String], json: bool, out: &mut dyn Write) -> Ended {
    let mut worst = ExitCode::Done;
    if codes != [STDIN] {
        for code in joined(codes) {
            worst = worst.worst(scanned(config, &code, json, out)?);
        }
        return Ok(worst);
    }
    let unreadable = |error: io::Error| {
        Complaint::new(
            ExitCode::Journal,
            format!("The codes could not be read from stdin: {error}."),
            "What was answered is written down. Go on with the next code.",
        )
    };
    let mut stdin = io::stdin().lock();
    let mut line = Vec::new();
    while next_line(&mut stdin, &mut line).map_err(unreadable)? {
        // A scanner that sends bytes which are no text has sent no code.
        let Ok(line) = std::str::from_utf8(&line) else {
            continue;
        };
        if scan::read(line).is_some() || scan::slip(line).is_some() {
            worst = worst.worst(scanned(config, line, json, out)?);
        }
    }
    Ok(worst)
}

/// The codes among what was typed: a control number stands on its sheet in groups, which the shell takes for arguments of their
/// own. Groups are one code only when together they make a number; no group of digits is a code by itself.
fn joined(typed: &[String]) -> Vec<String> {
    let mut codes = Vec::with_capacity(typed.len());
    let mut rest = typed;
    while let Some((first, others)) = rest.split_first() {
        let groups = (2..=rest.len()).find_map(|many| {
            let (groups, after) = rest.split_at_checked(many)?;
            let line = groups.join(" ");
            let digits = groups.iter().all(|group| is_group(group));
            (digits && scan::read(&line).is_some()).then_some((line, after))
        });
        let (code, after) = groups.unwrap_or_else(|| (first.clone(), others));
        codes.push(code);
        rest = after;
    }
    codes
}

fn is_group(text: &str) -> bool {
    (1..CONTROL_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads the next line into `line`; `false` at the end. Of one that is longer than [`LINE_BYTES_MAX`] nothing is kept.
fn next_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let begun = source
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', line)?;
    let is_full = u64::try_from(begun).is_ok_and(|bytes| bytes == LINE_BYTES_MAX);
    if is_full && !line.ends_with(b"\n") {
        line.clear();
        source.skip_until(b'\n')?;
    }
    Ok(begun > 0)
}

/// One code. That it is refused is an answer: the next one may be right.
fn scanned(config: &Config, code: &str, as_json: bool, out: &mut dyn Write) -> Ended {
    let asked = hands(Hands::Scanned {
        line: code.to_owned(),
    });
    let (exit, line) = match admin::put(config, &asked)? {
        Answer::Acted {
            message,
            result,
            item,
            note,
        } => {
            let value = taken(&message, &result, &item, note.as_deref());
            (ExitCode::Done, text(as_json, &value, message))
        }
        answer @ (Answer::Done { .. }
        | Answer::Kept { .. }
        | Answer::Part { .. }
        | Answer::Refused { .. }) => {
            let complaint = answer.into_result().err().unwrap_or_else(not_understood);
            // Whoever stands there reads why, also beside a script.
            let mut talk = io::stderr();
            complaint
                .write(&mut talk)
                .map_err(|error| cannot_write(&error))?;
            if !as_json {
                return Ok(complaint.exit);
            }
            let mut value = report::failure(&complaint);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("taken".to_owned(), false.into());
            }
            (complaint.exit, value.to_string())
        }
    };
    told(out, &line)?;
    Ok(exit)
}

fn told(out: &mut dyn Write, line: &str) -> Result<(), Complaint> {
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| cannot_write(&error))
}

/// What was written down about paper or a bag, for scripts.
pub(super) fn taken(message: &str, result: &str, item: &str, note: Option<&str>) -> Value {
    json!({ "taken": true, "result": result, "item": item, "message": message, "note": note })
}

fn text(as_json: bool, value: &Value, message: String) -> String {
    if as_json { value.to_string() } else { message }
}

pub(super) fn spoil(
    config: &Config,
    job: &str,
    reason: &str,
    json: bool,
    out: &mut dyn Write,
) -> Ended {
    let asked = hands(Hands::Spoiled {
        job: job.to_owned(),
        reason: reason.to_owned(),
    });
    admin::bring_about(config, &asked, json, out)
}

pub(super) fn dispatch(
    config: &Config,
    batch: &str,
    rehearsal: bool,
    json: bool,
    out: &mut dyn Write,
) -> Ended {
    let mut lines = Vec::new();
    let ended = each_part(config, batch, rehearsal, &mut lines);
    // What has left has left, whatever came after it.
    if ended.is_ok() || !lines.is_empty() {
        let error = ended.as_ref().err();
        report::dispatch(batch, &lines, rehearsal, error, &Style::here(json), out)?;
    }
    ended.map(|()| trail::exit(&lines))
}

fn each_part(
    config: &Config,
    batch: &str,
    rehearsal: bool,
    lines: &mut Vec<Line>,
) -> Result<(), Complaint> {
    let mut after: Option<JobId> = None;
    loop {
        let asked = hands(Hands::Dispatched {
            batch: batch.to_owned(),
            rehearsal,
            after,
        });
        let part = match admin::put(config, &asked)? {
            Answer::Part { part } => part,
            answer @ (Answer::Done { .. }
            | Answer::Kept { .. }
            | Answer::Acted { .. }
            | Answer::Refused { .. }) => {
                return Err(answer.into_result().err().unwrap_or_else(not_understood));
            }
        };
        lines.extend(part.lines);
        after = part.last;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn hands(hands: Hands) -> Ask {
    Ask::Hands {
        hands,
        actor: admin::actor(),
    }
}

fn not_understood() -> Complaint {
    Complaint::usage(
        "The running station answered something else than it was asked.",
        "Use the same version of keyline as the station.",
    )
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use crate::domain::mailer::ControlNumber;

    #[test]
    fn a_number_in_groups_is_one_code() {
        let number = ControlNumber::draw([7; 8]).unwrap();
        let grouped = number.grouped();
        let groups: Vec<&str> = grouped.split(' ').collect();
        assert_eq!(groups.len(), 3);
        let whole = number.to_string();
        let codes = |typed: &[&str]| {
            let typed: Vec<String> = typed.iter().map(|&one| one.to_owned()).collect();
            joined(&typed)
        };
        assert_eq!(codes(&groups), [grouped.as_str()]);
        let mixed = [&["B-0042"], groups.as_slice(), &[&whole], &groups].concat();
        let read = ["B-0042", &grouped, &whole, &grouped];
        assert_eq!(codes(&mixed), read);
        // What makes no number together stays what it was.
        for apart in [
            vec![groups[0], groups[1]],
            vec![groups[0], groups[2], groups[1]],
            vec![groups[0], "B-0042", groups[1], groups[2]],
            vec![whole.as_str(), whole.as_str()],
        ] {
            assert_eq!(codes(&apart), apart);
        }
    }

    #[test]
    fn of_an_endless_line_nothing_is_kept_and_the_next_is_read() {
        const LONG: u64 = 64 * 1024 * 1024;
        let endless = io::repeat(b'7').take(LONG);
        let rest = b"\nB-0042\n\xFF\nL-0042".as_slice();
        let mut source = BufReader::new(endless.chain(rest));
        let mut line = Vec::new();
        let mut read = Vec::new();
        while next_line(&mut source, &mut line).expect("memory can be read") {
            read.push(line.clone());
        }
        let expected: [&[u8]; 4] = [b"", b"B-0042\n", b"\xFF\n", b"L-0042"];
        assert_eq!(read, expected);
        let most = usize::try_from(LINE_BYTES_MAX).expect("small");
        assert!(line.capacity() <= 2 * most, "{}", line.capacity());
    }
}
