//! What must be true of a profile before a letter is laid out with it, each refused in words of its own. Looks at geometry and
//! placeholders alone: no letter is made.

use self::boxes::{Placed, Says, boxes};
pub(super) use self::words::prove_words;
use super::{Area, Fold, Profile, TextBox};
use crate::domain::mailer::SheetKind;

mod boxes;
mod words;

/// Smallest distance of the PIN from a fold, mm: folds are not exact.
const PIN_FROM_FOLD_MM: f32 = 5.0;
/// What printers cannot reach at the edges, mm.
const MARGIN_MIN_MM: f32 = 4.0;
const PAPER_MIN_MM: f32 = 40.0;
const PAPER_MAX_MM: f32 = 450.0;
/// Smaller is not read without a glass.
const SIZE_MIN_PT: f32 = 5.0;
const SIZE_MAX_PT: f32 = 100.0;

/// Why a profile is refused, and the key of the file that it is about.
#[derive(Debug)]
pub(super) struct Flaw {
    key: &'static str,
    why: String,
}

impl Flaw {
    pub(super) fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self {
            key,
            why: why.into(),
        }
    }

    /// With the line of `text` that sets the key.
    pub(super) fn told(&self, text: &str) -> String {
        let sets_key = |line: &str| {
            let line = line.trim_start().trim_start_matches('[');
            line.strip_prefix(self.key)
                .is_some_and(|rest| rest.trim_start().starts_with(['=', ']', '.']))
        };
        match (1..).zip(text.lines()).find(|(_, line)| sets_key(line)) {
            Some((number, _)) => format!("line {number}: {}", self.why),
            None => self.why.clone(),
        }
    }
}

/// All proofs, the plainest first.
pub(super) fn prove(profile: &Profile) -> Result<(), Flaw> {
    sheet(profile)?;
    folds(profile)?;
    window(profile)?;
    for kind in &profile.kinds {
        let placed = boxes(profile, *kind)?;
        placed.iter().try_for_each(|one| lies_well(profile, one))?;
        if *kind == SheetKind::Pin {
            pin(profile)?;
            account(profile, &placed)?;
        }
        apart(&placed, *kind)?;
        placed.iter().try_for_each(|one| unfolded(profile, one))?;
    }
    Ok(())
}

fn sheet(profile: &Profile) -> Result<(), Flaw> {
    let paper = profile.paper;
    let sizes = PAPER_MIN_MM..=PAPER_MAX_MM;
    if !sizes.contains(&paper.width) || !sizes.contains(&paper.height) {
        return Err(Flaw::new(
            "paper",
            format!("`paper` is {PAPER_MIN_MM} to {PAPER_MAX_MM} mm wide and high"),
        ));
    }
    if profile.kinds.is_empty() {
        let all = SheetKind::ALL.map(SheetKind::word).join(", ");
        return Err(Flaw::new(
            "kinds",
            format!("`kinds` is empty; it takes {all}"),
        ));
    }
    let half = paper.width.min(paper.height) / 2.0;
    if !(MARGIN_MIN_MM..half).contains(&profile.margin) {
        return Err(Flaw::new(
            "margin",
            format!(
                "`margin` is at least {MARGIN_MIN_MM} mm, which printers cannot reach, and leaves paper to print on"
            ),
        ));
    }
    if let Some(spelled) = profile.spelled {
        let fits = (SIZE_MIN_PT..=SIZE_MAX_PT).contains(&spelled.size);
        if !fits || !leads(spelled.leading, spelled.size) {
            return Err(Flaw::new(
                "spelled",
                format!(
                    "`spelled` needs a `size` from {SIZE_MIN_PT} to {SIZE_MAX_PT} pt and a `leading` no smaller"
                ),
            ));
        }
    }
    for mark in &profile.fold_marks {
        if !paper.area().holds(&mark.area()) {
            return Err(Flaw::new("fold_marks", "a fold mark leaves the paper"));
        }
    }
    Ok(())
}

