//! Whether the paper that letters want lies in the printer, as far as it says so. A printer that lacks it takes the letter all the
//! same, and waits for somebody who walks by. Decides nothing: paper may be put in at any moment.

use ipp::value::IppValue;

use super::PrinterOptions;
use super::answer::Group;
use super::request::dimensions;
use crate::domain::paper::printer::Concern;

/// Printers round sizes in inches each in their own way: half a millimetre, in hundredths.
const SLACK: i32 = 50;

/// The concern that the paper of `options` does not lie there; `None` when it does, when the printer does not say, and when it does
/// not know that paper at all, of which it is told elsewhere.
pub(super) fn not_loaded(printer: Group<'_>, options: &PrinterOptions) -> Option<Concern> {
    let wanted = dimensions(&options.media)?;
    let known = printer.texts("media-supported");
    if !known.is_empty() && !known.contains(&options.media.as_str()) {
        return None;
    }
    let concern = |ready: Vec<String>| {
        Some(Concern::NotLoaded {
            media: options.media.clone(),
            tray: options.tray.clone(),
            ready,
        })
    };
    let in_tray = sizes_in(printer, options.tray.as_deref());
    if !in_tray.is_empty() {
        let is_there = in_tray.iter().any(|size| is_same(*size, wanted));
        let ready = in_tray.into_iter().map(in_mm).collect();
        return if is_there { None } else { concern(ready) };
    }
    let ready = printer.texts("media-ready");
    let is_there = ready
        .iter()
        .any(|media| dimensions(media).is_some_and(|size| is_same(size, wanted)));
    if ready.is_empty() || is_there {
        return None;
    }
    concern(ready.into_iter().map(str::to_owned).collect())
}

/// What `media-col-ready` (PWG 5100.7 §6.9) says lies in this tray, in hundredths of a millimetre.
fn sizes_in(printer: Group<'_>, tray: Option<&str>) -> Vec<(i32, i32)> {
    let Some(tray) = tray else { return Vec::new() };
    let member = |value: &IppValue, name: &str| -> Option<IppValue> {
        let IppValue::Collection(members) = value else {
            return None;
        };
        let found = members.iter().find(|(key, _)| key.as_str() == name);
        found.map(|(_, value)| value.clone())
    };
    let size_of = |sheet: &IppValue| {
        let source = member(sheet, "media-source")?;
        if source.as_keyword()?.as_str() != tray {
            return None;
        }
        let size = member(sheet, "media-size")?;
        // A printer that takes whatever is put in gives a range, which is no size.
        let length = |name| member(&size, name)?.as_integer().copied();
        Some((length("x-dimension")?, length("y-dimension")?))
    };
    printer
        .values("media-col-ready")
        .iter()
        .filter_map(size_of)
        .collect()
}

const fn is_same(one: (i32, i32), other: (i32, i32)) -> bool {
    one.0.abs_diff(other.0) <= SLACK.unsigned_abs()
        && one.1.abs_diff(other.1) <= SLACK.unsigned_abs()
}

fn in_mm((width, height): (i32, i32)) -> String {
    let mm = |hundredths: i32| f64::from(hundredths) / 100.0;
    format!("{} x {} mm", mm(width), mm(height))
}
