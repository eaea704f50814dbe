//! The slip on a key's bag: which bag, whose key, which key. Never a PIN, never a letter's control number.

use super::super::letter::KeyLetter;
use super::super::sheet::{Part, Sheet};
use super::{Desktop, Page};
use crate::domain::fault::Fault;
use crate::domain::mailer::Companion;

/// Sets the label; its code says the bag's number.
pub(in crate::adapter::paper) fn label(
    on: Desktop<'_>,
    words: &KeyLetter,
    slip: &Companion,
) -> Result<Sheet, Fault> {
    let mut page = Page::new(on, words.page.direction);
    let boxes = &on.profile.boxes;
    let labels = &words.info;
    if boxes.letterhead.is_some() {
        page.sender()?;
    }
    let bag = slip.bag();
    let text_box = page.wanted("bag", &boxes.bag)?;
    page.largest(text_box, "the number of the bag", |page, setting| {
        let setting = setting.bold().part(Part::Letter);
        page.desk.column(text_box.area(), &bag, setting)
    })?;
    let name = slip.recipient.iter();
    let department = slip.department.iter();
    let rows: Vec<(&str, &str)> = name
        .map(|row| ("the recipient's name", row.as_str()))
        .chain(department.map(|row| ("the department", row.as_str())))
        .collect();
    page.address(&rows)?;
    let batch = format!("{} / {}", slip.batch.0, slip.sequence);
    let serial = slip.serial_ending.as_deref().filter(|_| on.profile.serial);
    page.info(&[
        (&labels.key, slip.key_model.as_deref()),
        (&labels.serial, serial),
        (&labels.batch, Some(&batch)),
    ])?;
    page.code(&bag)?;
    page.finish()
}
