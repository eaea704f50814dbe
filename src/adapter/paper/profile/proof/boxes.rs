//! Which boxes stand on which sheet, and what each of them says.

use super::super::{Area, Boxes, Profile, TextBox};
use super::Flaw;
use crate::domain::mailer::SheetKind;

/// What a box says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Who sends it.
    Sender,
    /// Who gets it; may stand in the window.
    Address,
    /// Whose key it is: names, model, serial.
    Account,
    Pin,
    /// What may be said to anyone who opened the letter.
    Other,
}

pub(super) struct Placed<'a> {
    pub(super) key: &'static str,
    pub(super) area: Area,
    pub(super) text: Option<&'a TextBox>,
    pub(super) says: Says,
}

/// What stands on a sheet of `kind`.
pub(super) fn boxes(profile: &Profile, kind: SheetKind) -> Result<Vec<Placed<'_>>, Flaw> {
    let Boxes {
        logo,
        letterhead,
        return_line,
        address,
        info,
        qr,
        salutation,
        opening,
        pin_label,
        pin,
        pin_note,
        steps,
        aside,
        footer,
        body,
        sign,
        bag,
    } = &profile.boxes;
    let text =
        |key, text_box: &Option<TextBox>, says| (key, text_box.as_ref().map(TextBox::area), says);
    let all = [
        ("logo", *logo, Says::Sender),
        ("qr", *qr, Says::Other),
        text("letterhead", letterhead, Says::Sender),
        text("return_line", return_line, Says::Sender),
        text("address", address, Says::Address),
        text("info", info, Says::Account),
        text("salutation", salutation, Says::Account),
        text("opening", opening, Says::Other),
        text("pin_label", pin_label, Says::Other),
        text("pin", pin, Says::Pin),
        text("pin_note", pin_note, Says::Other),
        text("steps", steps, Says::Other),
        text("aside", aside, Says::Other),
        text("footer", footer, Says::Other),
        text("body", body, Says::Account),
        text("sign", sign, Says::Other),
        text("bag", bag, Says::Other),
    ];
    let (needed, optional) = uses(kind);
    let mut placed = Vec::new();
    for (key, area, says) in all {
        let is_needed = needed.contains(&key);
        match area {
            Some(area) if is_needed || optional.contains(&key) => placed.push(Placed {
                key,
                area,
                text: text_box(&profile.boxes, key),
                says,
            }),
            None if is_needed => {
                return Err(Flaw::new(
                    "kinds",
                    format!(
                        "`kinds` has \"{}\", which needs the box `{key}`",
                        kind.word()
                    ),
                ));
            }
            Some(_) | None => {}
        }
    }
    if kind == SheetKind::Pin && profile.spelled.is_none() {
        return Err(Flaw::new(
            "kinds",
            "`kinds` has \"pin\", which needs `spelled`, the size of the PIN in words",
        ));
    }
    Ok(placed)
}

/// The boxes that a kind of sheet needs, and those that it fills where they are.
const fn uses(kind: SheetKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        SheetKind::Pin => (
            &[
                "letterhead",
                "address",
                "info",
                "qr",
                "salutation",
                "opening",
                "pin_label",
                "pin",
                "pin_note",
                "steps",
                "aside",
                "footer",
            ],
            &["logo", "return_line"],
        ),
        SheetKind::Key => (
            &[
                "letterhead",
                "address",
                "info",
                "body",
                "steps",
                "aside",
                "footer",
            ],
            &["logo", "return_line"],
        ),
        SheetKind::Receipt => (
            &["letterhead", "address", "info", "body", "sign", "footer"],
            &["logo", "return_line"],
        ),
        SheetKind::Label => (&["bag", "address", "info", "qr"], &["letterhead"]),
    }
}

fn text_box<'a>(boxes: &'a Boxes, key: &str) -> Option<&'a TextBox> {
    match key {
        "letterhead" => boxes.letterhead.as_ref(),
        "return_line" => boxes.return_line.as_ref(),
        "address" => boxes.address.as_ref(),
        "info" => boxes.info.as_ref(),
        "salutation" => boxes.salutation.as_ref(),
        "opening" => boxes.opening.as_ref(),
        "pin_label" => boxes.pin_label.as_ref(),
        "pin" => boxes.pin.as_ref(),
        "pin_note" => boxes.pin_note.as_ref(),
        "steps" => boxes.steps.as_ref(),
        "aside" => boxes.aside.as_ref(),
        "footer" => boxes.footer.as_ref(),
        "body" => boxes.body.as_ref(),
        "sign" => boxes.sign.as_ref(),
        "bag" => boxes.bag.as_ref(),
        _ => None,
    }
}
