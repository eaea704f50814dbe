//! Boxes turned about for words from right to left. Moves them sidewards alone, and proves nothing: that is for whoever asks.

use super::{Area, Boxes, TextBox};

/// What can be moved sidewards.
trait Sideward {
    fn place(&self) -> Area;
    fn shift_to(&mut self, x: f32);
}

impl Sideward for Area {
    fn place(&self) -> Area {
        *self
    }

    fn shift_to(&mut self, x: f32) {
        self.x = x;
    }
}

impl Sideward for TextBox {
    fn place(&self) -> Area {
        self.area()
    }

    fn shift_to(&mut self, x: f32) {
        self.move_to(x);
    }
}

impl Boxes {
    /// Logo and letterhead.
    pub(super) fn turn_head(&mut self) {
        if let (Some(letterhead), Some(logo)) = (&mut self.letterhead, &mut self.logo) {
            turn(&mut [letterhead, logo]);
        }
    }

    /// Logo and letterhead, and the return address that stands in the logo's way.
    pub(super) fn turn_head_and_return_line(&mut self) {
        if let (Some(letterhead), Some(logo), Some(return_line)) =
            (&mut self.letterhead, &mut self.logo, &mut self.return_line)
        {
            turn(&mut [letterhead, logo, return_line]);
        }
    }

    /// Steps and advice.
    pub(super) fn turn_steps(&mut self) {
        if let (Some(steps), Some(aside)) = (&mut self.steps, &mut self.aside) {
            turn(&mut [steps, aside]);
        }
    }

    /// Steps and advice, and the columns in which they stand: salutation and signature over the steps, the info block over
    /// the advice.
    pub(super) fn turn_panel_of_steps(&mut self) {
        if let (Some(steps), Some(aside), Some(info)) =
            (&mut self.steps, &mut self.aside, &mut self.info)
        {
            let mut all: Vec<&mut dyn Sideward> = vec![steps, aside, info];
            for one in [&mut self.salutation, &mut self.sign].into_iter().flatten() {
                all.push(one);
            }
            turn(&mut all);
        }
    }
}

/// Turns them about the middle of what all of them take from left to right.
fn turn(all: &mut [&mut dyn Sideward]) {
    let ends = all.iter().map(|one| one.place());
    let (left, right) = ends.fold((f32::INFINITY, 0.0_f32), |(left, right), place| {
        (left.min(place.x), right.max(place.right()))
    });
    for one in all {
        let x = left + right - one.place().right();
        one.shift_to(x);
    }
}
