//! Words about the stock: spare keys, keys that no list has, and what came of a list that was imported.

use crate::domain::authenticator::Slot;
use crate::domain::stock::{self, ModelStock, Repeated, Unlisted};
use crate::face::say::clean::clean;
use crate::face::say::news::count;

/// Behind the counts of jobs.
pub fn spare(spare: usize) -> String {
    format!("stock: {spare} spare")
}

/// A key that no list has, and that is taken all the same.
pub(super) fn unlisted(slot: Slot, serial: &str) -> String {
    format!(
        "The key in {slot}, serial number {}, is not in the stock list. It is taken all the same, as the configuration says.",
        clean(serial)
    )
}

/// A key that no list could have.
pub(super) fn without_serial(slot: Slot) -> String {
    format!(
        "The key in {slot} tells no serial number, so the stock list cannot be asked for it. It is taken."
    )
}

/// More jobs wait than there are keys for them.
pub fn few(spare: usize, waiting: usize) -> String {
    let waiting = match waiting {
        1 => "1 job waits".to_owned(),
        many => format!("{many} jobs wait"),
    };
    format!(
        "{waiting} for a key, and the stock has {spare} spare. Get more keys in time: `keyline stock import FILE` takes their list."
    )
}

/// What came of a list: so many of its keys are new, the others were known.
pub fn imported(new: usize, known: usize, stock: &[ModelStock], unlisted: Unlisted) -> String {
    let known = match known {
        0 => String::new(),
        known => format!("; {known} were listed already"),
    };
    let rule = match unlisted {
        Unlisted::Stop => "A key that is not in it stops in its slot",
        Unlisted::Warn => "A key that is not in it is told, and taken",
    };
    format!(
        "{} came to the stock list{known}. It has {}, {} spare. {rule} (`[stock] unlisted`).",
        count(new, "key"),
        count(listed(stock), "key"),
        stock::spare(stock).unwrap_or(0)
    )
}

/// Lines that are told of one kind.
const TOLD_MAX: usize = 20;

/// Lines of a list that name a key once more, those with another model first: somebody has to look which it is.
pub fn repeated(repeated: &[Repeated]) -> Vec<String> {
    let told = |one: &Repeated| {
        let Repeated {
            line,
            serial,
            first,
            models,
        } = one;
        let serial = clean(serial.as_str());
        match models {
            Some((this, that)) => format!(
                "warning: line {line}: the key {serial} is `{}` here and `{}` in line {first}, which counts. Look which it is.",
                clean(this),
                clean(that)
            ),
            None => format!(
                "note: line {line}: the key {serial} is in line {first} already, and counts once."
            ),
        }
    };
    let mut lines = Vec::new();
    for two_models in [true, false] {
        let of_kind = || {
            repeated
                .iter()
                .filter(|one| one.models.is_some() == two_models)
        };
        lines.extend(of_kind().take(TOLD_MAX).map(told));
        match of_kind().count().saturating_sub(TOLD_MAX) {
            0 => {}
            more => lines.push(format!("{} more of this kind.", count(more, "line"))),
        }
    }
    lines
}

/// What came of taking a list off.
pub fn taken_off(gone: usize, never: usize, stock: &[ModelStock]) -> String {
    let never = match never {
        0 => String::new(),
        never => format!("; {never} were not in it"),
    };
    let left = match listed(stock) {
        0 => "It is empty now: every key is taken.".to_owned(),
        left => format!("It has {}.", count(left, "key")),
    };
    format!(
        "{} went from the stock list{never}. {left}",
        count(gone, "key")
    )
}

/// What a model is called in tables.
pub fn model(stock: &ModelStock) -> String {
    stock
        .model
        .as_deref()
        .map_or_else(|| "(not told)".to_owned(), clean)
}

fn listed(stock: &[ModelStock]) -> usize {
    stock.iter().map(|one| one.listed).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::board::News;

    #[test]
    fn every_news_about_the_stock_has_its_sentence() {
        for (told, text) in [
            (
                News::KeyUnlisted {
                    slot: Slot(3),
                    serial: "77\u{202E}1".to_owned(),
                },
                "The key in slot 3, serial number 77\u{FFFD}1, is not in the stock list. It is taken all the same, as the configuration says.",
            ),
            (
                News::KeyWithoutSerial { slot: Slot(1) },
                "The key in slot 1 tells no serial number, so the stock list cannot be asked for it. It is taken.",
            ),
            (
                News::FewSpares {
                    spare: 2,
                    waiting: 5,
                },
                "5 jobs wait for a key, and the stock has 2 spare. Get more keys in time: `keyline stock import FILE` takes their list.",
            ),
        ] {
            assert_eq!(crate::face::say::news::line(&told), text);
        }
    }
}
