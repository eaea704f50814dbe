//! The page that a profile is measured with: rulers, folds, window and boxes, each with its name. It holds no content at all,
//! so it may be thrown away.
//!
//! # Why
//! A printer leaves the edges of the paper white. So the rulers stand where it prints and count from the edge all the same, and
//! all words are put where no line and no other word is: what runs together cannot be measured.

use super::super::desk::{Setting, WordsOf};
use super::super::letter::PageDirection;
use super::super::profile::{Area, Profile, TextBox};
use super::super::shape::{Base, MM_PER_PT, Style};
use super::super::sheet::{Ink, Mark, Part, Sheet};
use super::{Desktop, Page};
use crate::domain::fault::Fault;

mod free;
mod ruler;

use self::free::{Free, from_the_right, inside, under_or_over};
use self::ruler::Scale;

const LINE_PT: f32 = 0.6;
const TICK_PT: f32 = 0.3;
const PIN_PT: f32 = 1.5;
const TEXT_PT: f32 = 6.5;
/// The smallest size that a profile may have as well.
const SMALL_PT: f32 = 5.0;
const TITLE_PT: f32 = 9.0;
/// From line to line, as a part of the size.
const LEADING: f32 = 1.2;
/// How wide the title may be, as a part of the sheet's width.
const TITLE_SPAN: [f32; 4] = [0.7, 0.5, 0.4, 0.3];

/// What the title keeps free around it, mm.
const TITLE_CLEAR_MM: f32 = 1.5;

/// Sets the page.
pub(in crate::adapter::paper) fn calibration(on: Desktop<'_>) -> Result<Sheet, Fault> {
    let profile = on.profile;
    let mut chart = Chart {
        page: Page::new(on, PageDirection::LeftToRight),
        free: Free::on(profile.paper.area().inset(profile.margin)),
    };
    // Every line first: no word is put before it is known where they all are.
    let named = named(profile);
    chart.lines(profile, &named);
    let scales = ruler::of(profile);
    for scale in &scales {
        chart.ticks(scale);
    }
    for scale in &scales {
        chart.numbers(scale)?;
    }
    for (key, area) in &named {
        chart.name(key, *area, inside(*area))?;
    }
    for fold in &profile.folds {
        let text = format!("fold {fold:.1}");
        chart.name(&text, across(profile, *fold), under_or_over(*fold))?;
    }
    for (text, area) in panels(profile) {
        chart.name(&text, area, from_the_right(area))?;
    }
    chart.title(profile)?;
    chart.page.finish()
}