fn folds(profile: &Profile) -> Result<(), Flaw> {
    let mut last = 0.0;
    for fold in profile.folds.iter().chain([&profile.paper.height]) {
        // What is no number is in no range.
        if !(last + 2.0 * PIN_FROM_FOLD_MM..=PAPER_MAX_MM).contains(fold) {
            return Err(Flaw::new(
                "folds",
                format!(
                    "`folds` are measured from the top, in rising order, on the paper, {} mm apart or more",
                    2.0 * PIN_FROM_FOLD_MM
                ),
            ));
        }
        last = *fold;
    }
    let (count, may): (usize, &[&[u8]]) = match profile.fold {
        Fold::None => (0, &[&[1]]),
        Fold::Half => (1, &[&[], &[1, 2]]),
        Fold::Z => (2, &[&[1], &[3]]),
        Fold::Wrap => (2, &[&[], &[1, 2], &[2, 3]]),
    };
    let word = profile.fold.word();
    if profile.folds.len() != count {
        return Err(Flaw::new(
            "folds",
            format!(
                "fold = \"{word}\" has {count} `folds`; there are {}",
                profile.folds.len()
            ),
        ));
    }
    if !may.contains(&profile.outer.as_slice()) {
        let may: Vec<String> = may.iter().map(|panels| format!("{panels:?}")).collect();
        return Err(Flaw::new(
            "outer",
            format!(
                "a sheet with fold = \"{word}\" has `outer` = {}, never {:?}: paper folds no other way",
                may.join(" or "),
                profile.outer
            ),
        ));
    }
    Ok(())
}

fn window(profile: &Profile) -> Result<(), Flaw> {
    let Some(window) = &profile.window else {
        return Ok(());
    };
    if !window.slides.holds(&window.opening) {
        return Err(Flaw::new(
            "slides",
            "`slides` is all that the window can show, so it holds the window's `opening`",
        ));
    }
    for (number, panel) in (1_u8..).zip(profile.panels()) {
        if window.slides.touches(&panel) && !profile.outer.contains(&number) {
            return Err(Flaw::new(
                "slides",
                format!("the window can show panel {number}, which `outer` says lies inside"),
            ));
        }
    }
    Ok(())
}

/// On the paper, in a size that can be read, and hidden unless strangers may read it.
fn lies_well(profile: &Profile, one: &Placed<'_>) -> Result<(), Flaw> {
    let key = one.key;
    if one.area.width <= 0.0 || one.area.height <= 0.0 {
        return Err(Flaw::new(
            key,
            format!("the box `{key}` has no width or no height"),
        ));
    }
    if !profile.paper.area().inset(profile.margin).holds(&one.area) {
        return Err(Flaw::new(
            key,
            format!(
                "the box `{key}` leaves the printable part of the paper, which ends {} mm from its edges",
                profile.margin
            ),
        ));
    }
    if let Some(text_box) = one.text {
        let sizes = SIZE_MIN_PT..=SIZE_MAX_PT;
        let fit = text_box.sizes.iter().all(|size| sizes.contains(size));
        let falling = text_box.sizes.is_sorted_by(|one, next| one > next);
        if text_box.sizes.is_empty()
            || !fit
            || !falling
            || !leads(text_box.leading, text_box.size())
        {
            return Err(Flaw::new(
                key,
                format!(
                    "the box `{key}` needs `sizes` from {SIZE_MIN_PT} to {SIZE_MAX_PT} pt, largest first, and a `leading` no smaller than the first"
                ),
            ));
        }
        if !(0.0..one.area.width).contains(&text_box.indent) {
            return Err(Flaw::new(
                key,
                format!("the `indent` of the box `{key}` is wider than the box"),
            ));
        }
    }
    let is_shown = profile.shown().iter().any(|shown| shown.touches(&one.area));
    let may_show = match one.says {
        Says::Address => true,
        // A window shows its address; an outer panel that is its own envelope also who sends it.
        Says::Sender => key == "return_line" || profile.window.is_none(),
        Says::Account | Says::Pin | Says::Other => false,
    };
    if is_shown && !may_show {
        return Err(Flaw::new(
            key,
            match profile.window {
                Some(_) => format!("the box `{key}` lies where the envelope's window can show it"),
                None => format!("the box `{key}` lies on an outer panel, which everybody sees"),
            },
        ));
    }
    match (&profile.window, one.says) {
        (Some(window), Says::Address) if !window.opening.holds(&one.area) => Err(Flaw::new(
            key,
            format!(
                "the box `{key}` does not lie in the window's `opening`, where the post reads it"
            ),
        )),
        _ => Ok(()),
    }
}

