//! The lists that hands work with: letters in the order of the tray, bags, and who signs for a key.

use crate::app::papers::{Batch, Item};
use crate::domain::document::{Long, Part, Sheet, Table};
use crate::domain::enrollment::Standing;
use crate::domain::time::Timestamp;
use crate::face::report::papers::{
    About, bag_code, column, day, fact, fold_words, heads, jobs, letter_code, model, place, serial,
    state, table, utc,
};
use crate::face::say::clean::clean;
use crate::face::say::news;

pub(super) fn run_sheet(batch: &Batch, about: &About) -> (Vec<Part>, Sheet) {
    let items = batch.by_hand();
    let slot = |item: &Item| {
        let slot = item.key.as_ref().map(|key| key.slot.0.to_string());
        slot.unwrap_or_default()
    };
    let mut rows = Vec::with_capacity(items.len());
    let mut cells = Vec::with_capacity(items.len());
    for (number, item) in (1..).zip(items) {
        let number: usize = number;
        rows.push(vec![
            number.to_string(),
            slot(item),
            place(batch, item.file, item.sequence),
            letter_code(item),
            clean(&item.person),
            model(item),
            serial(item),
            state(item),
        ]);
        cells.push(vec![
            number.to_string(),
            slot(item),
            item.file.to_string(),
            item.sequence.to_string(),
            letter_code(item),
            clean(&item.person),
            model(item),
            serial(item),
            about.fold.clone(),
            state(item),
        ]);
    }
    let parts = vec![
        Part::Facts(vec![
            fact("Letters", format!("profile {}", clean(&about.profile))),
            fact("Folding", fold_words(&about.fold)),
            fact(
                "Order",
                "as the newest sheets were printed, then keys in work, then what has not begun",
            ),
        ]),
        table(
            vec![
                column("no.", 9, Long::Cut),
                column("slot", 9, Long::Cut),
                column("place", 11, Long::Cut),
                column("letter", 16, Long::Cut),
                column("name", 52, Long::Wrapped),
                column("model", 38, Long::Wrapped),
                column("serial", 16, Long::Cut),
                column("state", 34, Long::Wrapped),
            ],
            rows,
        ),
    ];
    let head = heads(&[
        "number",
        "slot",
        "file",
        "sequence",
        "letter",
        "name",
        "model",
        "serial_ending",
        "fold",
        "state",
    ]);
    (parts, Sheet { head, rows: cells })
}

pub(super) fn packing_list(batch: &Batch, about: &About) -> (Vec<Part>, Sheet) {
    let keys: Vec<&Item> = batch
        .items
        .iter()
        .filter(|item| item.key.is_some())
        .collect();
    let goes_to = |item: &Item| {
        let place = item.deliver_to.as_ref().or(item.department.as_ref());
        place.map_or_else(String::new, |place| clean(place))
    };
    let cells = |item: &Item, when: &dyn Fn(Option<Timestamp>) -> String| {
        vec![
            bag_code(item),
            model(item),
            serial(item),
            clean(&item.person),
            goes_to(item),
            when(item.bagged),
            when(item.bag_dispatched),
        ]
    };
    let here = |at| day(at, &about.zone);
    let rows = keys.iter().map(|item| cells(item, &here)).collect();
    let sheet = keys.iter().map(|item| cells(item, &utc)).collect();
    let parts = vec![
        Part::Facts(vec![
            fact(
                "Keys",
                format!("{} of {}", keys.len(), jobs(batch.items.len())),
            ),
            fact(
                "Bags",
                "the key alone; its letter goes another way, on another day",
            ),
        ]),
        table(
            vec![
                column("bag", 16, Long::Cut),
                column("model", 38, Long::Wrapped),
                column("serial", 16, Long::Cut),
                column("name", 46, Long::Wrapped),
                column("goes to", 34, Long::Wrapped),
                column("in the bag", 27, Long::Cut),
                column("sent", 27, Long::Cut),
            ],
            rows,
        ),
    ];
    let head = heads(&[
        "bag",
        "model",
        "serial_ending",
        "name",
        "goes_to",
        "bagged_utc",
        "dispatched_utc",
    ]);
    (parts, Sheet { head, rows: sheet })
}

pub(super) fn hand_over(batch: &Batch) -> (Vec<Part>, Sheet) {
    let ready: Vec<&Item> = batch
        .items
        .iter()
        .filter(|item| item.standing == Standing::Done && item.key.is_some())
        .collect();
    let cells: Vec<Vec<String>> = ready
        .iter()
        .map(|item| {
            vec![
                bag_code(item),
                clean(&item.person),
                item.department
                    .as_ref()
                    .map_or_else(String::new, |department| clean(department)),
                serial(item),
                String::new(),
                String::new(),
            ]
        })
        .collect();
    let others = batch.items.len().saturating_sub(ready.len());
    let rest = if others == 0 {
        "Every key of the batch is on this list.".to_owned()
    } else {
        format!(
            "{} of the batch {} not on this list: {} no finished key.",
            news::count(others, "person").replace("persons", "people"),
            if others == 1 { "is" } else { "are" },
            if others == 1 { "there is" } else { "they have" }
        )
    };
    let parts = vec![
        Part::Text(
            "Whoever signs has the security key of that bag, closed and undamaged. The PIN comes by itself, in a letter.".to_owned(),
        ),
        Part::Text(rest),
        Part::Table(Table {
            columns: vec![
                column("bag", 16, Long::Cut),
                column("name", 52, Long::Wrapped),
                column("department", 36, Long::Wrapped),
                column("serial", 16, Long::Cut),
                column("date", 22, Long::Cut),
                column("signature", 46, Long::Cut),
            ],
            rows: cells.clone(),
            tall: true,
        }),
    ];
    let head = heads(&[
        "bag",
        "name",
        "department",
        "serial_ending",
        "date",
        "signature",
    ]);
    (parts, Sheet { head, rows: cells })
}
