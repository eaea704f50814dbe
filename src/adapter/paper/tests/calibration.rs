//! The calibration page of every profile: it can be measured, and nothing on it runs together.

use super::super::profile::Area;
use super::super::sheet::Sheet;
use super::scripts::composer_with;
use super::*;

fn page(composer: &Composer) -> (Sheet, Area) {
    let profile = composer.templates.profile(&composer.profile).unwrap();
    let sheet = layout::calibration(composer.desktop(profile, false)).unwrap();
    (sheet, profile.paper.area().inset(profile.margin))
}

fn is_tick(ink: &Ink) -> bool {
    matches!(ink, Ink::Stroke { thickness, dashed: false } if *thickness < 0.4)
}

#[test]
fn rulers_stand_where_printers_print_and_no_words_run_together() {
    let templates = Templates::shipped().unwrap();
    for (name, _) in templates.profiles() {
        let (sheet, frame) = page(&composer_with(name, &[]));
        let words: Vec<Area> = sheet
            .marks
            .iter()
            .filter(|mark| matches!(mark.ink, Ink::Text { .. }))
            .map(|mark| mark.area)
            .collect();
        assert!(words.len() > 20, "{name}");
        for (nth, one) in words.iter().enumerate() {
            assert!(frame.holds(one), "{name}: words at {one:?}");
            let other = words.iter().skip(nth + 1).find(|other| other.touches(one));
            assert!(other.is_none(), "{name}: {one:?} and {other:?}");
        }
        let mut ticks = 0;
        for mark in sheet.marks.iter().filter(|mark| is_tick(&mark.ink)) {
            ticks += usize::from(mark.area.width.min(mark.area.height) == 0.0);
            assert!(frame.holds(&mark.area), "{name}: {:?}", mark.area);
            let covered = words.iter().find(|words| {
                let is_frame = mark.area == frame;
                !is_frame && words.touches(&mark.area)
            });
            assert!(covered.is_none(), "{name}: a tick through {covered:?}");
        }
        assert!(ticks > 150, "{name}: {ticks} ticks");
        // Ten millimetres from the edge is ten millimetres from the edge.
        let at = |at: f32| {
            let is_there = |area: &Area| (area.x - at).abs() < 0.001 && area.width == 0.0;
            let mut marks = sheet.marks.iter().filter(|mark| is_tick(&mark.ink));
            marks.any(|mark| is_there(&mark.area) && mark.area.height > 3.0)
        };
        assert!(at(20.0) && at(90.0) && !at(91.0), "{name}");
    }
}

#[test]
fn a_calibration_page_says_from_where_its_rulers_count() {
    for (name, said) in [
        ("seal-z", "The frame is 15 mm inside"),
        ("label", "105 x 74 mm"),
        ("us10", "215.9 x 279.4 mm"),
    ] {
        let date = jiff::civil::date(2026, 11, 22);
        let pdf = composer_with(name, &[]).calibration(date).unwrap();
        let Some(text) = read_back(&pdf, &[]) else {
            return;
        };
        let text = words_of(&text);
        assert!(text.contains(said), "{name}: {text}");
        assert!(text.contains("0 is the paper's edge"), "{name}: {text}");
        assert!(text.contains("0 mm "), "{name}: {text}");
        assert_eq!(text.contains("1 in "), name == "us10", "{name}: {text}");
    }
}

#[test]
fn no_name_stands_among_the_numbers_of_a_ruler_and_no_box_lies_on_one() {
    for name in ["din5008b", "us10"] {
        let composer = composer_with(name, &[]);
        let (sheet, frame) = page(&composer);
        // Where its numbers stand under the ticks.
        let strip = Area {
            height: 6.5,
            ..frame
        };
        let words = sheet.marks.iter().filter_map(|mark| match &mark.ink {
            Ink::Text { line, .. } if strip.touches(&mark.area) => Some((line, mark.area)),
            _ => None,
        });
        for (line, area) in words {
            let text: String = line
                .glyphs
                .iter()
                .map(|glyph| glyph.text.as_str())
                .collect();
            assert!(
                text.starts_with(|c: char| c.is_ascii_digit()),
                "{name}: {text} at {area:?}"
            );
        }
        let boxes = &composer.templates.profile(name).unwrap().boxes;
        let info = boxes.info.as_ref().unwrap().area();
        assert!(frame.right() - info.right() > 3.6, "{name}");
    }
}
