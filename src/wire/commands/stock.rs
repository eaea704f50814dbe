//! `keyline stock`, `keyline stock import` and `keyline stock remove`.

use std::io::{Read as _, Write};
use std::path::Path;

use crate::adapter::folder::format::FILE_BYTES_MAX;
use crate::adapter::folder::format::stock::{self, StockList};
use crate::domain::authenticator::Serial;
use crate::domain::job::sheet::Unusable;
use crate::domain::stock::StockKey;
use crate::face::ask;
use crate::face::cli::{OfStock, Stock};
use crate::face::progress::Progress;
use crate::face::report::{self, Style};
use crate::face::say::news::count;
use crate::face::say::{self, Complaint, ExitCode, clean};
use crate::port::{Keeping, Kept, Ledger};
use crate::wire::commands::book::Book;
use crate::wire::commands::reply::{Reply, reply};
use crate::wire::commands::{Ended, admin};
use crate::wire::station;

/// Keys that are handed to a running station at a time: a line of its socket holds no more. Whoever is cut off in between types
/// the same again.
const KEYS_AT_A_TIME: usize = 200;
/// Complaints about a list that are told.
const TOLD_MAX: usize = 20;

/// `keyline stock …`
pub(super) fn stock(path: &Path, wish: &Stock, out: &mut dyn Write) -> Ended {
    let (file, is_import, json) = match &wish.command {
        None => {
            let ledger = station::read_ledger(&admin::load(path)?)?;
            report::stock(&ledger, &Style::here(wish.json), out)?;
            return Ok(ExitCode::Done);
        }
        Some(OfStock::Import { file, json }) => (file, true, *json),
        Some(OfStock::Remove { file, json }) => (file, false, *json),
    };
    reply(json, out, |reply| change(path, file, is_import, reply))
}

fn change(path: &Path, file: &Path, is_import: bool, reply: &mut Reply<'_>) -> Ended {
    let config = admin::load(path)?;
    let list = read(file)?;
    for line in say::stock::repeated(&list.repeated) {
        ask::say(&line);
    }
    let mut book = Book::of(&config)?;
    let (mut changed, mut done) = (0_usize, 0_usize);
    let (doing, did, did_not) = if is_import {
        ("importing", "imported", "listed_already")
    } else {
        ("removing", "removed", "not_listed")
    };
    let mut bar = Progress::begin(doing, list.keys.len());
    for keys in list.keys.chunks(KEYS_AT_A_TIME) {
        let kept = book.keep(keeping(keys, is_import))?;
        if let Kept::Stock { changed: these } = kept {
            changed = changed.saturating_add(these);
        }
        done = done.saturating_add(keys.len());
        // Also where the next ones fail.
        reply.fact(did, changed);
        reply.fact(did_not, done.saturating_sub(changed));
        bar.reached(done);
    }
    drop((bar, book));
    let unchanged = list.keys.len().saturating_sub(changed);
    let stock = station::read_ledger(&config)?.stock()?;
    reply.fact("stock", report::stock_facts(&stock));
    reply.line(&if is_import {
        say::stock::imported(changed, unchanged, &stock, config.stock.unlisted)
    } else {
        say::stock::taken_off(changed, unchanged, &stock)
    });
    Ok(ExitCode::Done)
}

fn keeping(keys: &[StockKey], is_import: bool) -> Keeping {
    if is_import {
        return Keeping::Stock {
            keys: keys.to_vec(),
        };
    }
    let serials: Vec<Serial> = keys.iter().map(|key| key.serial.clone()).collect();
    Keeping::Unstock { serials }
}

fn read(file: &Path) -> Result<StockList, Complaint> {
    let shown = file.display().to_string();
    let unreadable = |what: &str| {
        Complaint::usage(
            format!("{} cannot be read: {what}.", clean(&shown)),
            "Name the vendor's list, a CSV file.",
        )
    };
    // Looked at before it is opened: a pipe would wait for its writer.
    let metadata = std::fs::metadata(file).map_err(|error| unreadable(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("it is no file"));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(unreadable("it is too large for a list of serial numbers"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| open.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error.to_string()))?;
    stock::parse(&bytes).map_err(|unusable| refused(&shown, &unusable))
}

fn refused(file: &str, unusable: &Unusable) -> Complaint {
    let mut lines: Vec<String> = unusable
        .reasons
        .iter()
        .take(TOLD_MAX)
        .map(|bad| match bad.line {
            0 => format!("  {} {}", bad.message, bad.hint),
            line => format!("  line {line}: {} {}", bad.message, bad.hint),
        })
        .collect();
    let more = unusable.reasons.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    Complaint::new(
        ExitCode::Refused,
        format!(
            "{}: {} to mend.\n{}",
            clean(file),
            count(unusable.reasons.len(), "thing"),
            lines.join("\n")
        ),
        "Nothing was changed. Mend the list and type the same again.",
    )
}
