//! The boxes of a page that is read from the right.

use super::super::profile::Boxes;
use super::composer;

#[test]
fn steps_change_sides_where_a_page_is_read_from_the_right() {
    let composer = composer();
    for (name, profile) in &composer.templates.profiles {
        let mirrored = &composer.mirrored[name];
        let (Some(steps), Some(aside)) = (&profile.boxes.steps, &mirrored.boxes.aside) else {
            continue;
        };
        let changed = (aside.area().x - steps.area().x).abs() < 0.01;
        assert!(changed, "{name}");
    }
}

#[test]
fn what_stands_in_columns_with_the_steps_changes_sides_with_them() {
    let composer = composer();
    let (sealed, mirrored) = (
        &composer.templates.profiles["seal-z"].boxes,
        &composer.mirrored["seal-z"].boxes,
    );
    let (left, right) = (25.0, 188.0);
    for (before, after) in [
        (&sealed.salutation, &mirrored.salutation),
        (&sealed.steps, &mirrored.steps),
        (&sealed.sign, &mirrored.sign),
        (&sealed.info, &mirrored.info),
        (&sealed.aside, &mirrored.aside),
    ] {
        let (before, after) = (
            before.as_ref().unwrap().area(),
            after.as_ref().unwrap().area(),
        );
        assert!((after.right() - (left + right - before.x)).abs() < 0.01);
        assert!((after.y - before.y).abs() < 0.01);
    }
}

#[test]
fn the_letterhead_changes_sides_with_the_logo_and_a_window_keeps_its_address() {
    let composer = composer();
    for (name, profile) in &composer.templates.profiles {
        let (before, after) = (&profile.boxes, &composer.mirrored[name].boxes);
        let (Some(letterhead), Some(logo)) = (&before.letterhead, &before.logo) else {
            continue;
        };
        let turned = after.letterhead.as_ref().unwrap().area();
        assert!((turned.right() - logo.right()).abs() < 0.01, "{name}");
        assert!(
            (after.logo.unwrap().x - letterhead.area().x).abs() < 0.01,
            "{name}"
        );
        let address = |boxes: &Boxes| boxes.address.as_ref().unwrap().area();
        assert!(
            (address(before).x - address(after).x).abs() < 0.01,
            "{name}"
        );
    }
}
