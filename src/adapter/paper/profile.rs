//! A layout as data: where everything stands on the sheet, and what envelope and folds may show of it. A profile that names a
//! box outside the paper, or puts the PIN where a window or an outer panel can show it, never becomes a value.

use serde::Deserialize;

/// A rectangle, mm from the top left corner of the sheet.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Area {
    pub(super) fn right(&self) -> f32 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Whether `inner` lies in here, give or take a hundredth of a millimetre.
    pub(super) fn holds(&self, inner: &Self) -> bool {
        const SLACK_MM: f32 = 0.01;
        inner.x >= self.x - SLACK_MM
            && inner.y >= self.y - SLACK_MM
            && inner.right() <= self.right() + SLACK_MM
            && inner.bottom() <= self.bottom() + SLACK_MM
    }

    pub(super) fn touches(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// An area for text: type size and leading in pt.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextBox {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    pub(super) size: f32,
    pub(super) leading: f32,
}

impl TextBox {
    pub(super) const fn area(&self) -> Area {
        Area {
            x: self.x,
            y: self.y,
            width: self.width,
            height: self.height,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paper {
    pub(super) width: f32,
    pub(super) height: f32,
}

/// A short horizontal line at the edge, for folding or punching.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EdgeMark {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) length: f32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeSize {
    pub(super) size: f32,
    pub(super) leading: f32,
}

/// Where everything stands on the sheet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) paper: Paper,
    folds: Vec<f32>,
    pub(super) fold_marks: Vec<EdgeMark>,
    pub(super) window_zone: Area,
    pub(super) letterhead: TextBox,
    pub(super) return_line: TextBox,
    pub(super) address: TextBox,
    pub(super) info: TextBox,
    pub(super) opening: TextBox,
    pub(super) pin_label: TextBox,
    pub(super) pin: TextBox,
    pub(super) pin_note: TextBox,
    pub(super) steps: TextBox,
    pub(super) aside: TextBox,
    pub(super) footer: TextBox,
    pub(super) info_indent: f32,
    pub(super) spelled: TypeSize,
    pub(super) pin_sizes: Vec<f32>,
    pub(super) address_sizes: Vec<f32>,
    pub(super) opening_sizes: Vec<f32>,
}

impl Profile {
    /// Smallest distance of text from the edge, mm: what printers cannot reach.
    const EDGE_MM: f32 = 5.0;
    /// Smallest distance of the PIN from a fold, mm: folds are not exact.
    const PIN_FROM_FOLD_MM: f32 = 5.0;

    pub(super) fn check(&self) -> Result<(), String> {
        let printable = Area {
            x: Self::EDGE_MM,
            y: Self::EDGE_MM,
            width: self.paper.width - 2.0 * Self::EDGE_MM,
            height: self.paper.height - 2.0 * Self::EDGE_MM,
        };
        for (name, text_box) in self.boxes() {
            if !printable.holds(&text_box.area()) {
                return Err(format!(
                    "the box `{name}` leaves the printable part of the paper"
                ));
            }
            if text_box.size <= 0.0 || text_box.leading < text_box.size {
                return Err(format!(
                    "the box `{name}` needs a size above 0 and a leading no smaller than it"
                ));
            }
            let in_window = self.window_zone.touches(&text_box.area());
            if in_window && !matches!(name, "address" | "return_line") {
                return Err(format!(
                    "the box `{name}` lies where the envelope's window can show it"
                ));
            }
        }
        self.check_pin_panel()?;
        let lists = [&self.pin_sizes, &self.address_sizes, &self.opening_sizes];
        if lists.iter().any(|sizes| sizes.is_empty()) {
            return Err(
                "`pin_sizes`, `address_sizes` and `opening_sizes` each need a size".to_owned(),
            );
        }
        Ok(())
    }

    /// With the address outermost a sheet folded to and fro hides every panel but the first and the last.
    fn check_pin_panel(&self) -> Result<(), String> {
        let [first, .., last] = self.folds.as_slice() else {
            return Err("the PIN needs a panel between two `folds`".to_owned());
        };
        let pin = self.pin.area();
        let hidden = pin.y >= first + Self::PIN_FROM_FOLD_MM
            && pin.bottom() <= last - Self::PIN_FROM_FOLD_MM;
        let crossed = self
            .folds
            .iter()
            .any(|fold| pin.y < *fold && *fold < pin.bottom());
        if hidden && !crossed {
            Ok(())
        } else {
            Err("the box `pin` does not lie in an inner panel, clear of the folds".to_owned())
        }
    }

    pub(super) const fn boxes(&self) -> [(&'static str, &TextBox); 11] {
        [
            ("letterhead", &self.letterhead),
            ("return_line", &self.return_line),
            ("address", &self.address),
            ("info", &self.info),
            ("opening", &self.opening),
            ("pin_label", &self.pin_label),
            ("pin", &self.pin),
            ("pin_note", &self.pin_note),
            ("steps", &self.steps),
            ("aside", &self.aside),
            ("footer", &self.footer),
        ]
    }
}
