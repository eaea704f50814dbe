//! What was done, as a table, and how long it took.

use std::io::{self, Write};
use std::time::Duration;

use crate::app::board::Finished;
use crate::face::grid::{self, Side};
use crate::face::say::news;

/// Writes one line per finished key and the figures of the whole, and last how many jobs are held.
///
/// # Errors
/// Those of `to`.
pub fn final_table(finished: &[Finished], held: usize, to: &mut dyn Write) -> io::Result<()> {
    if finished.is_empty() {
        writeln!(to, "No key was finished.")?;
    } else {
        figures(finished, to)?;
    }
    // Whoever reads the figures must not take them for the whole.
    match news::held_jobs(held) {
        held if held.is_empty() => Ok(()),
        held => writeln!(to, "{held}"),
    }
}

fn figures(finished: &[Finished], to: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<[String; 5]> = finished.iter().map(cells).collect();
    let columns = [
        ("person", Side::Left),
        ("key", Side::Left),
        ("serial", Side::Left),
        ("envelope", Side::Right),
        ("seconds", Side::Right),
    ];
    grid::write(columns, &rows, to)?;
    writeln!(to)?;
    totals(finished, to)
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
    writeln!(to, "keys                 {}", finished.len())?;
    writeln!(
        to,
        "seconds per key      median {:.1}, 95th percentile {:.1}",
        rank(&times, 50).as_secs_f64(),
        rank(&times, 95).as_secs_f64()
    )?;
    writeln!(
        to,
        "keyline's own share  median {:.1} ms, 95th percentile {:.1} ms; {share:.2} % of all the time",
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
