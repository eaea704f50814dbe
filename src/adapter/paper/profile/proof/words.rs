//! Which messages of a letter stand beside the PIN, that none of them says whose it is, and that none looks like one.

use super::super::super::letter::{Letter, no_digit};
use super::super::super::words::{Field, Words};
use super::super::{Profile, TextBox};

/// No message in the PIN's panel says whose PIN it is, or has digits of its own.
pub(in super::super) fn prove_words(profile: &Profile, letter: &Letter) -> Result<(), String> {
    let Some(panel) = profile.pin_panel() else {
        return Ok(());
    };
    let boxes = &profile.boxes;
    let beside_pin = |one: &Option<TextBox>| {
        one.as_ref()
            .is_some_and(|text_box| text_box.area().touches(&panel))
    };
    let standing = [
        ("opening", &boxes.opening, opening(letter)),
        ("pin_label", &boxes.pin_label, labels(letter)),
        ("pin_note", &boxes.pin_note, notes(letter)),
        ("steps", &boxes.steps, steps(letter)),
        ("aside", &boxes.aside, asides(letter)),
        ("footer", &boxes.footer, vec![("help", &letter.help)]),
    ];
    for (key, text_box, messages) in standing {
        if !beside_pin(text_box) {
            continue;
        }
        for (message, words) in messages {
            if words.uses(Field::Name) || words.uses(Field::Key) {
                return Err(format!(
                    "`{message}` names the person or the key with {{name}} or {{key}}, and profile `{}` sets it (box `{key}`) in the PIN's panel; say it without them",
                    profile.name
                ));
            }
            no_digit(message, &words.fixed())?;
        }
    }
    Ok(())
}

type Messages<'a> = Vec<(&'static str, &'a Words)>;

fn opening(letter: &Letter) -> Messages<'_> {
    let mut all = vec![
        ("subject", &letter.subject),
        ("opening_keep", &letter.opening_keep),
        ("opening_change", &letter.opening_change),
    ];
    all.extend(letter.opening.iter().map(|words| ("opening", words)));
    all
}

fn labels(letter: &Letter) -> Messages<'_> {
    vec![
        ("pin_label", &letter.pin_label),
        ("pin_label_change", &letter.pin_label_change),
    ]
}

fn notes(letter: &Letter) -> Messages<'_> {
    vec![
        ("pin_note", &letter.pin_note),
        ("pin_note_letters", &letter.pin_note_letters),
    ]
}

fn steps(letter: &Letter) -> Messages<'_> {
    let mut all = vec![("steps_heading", &letter.steps_heading)];
    all.extend(letter.steps_keep.iter().map(|words| ("steps_keep", words)));
    all.extend(
        letter
            .steps_change
            .iter()
            .map(|words| ("steps_change", words)),
    );
    all
}

fn asides(letter: &Letter) -> Messages<'_> {
    vec![
        ("change_heading", &letter.change_heading),
        ("change", &letter.change),
        ("opened_heading", &letter.opened_heading),
        ("opened", &letter.opened),
    ]
}