/// What is outlined and called by a name: the boxes, then the window, whose name may stand beside theirs.
fn named(profile: &Profile) -> Vec<(&'static str, Area)> {
    let mut named: Vec<(&'static str, Area)> = boxes(profile);
    if let Some(window) = &profile.window {
        named.push(("window", window.opening));
        named.push((
            "all that the window can show when the sheet slides",
            window.slides,
        ));
    }
    named
}

/// Every box of the profile. On the sheets that have it the text of a letter without a PIN, and the lines for a pen, lie over
/// other boxes, so they are left out.
fn boxes(profile: &Profile) -> Vec<(&'static str, Area)> {
    let boxes = &profile.boxes;
    let texts: [(&'static str, &Option<TextBox>); 13] = [
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
        ("bag", &boxes.bag),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(key, text_box)| Some((key, text_box.as_ref()?.area())));
    let areas = [("logo", boxes.logo), ("qr", boxes.qr)];
    let areas = areas
        .into_iter()
        .filter_map(|(key, area)| Some((key, area?)));
    texts.chain(areas).collect()
}

/// What each panel is called, where the sheet is folded at all.
fn panels(profile: &Profile) -> Vec<(String, Area)> {
    if profile.folds.is_empty() {
        return Vec::new();
    }
    let said = |(number, panel): (u8, Area)| {
        let side = if profile.outer.contains(&number) {
            "outside"
        } else {
            "inside"
        };
        (format!("panel {number}, {side}"), panel)
    };
    (1_u8..).zip(profile.panels()).map(said).collect()
}

/// A line over the whole sheet.
const fn across(profile: &Profile, y: f32) -> Area {
    Area {
        x: 0.0,
        y,
        width: profile.paper.width,
        height: 0.0,
    }
}

/// A page in the making, and where it still has room.
struct Chart<'a> {
    page: Page<'a>,
    free: Free,
}

impl Chart<'_> {
    /// The frame that a printer reaches, the folds, and what is named.
    fn lines(&mut self, profile: &Profile, named: &[(&str, Area)]) {
        self.line(self.free.frame, TICK_PT, false);
        for fold in &profile.folds {
            self.line(across(profile, *fold), LINE_PT, true);
        }
        for mark in &profile.fold_marks {
            self.free.line(mark.area());
        }
        for (key, area) in named {
            let slides = profile.window.is_some_and(|window| window.slides == *area);
            let thickness = if *key == "pin" { PIN_PT } else { LINE_PT };
            self.line(*area, thickness, slides);
        }
    }

    fn line(&mut self, area: Area, thickness: f32, dashed: bool) {
        self.free.outline(area);
        self.page.desk.marks.push(Mark {
            part: Part::Stamp,
            area,
            ink: Ink::Stroke { thickness, dashed },
        });
    }

    fn ticks(&mut self, scale: &Scale) {
        for tick in scale.ticks() {
            self.line(scale.edge.tick(self.free.frame, &tick), TICK_PT, false);
        }
    }

    /// Millimetres by tens, inches by ones.
    fn numbers(&mut self, scale: &Scale) -> Result<(), Fault> {
        let mut unit = Some(scale.called);
        for tick in scale.ticks() {
            let Some(number) = tick.number else { continue };
            // The first one says what is counted.
            let text = match unit.take() {
                Some(unit) => format!("{number} {unit}"),
                None => number.to_string(),
            };
            let (width, height) = self.measure(&text, TEXT_PT, f32::MAX)?;
            let frame = self.free.frame;
            let places = scale.edge.beside(frame, &tick, width, height);
            let at = self.free.find(places, width, height);
            self.put(at, &text, TEXT_PT)?;
            self.free.band(scale.band(Area {
                x: at.0,
                y: at.1,
                width,
                height,
            }));
        }
        Ok(())
    }

    /// A name in or at what it belongs to: smaller where there is no room for it otherwise.
    fn name(
        &mut self,
        text: &str,
        of: Area,
        places: impl Iterator<Item = (f32, f32)> + Clone,
    ) -> Result<(), Fault> {
        let mut placed = None;
        // Between the numbers of a ruler only where there is no other room.
        for (size, beside) in [
            (TEXT_PT, true),
            (SMALL_PT, true),
            (TEXT_PT, false),
            (SMALL_PT, false),
        ] {
            let (width, height) = self.measure(text, size, f32::MAX)?;
            let found = if beside {
                self.free.room_beside_rulers(places.clone(), width, height)
            } else {
                self.free.room(places.clone(), width, height)
            };
            if let Some(at) = found {
                placed = Some((at, size));
                break;
            }
        }
        let (at, size) = match placed {
            Some(placed) => placed,
            // A box that is full of rulers: its name lies over lines rather than over words.
            None => {
                let (width, height) = self.measure(text, SMALL_PT, f32::MAX)?;
                let over = places.chain(inside(of));
                (self.free.find(over, width, height), SMALL_PT)
            }
        };
        self.put(at, text, size)
    }

    /// What the page is, where it finds room: in boxes that are empty here, amid the sheet first.
    fn title(&mut self, profile: &Profile) -> Result<(), Fault> {
        let paper = profile.paper;
        let title = format!(
            "keyline · profile {} · {} x {} mm. Print it at 100 %. 0 is the paper's edge: lay a ruler of your own there and compare. \
             The frame is {} mm inside; what is missing of it your printer cannot reach.",
            profile.name, paper.width, paper.height, profile.margin
        );
        let middle = paper.height * if profile.folds.is_empty() { 0.6 } else { 0.37 };
        for size in [TITLE_PT, TEXT_PT, SMALL_PT] {
            for span in TITLE_SPAN {
                let wide = paper.width * span;
                let (width, height) = self.measure(&title, size, wide)?;
                let below = Area {
                    x: (paper.width - wide) / 2.0,
                    y: middle,
                    width: wide,
                    height: self.free.frame.bottom() - middle,
                };
                let places = inside(below).chain(inside(self.free.frame));
                let around = 2.0 * TITLE_CLEAR_MM;
                if let Some((x, y)) = self.free.room(places, width + around, height + around) {
                    let at = Area {
                        x: x + TITLE_CLEAR_MM,
                        y: y + TITLE_CLEAR_MM,
                        // Wrapped as it was measured.
                        width: wide,
                        height,
                    };
                    return self.words(at, &title, size);
                }
            }
        }
        // No room anywhere: over lines is better than not at all.
        let frame = self.free.frame;
        self.words(frame, &title, SMALL_PT)
    }

    /// Width and height that `text` takes in lines of at most `wide` mm.
    fn measure(&self, text: &str, size: f32, wide: f32) -> Result<(f32, f32), Fault> {
        let faces = self.page.on.faces;
        let lines = faces
            .wrap(Style::Regular, size, text, wide, Base::LeftToRight)
            .map_err(|missing| Fault::Mailer {
                what: format!("the calibration page holds {}", missing.told()),
            })?;
        let width = lines.iter().map(|line| line.width).fold(0.0, f32::max);
        let height = lines.iter().map(|_| leading(size)).sum();
        Ok((width, height))
    }

    fn put(&mut self, (x, y): (f32, f32), text: &str, size: f32) -> Result<(), Fault> {
        let (width, height) = self.measure(text, size, f32::MAX)?;
        // A little wider than measured, so that it is not broken.
        let at = Area {
            x,
            y,
            width: width + 1.0,
            height,
        };
        self.words(at, text, size)
    }

    fn words(&mut self, area: Area, text: &str, size: f32) -> Result<(), Fault> {
        let setting = Setting {
            part: Part::Stamp,
            style: Style::Regular,
            size,
            leading: leading(size),
            grey: 0.0,
            words: WordsOf::Letter,
            field: "the calibration page",
        };
        let before = self.page.desk.marks.len();
        self.page.desk.column(area, text, setting)?;
        let set = self.page.desk.marks.iter().skip(before);
        self.free.words(set.map(|mark| mark.area));
        Ok(())
    }
}

fn leading(size: f32) -> f32 {
    size * MM_PER_PT * LEADING
}
