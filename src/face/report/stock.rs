//! `keyline stock`, and the stock's part of `keyline status`.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::stock::{self, ModelStock};
use crate::face::grid::{self, Side};
use crate::face::report::{Style, json, read, written};
use crate::face::say::{self, Complaint};
use crate::port::Ledger;

/// Writes how many keys are listed, used and spare, per model.
///
/// # Errors
/// When the ledger cannot be read, or `to` fails.
pub fn stock(ledger: &dyn Ledger, style: &Style, to: &mut dyn Write) -> Result<(), Complaint> {
    let stock = read(ledger.stock())?;
    written(to, |to| {
        if style.json {
            json::write(&stock_facts(&stock), to)
        } else if stock.is_empty() {
            writeln!(
                to,
                "No stock list was imported, so every key is taken. `keyline stock import FILE` takes a vendor's list."
            )
        } else {
            table(&stock, to)
        }
    })
}

/// The stock for scripts. Where no list was imported nothing is listed, and `spare` is `null`: every key is taken.
pub fn stock_facts(stock: &[ModelStock]) -> Value {
    let models: Vec<Value> = stock
        .iter()
        .map(|one| {
            json!({ "model": one.model, "listed": one.listed, "used": one.used, "spare": one.spare() })
        })
        .collect();
    let (listed, used) = totals(stock);
    json!({ "listed": listed, "used": used, "spare": stock::spare(stock), "models": models })
}

/// One line below the batches, and one more when so many waiting jobs want more keys than there are.
pub(super) fn line(stock: &[ModelStock], waiting: usize, to: &mut dyn Write) -> io::Result<()> {
    let Some(spare) = stock::spare(stock) else {
        return Ok(());
    };
    writeln!(to, "\n{}", say::stock::spare(spare))?;
    if spare < waiting {
        writeln!(to, "warning: {}", say::stock::few(spare, waiting))?;
    }
    Ok(())
}

fn table(stock: &[ModelStock], to: &mut dyn Write) -> io::Result<()> {
    let row = |name: String, listed: usize, used: usize| {
        let spare = listed.saturating_sub(used);
        [
            name,
            listed.to_string(),
            used.to_string(),
            spare.to_string(),
        ]
    };
    let mut rows: Vec<[String; 4]> = stock
        .iter()
        .map(|one| row(say::stock::model(one), one.listed, one.used))
        .collect();
    if rows.len() > 1 {
        let (listed, used) = totals(stock);
        rows.push(row("all".to_owned(), listed, used));
    }
    let columns = [
        ("model", Side::Left),
        ("listed", Side::Right),
        ("used", Side::Right),
        ("spare", Side::Right),
    ];
    grid::write(columns, &rows, to)
}

fn totals(stock: &[ModelStock]) -> (usize, usize) {
    stock.iter().fold((0, 0), |(listed, used), one| {
        (
            listed.saturating_add(one.listed),
            used.saturating_add(one.used),
        )
    })
}
