//! The code that a hand scanner reads: a letter's numbers, never its PIN or its person. Makes rectangles, draws nothing.

use fast_qr::{ECL, QRBuilder, QRCode};

use super::profile::Area;
use crate::domain::mailer::Mailer;

/// Smaller modules are not read from common printers by common scanners, mm.
pub(super) const MODULE_MIN_MM: f32 = 0.5;
/// Free modules on each side (ISO/IEC 18004 §6.3.8).
const QUIET_MODULES: u16 = 4;

/// What the code of a letter says: batch, control number and place in the batch.
pub(super) fn letter_code(mailer: &Mailer) -> String {
    format!(
        "PM1:{}:{}:{}",
        mailer.batch.0, mailer.control, mailer.sequence
    )
}

/// The dark runs of a code for `text`, each a rectangle, as large as `area` allows; with more redundancy where there is
/// room. `None` when its modules would be too small to read.
pub(super) fn dark_runs(text: &str, area: Area) -> Option<Vec<Area>> {
    let room = area.width.min(area.height);
    let fitting = |level: ECL| {
        let code = QRBuilder::new(text).ecl(level).build().ok()?;
        let count = u16::try_from(code.size).ok()? + 2 * QUIET_MODULES;
        let module = room / f32::from(count);
        (module >= MODULE_MIN_MM).then_some((code, module))
    };
    let (code, module) = [ECL::Q, ECL::M, ECL::L].into_iter().find_map(fitting)?;
    let quiet = f32::from(QUIET_MODULES) * module;
    let origin = (
        area.x + (area.width - room) / 2.0 + quiet,
        area.y + (area.height - room) / 2.0 + quiet,
    );
    Some(runs(&code, module, origin))
}

fn runs(code: &QRCode, module: f32, origin: (f32, f32)) -> Vec<Area> {
    let mut found = Vec::new();
    let rows = code.data.chunks(code.size).take(code.size);
    for (row, modules) in (0_u16..).zip(rows) {
        let mut column = 0_u16;
        for run in modules.chunk_by(|one, next| one.value() == next.value()) {
            let length = u16::try_from(run.len()).unwrap_or(0);
            if run.first().is_some_and(|module| module.value()) {
                found.push(Area {
                    x: origin.0 + f32::from(column) * module,
                    y: origin.1 + f32::from(row) * module,
                    width: f32::from(length) * module,
                    height: module,
                });
            }
            column += length;
        }
    }
    found
}
