//! The page that a profile is measured with: rulers, folds, window and boxes, each with its name. It holds no content at all,
//! so it may be thrown away.

use super::super::desk::{Setting, WordsOf};
use super::super::letter::PageDirection;
use super::super::profile::{Area, Profile, TextBox};
use super::super::shape::Style;
use super::super::sheet::{Ink, Mark, Part, Sheet};
use super::{Desktop, Page};
use crate::domain::fault::Fault;

const MM_PER_INCH: f32 = 25.4;
const LINE_PT: f32 = 0.6;
const TICK_PT: f32 = 0.3;
const TEXT_PT: f32 = 6.5;
const TITLE_PT: f32 = 9.0;
/// Between an outline and its name, mm.
const NAME_GAP_MM: f32 = 0.6;
/// What a ruler takes with its numbers, mm.
const RULER_MM: f32 = 11.0;
/// The room for a panel's name at the right edge, mm.
const SIDE_NOTE_MM: f32 = 42.0;
const PIN_PT: f32 = 1.5;

/// Sets the page.
pub(in crate::adapter::paper) fn calibration(on: Desktop<'_>) -> Result<Sheet, Fault> {
    let mut page = Page::new(on, PageDirection::LeftToRight);
    let profile = on.profile;
    let paper = profile.paper;
    page.ruler_across(0.0, 1.0, 10)?;
    page.ruler_down(0.0, 1.0, 10)?;
    if profile.inches {
        page.ruler_across(paper.height, MM_PER_INCH / 16.0, 16)?;
        page.ruler_down(paper.width, MM_PER_INCH / 16.0, 16)?;
    }
    for fold in &profile.folds {
        let line = Area {
            x: 0.0,
            y: *fold,
            width: paper.width,
            height: 0.0,
        };
        page.outline(line, true, &format!("fold {fold:.1}"))?;
    }
    for (number, panel) in (1_u8..).zip(profile.panels()) {
        let side = if profile.outer.contains(&number) {
            "outside"
        } else {
            "inside"
        };
        // At the right, where the window's zones end.
        let at = Area {
            x: paper.width - SIDE_NOTE_MM,
            y: panel.bottom() - 4.0,
            width: SIDE_NOTE_MM,
            height: 4.0,
        };
        page.words(at, &format!("panel {number}, {side}"), TEXT_PT)?;
    }
    if let Some(window) = &profile.window {
        page.outline(
            window.slides,
            true,
            "all that the window can show when the sheet slides",
        )?;
        page.outline(window.opening, false, "window")?;
    }
    page.boxes(profile)?;
    let title = format!(
        "keyline · profile {} · {} x {} mm · print at 100 %, then measure the rulers",
        profile.name, paper.width, paper.height
    );
    // Amid the sheet, in boxes that are empty here.
    let at = Area {
        x: paper.width * 0.15,
        y: paper.height * if profile.folds.is_empty() { 0.82 } else { 0.42 },
        width: paper.width * 0.7,
        height: 16.0,
    };
    page.words(at, &title, TITLE_PT)?;
    page.finish()
}

