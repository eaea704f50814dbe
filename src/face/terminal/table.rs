//! What was done, as a table, and how long it took.

use std::io::{self, Write};
use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use crate::app::board::Finished;
use crate::face::say::clean::{clean, pad, pad_left};

/// Columns of a cell; names can be longer than any terminal.
const CELL_WIDTH_MAX: usize = 32;

/// Writes one line per finished key and the figures of the whole.
///
/// # Errors
/// Those of `to`.
pub fn final_table(finished: &[Finished], to: &mut dyn Write) -> io::Result<()> {
    if finished.is_empty() {
        return writeln!(to, "No key was finished.");
    }
    let rows: Vec<[String; 5]> = finished.iter().map(cells).collect();
    let head = ["person", "key", "serial", "envelope", "seconds"].map(str::to_owned);
    grid(&head, &rows, &[false, false, false, true, true], to)?;
    writeln!(to)?;
    totals(finished, to)
}

/// Writes rows under a head, each column as wide as its widest cell. `right`: columns of figures.
pub(crate) fn grid<const N: usize>(
    head: &[String; N],
    rows: &[[String; N]],
    right: &[bool; N],
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut widths = [0_usize; N];
    for row in rows.iter().chain([head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(clean(cell).width()).min(CELL_WIDTH_MAX);
        }
    }
    for row in std::iter::once(head).chain(rows) {
        let line: Vec<String> = row
            .iter()
            .zip(widths)
            .zip(right)
            .map(|((cell, width), right)| {
                if *right {
                    pad_left(cell, width)
                } else {
                    pad(cell, width)
                }
            })
            .collect();
        writeln!(to, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}

fn cells(one: &Finished) -> [String; 5] {
    [
        one.case.person.clone(),
        one.model.clone(),
        one.serial.clone().unwrap_or_else(|| "-".to_owned()),
        one.case.envelope.clone(),
        format!("{:.1}", one.total.as_secs_f64()),
    ]
}

fn totals(finished: &[Finished], to: &mut dyn Write) -> io::Result<()> {
    let times = sorted(finished.iter().map(|one| one.total));
    let own = sorted(finished.iter().map(|one| one.own));
    let all: Duration = finished.iter().map(|one| one.total).sum();
    let ours: Duration = finished.iter().map(|one| one.own).sum();
    let share = if all.is_zero() {
        0.0
    } else {
        ours.as_secs_f64() * 100.0 / all.as_secs_f64()
    };
    writeln!(to, "keys                         {}", finished.len())?;
    writeln!(
        to,
        "seconds per key              {:.1} in the middle (median), {:.1} for the slowest 5 % and more (95th percentile)",
        rank(&times, 50).as_secs_f64(),
        rank(&times, 95).as_secs_f64()
    )?;
    writeln!(
        to,
        "of which keyline's own part  {:.1} ms in the middle, {:.1} ms at the 95th percentile, {share:.1} % of all time",
        rank(&own, 50).as_secs_f64() * 1000.0,
        rank(&own, 95).as_secs_f64() * 1000.0
    )
}

fn sorted(times: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times
}

/// The value at this percentile, by nearest rank.
fn rank(sorted: &[Duration], percent: usize) -> Duration {
    let at = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
    sorted
        .get(at.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