/// Whether lines of `size` may follow each other at `leading`.
fn leads(leading: f32, size: f32) -> bool {
    (size..=3.0 * SIZE_MAX_PT).contains(&leading)
}

/// No box of one sheet lies on another.
fn apart(placed: &[Placed<'_>], kind: SheetKind) -> Result<(), Flaw> {
    for (index, one) in placed.iter().enumerate() {
        if let Some(other) = placed
            .iter()
            .skip(index + 1)
            .find(|other| other.area.touches(&one.area))
        {
            return Err(Flaw::new(
                other.key,
                format!(
                    "the boxes `{}` and `{}` overlap on the {} sheet",
                    one.key,
                    other.key,
                    kind.word()
                ),
            ));
        }
    }
    Ok(())
}

/// A crease runs through no box: what stands there lies in one panel.
fn unfolded(profile: &Profile, one: &Placed<'_>) -> Result<(), Flaw> {
    let through = |fold: &&f32| one.area.y < **fold && **fold < one.area.bottom();
    match profile.folds.iter().find(through) {
        Some(fold) => Err(Flaw::new(
            one.key,
            format!(
                "the box `{}`, from {} to {} mm, lies across the fold at {fold} mm; end it above or begin it below",
                one.key,
                one.area.y,
                one.area.bottom()
            ),
        )),
        None => Ok(()),
    }
}

/// The PIN lies in one panel that is inside when the sheet is folded, clear of the folds and not behind the window.
fn pin(profile: &Profile) -> Result<(), Flaw> {
    let Some(pin) = profile.boxes.pin.as_ref().map(TextBox::area) else {
        return Ok(());
    };
    if profile.folds.is_empty() {
        return Err(Flaw::new(
            "fold",
            "a PIN needs a panel that folding hides; this sheet has no folds",
        ));
    }
    let near =
        |fold: &f32| pin.y < fold + PIN_FROM_FOLD_MM && fold - PIN_FROM_FOLD_MM < pin.bottom();
    if let Some(fold) = profile.folds.iter().find(|fold| near(fold)) {
        return Err(Flaw::new(
            "pin",
            format!(
                "the box `pin` comes nearer than {PIN_FROM_FOLD_MM} mm to the fold at {fold} mm"
            ),
        ));
    }
    for (number, panel) in (1_u8..).zip(profile.panels()) {
        if panel.touches(&pin) && profile.outer.contains(&number) {
            return Err(Flaw::new(
                "pin",
                format!(
                    "the box `pin` lies on panel {number}, which is outside when the sheet is folded"
                ),
            ));
        }
    }
    match profile.fold {
        Fold::Z => covered(profile, pin),
        Fold::None | Fold::Half | Fold::Wrap => Ok(()),
    }
}

/// Folded to and fro, the panels before and behind the PIN's lie on it and cover it whole, but not with the window: there a
/// lamp would have two sheets of paper to shine through, and no envelope.
fn covered(profile: &Profile, pin: Area) -> Result<(), Flaw> {
    let panels = profile.panels();
    for fold in &profile.folds {
        // Turned over the fold, where does the box lie?
        let turned = Area {
            y: 2.0 * fold - pin.bottom(),
            ..pin
        };
        if !panels.iter().any(|panel| panel.holds(&turned)) {
            return Err(Flaw::new(
                "pin",
                format!(
                    "the panel beyond the fold at {fold} mm is too short to cover the box `pin`"
                ),
            ));
        }
        if profile
            .window
            .is_some_and(|window| window.slides.touches(&turned))
        {
            return Err(Flaw::new(
                "pin",
                "the box `pin` comes to lie right behind the window when the sheet is folded, where a lamp may show it",
            ));
        }
    }
    Ok(())
}

/// Nothing in the PIN's panel says whose it is.
fn account(profile: &Profile, placed: &[Placed<'_>]) -> Result<(), Flaw> {
    let Some(panel) = profile.pin_panel() else {
        return Ok(());
    };
    let wrong = placed
        .iter()
        .find(|one| matches!(one.says, Says::Account | Says::Address) && one.area.touches(&panel));
    match wrong {
        Some(one) => Err(Flaw::new(
            one.key,
            format!(
                "the box `{}` tells whose key it is and lies in the PIN's panel; the PIN stands in a panel of its own",
                one.key
            ),
        )),
        None => Ok(()),
    }
}