impl Page<'_> {
    /// Every box of the profile; that of the PIN drawn heavier.
    fn boxes(&mut self, profile: &Profile) -> Result<(), Fault> {
        let boxes = &profile.boxes;
        let texts: [(&str, &Option<TextBox>); 15] = [
            ("letterhead", &boxes.letterhead),
            ("return_line", &boxes.return_line),
            ("address", &boxes.address),
            ("info", &boxes.info),
            ("salutation", &boxes.salutation),
            ("opening", &boxes.opening),
            ("pin_label", &boxes.pin_label),
            ("pin", &boxes.pin),
            ("pin_note", &boxes.pin_note),
            ("steps", &boxes.steps),
            ("aside", &boxes.aside),
            ("footer", &boxes.footer),
            ("body", &boxes.body),
            ("sign", &boxes.sign),
            ("bag", &boxes.bag),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(key, text_box)| Some((key, text_box.as_ref()?.area())));
        let areas = [("logo", boxes.logo), ("qr", boxes.qr)];
        let areas = areas
            .into_iter()
            .filter_map(|(key, area)| Some((key, area?)));
        for (key, area) in texts.chain(areas) {
            // On the sheets that have it the text of a letter without a PIN lies over other boxes.
            if key == "body" || key == "sign" {
                continue;
            }
            self.outline(area, false, key)?;
            if key == "pin" {
                self.mark(area, PIN_PT, false);
            }
        }
        Ok(())
    }

    /// Ticks along the upper or lower edge, numbered every `large` ticks.
    fn ruler_across(&mut self, edge: f32, step: f32, large: u16) -> Result<(), Fault> {
        let width = self.on.profile.paper.width;
        let downwards = edge == 0.0;
        for (nth, at) in steps(step, width) {
            let length = tick(nth, large);
            let y = if downwards { 0.0 } else { edge - length };
            self.tick(Area {
                x: at,
                y,
                width: 0.0,
                height: length,
            });
            if nth.is_multiple_of(large) && nth > 0 && at < width - 4.0 {
                let y = if downwards {
                    length
                } else {
                    edge - length - 3.2
                };
                self.number(at - 1.6, y, nth, large)?;
            }
        }
        Ok(())
    }

    /// The same down the left or right edge.
    fn ruler_down(&mut self, edge: f32, step: f32, large: u16) -> Result<(), Fault> {
        let height = self.on.profile.paper.height;
        let rightwards = edge == 0.0;
        for (nth, at) in steps(step, height) {
            let length = tick(nth, large);
            let x = if rightwards { 0.0 } else { edge - length };
            self.tick(Area {
                x,
                y: at,
                width: length,
                height: 0.0,
            });
            if nth.is_multiple_of(large) && nth > 0 && at < height - 4.0 {
                let x = if rightwards {
                    length + 0.4
                } else {
                    edge - length - 4.6
                };
                self.number(x, at - 1.6, nth, large)?;
            }
        }
        Ok(())
    }

    fn tick(&mut self, area: Area) {
        self.mark(area, TICK_PT, false);
    }

    /// Millimetres by tens, inches by ones.
    fn number(&mut self, x: f32, y: f32, nth: u16, large: u16) -> Result<(), Fault> {
        let shown = if large == 10 { nth } else { nth / large };
        let at = Area {
            x,
            y,
            width: 12.0,
            height: 4.0,
        };
        self.words(at, &shown.to_string(), TEXT_PT)
    }

    fn outline(&mut self, area: Area, dashed: bool, name: &str) -> Result<(), Fault> {
        self.mark(area, LINE_PT, dashed);
        let at = Area {
            // Clear of the ruler and its numbers.
            x: (area.x + NAME_GAP_MM).max(RULER_MM),
            y: area.y + NAME_GAP_MM / 2.0,
            width: area.width.max(24.0),
            height: 12.0,
        };
        self.words(at, name, TEXT_PT)
    }

    fn mark(&mut self, area: Area, thickness: f32, dashed: bool) {
        self.desk.marks.push(Mark {
            part: Part::Stamp,
            area,
            ink: Ink::Stroke { thickness, dashed },
        });
    }

    fn words(&mut self, area: Area, text: &str, size: f32) -> Result<(), Fault> {
        let setting = Setting {
            part: Part::Stamp,
            style: Style::Regular,
            size,
            leading: size * 0.42,
            grey: 0.0,
            words: WordsOf::Letter,
            field: "the calibration page",
        };
        self.desk.column(area, text, setting)
    }
}

/// The places of the ticks on `length` mm.
fn steps(step: f32, length: f32) -> impl Iterator<Item = (u16, f32)> {
    (0_u16..)
        .map(move |nth| (nth, f32::from(nth) * step))
        .take_while(move |(_, at)| *at <= length)
}

fn tick(nth: u16, large: u16) -> f32 {
    if nth.is_multiple_of(large) {
        5.0
    } else if nth.is_multiple_of(large / 2) {
        3.5
    } else {
        2.0
    }
}
