//! Rulers: where their ticks are, and at which edge. They count from the paper's edge, and stand where a printer prints. Draws
//! nothing.

use super::super::super::profile::{Area, Profile};

const MM_PER_INCH: f32 = 25.4;
/// Lengths of ticks, mm.
const LARGE_MM: f32 = 3.6;
const HALF_MM: f32 = 2.4;
const SMALL_MM: f32 = 1.4;
/// What a ruler takes with its numbers, mm.
const RULER_MM: f32 = 8.0;
/// So near to where it begins a number would run into the other ruler's, mm.
const CORNER_MM: f32 = 6.0;
/// A box lower than this has no room for its name beneath a ruler, mm.
const LOW_MM: f32 = 12.0;
/// Between a tick and its number, mm; and how far on another place for it may be.
const NUMBER_GAP_MM: f32 = 0.4;
const NUMBER_STEP_MM: f32 = 0.4;
const NUMBER_STEPS: u8 = 16;

/// Along which edge of what a printer reaches a ruler lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Top,
    Bottom,
    Left,
    Right,
}

/// A ruler.
pub(super) struct Scale {
    pub(super) edge: Edge,
    /// mm from tick to tick.
    step: f32,
    /// From number to number.
    large: u16,
    /// What is counted from number to number: 10 mm, 1 inch.
    unit: u16,
    /// The unit, as its first number says it.
    pub(super) called: &'static str,
    /// Where it begins and ends, mm from the paper's edge.
    begin: f32,
    end: f32,
}

/// One of its ticks.
pub(super) struct Tick {
    /// mm from the paper's edge.
    at: f32,
    length: f32,
    pub(super) number: Option<u16>,
}

/// The rulers of a profile: millimetres at the upper and the left edge, unless boxes are in the way there; where inches are
/// wanted they stand opposite.
pub(super) fn of(profile: &Profile) -> Vec<Scale> {
    let frame = profile.paper.area().inset(profile.margin);
    let scale = |edge: Edge, step: f32, large: u16, unit: u16, called: &'static str| Scale {
        edge,
        step,
        large,
        unit,
        called,
        begin: edge.along(frame).0,
        end: edge.along(frame).1,
    };
    let mm = |edge| scale(edge, 1.0, 10, 10, "mm");
    let inches = |edge| scale(edge, MM_PER_INCH / 16.0, 16, 1, "in");
    if profile.inches {
        return vec![
            mm(Edge::Top),
            mm(Edge::Left),
            inches(Edge::Bottom),
            inches(Edge::Right),
        ];
    }
    let areas: Vec<Area> = super::boxes(profile)
        .into_iter()
        .map(|(_, area)| area)
        .collect();
    let freer = |one: Edge, other: Edge| {
        if other.crowd(frame, &areas) < one.crowd(frame, &areas) {
            other
        } else {
            one
        }
    };
    vec![
        mm(freer(Edge::Top, Edge::Bottom)),
        mm(freer(Edge::Left, Edge::Right)),
    ]
}

impl Scale {
    pub(super) fn ticks(&self) -> impl Iterator<Item = Tick> + '_ {
        (0_u16..)
            .map(|nth| (nth, f32::from(nth) * self.step))
            .skip_while(|(_, at)| *at < self.begin)
            .take_while(|(_, at)| *at <= self.end)
            .map(|(nth, at)| {
                let is_large = nth.is_multiple_of(self.large);
                let length = if is_large {
                    LARGE_MM
                } else if nth.is_multiple_of(self.large / 2) {
                    HALF_MM
                } else {
                    SMALL_MM
                };
                let is_in_corner = at < self.begin + CORNER_MM;
                let number = nth / self.large * self.unit;
                let number = (is_large && !is_in_corner).then_some(number);
                Tick { at, length, number }
            })
    }
}

impl Scale {
    /// What lies between a number of this ruler and the next ones, where `number` stands.
    pub(super) fn band(&self, number: Area) -> Area {
        let reach = self.step * f32::from(self.large);
        match self.edge {
            Edge::Top | Edge::Bottom => Area {
                x: number.x - reach,
                width: number.width + 2.0 * reach,
                ..number
            },
            Edge::Left | Edge::Right => Area {
                y: number.y - reach,
                height: number.height + 2.0 * reach,
                ..number
            },
        }
    }
}

impl Edge {
    /// Where a ruler along it begins and ends.
    fn along(self, frame: Area) -> (f32, f32) {
        match self {
            Self::Top | Self::Bottom => (frame.x, frame.right()),
            Self::Left | Self::Right => (frame.y, frame.bottom()),
        }
    }

    /// How many boxes have no room for their names under a ruler here.
    fn crowd(self, frame: Area, boxes: &[Area]) -> usize {
        let strip = match self {
            Self::Top => Area {
                height: RULER_MM,
                ..frame
            },
            Self::Bottom => Area {
                y: frame.bottom() - RULER_MM,
                height: RULER_MM,
                ..frame
            },
            Self::Left => Area {
                width: RULER_MM,
                ..frame
            },
            Self::Right => Area {
                x: frame.right() - RULER_MM,
                width: RULER_MM,
                ..frame
            },
        };
        let is_crowded = |area: &&Area| {
            let depth = match self {
                Self::Top | Self::Bottom => area.height,
                Self::Left | Self::Right => area.width,
            };
            depth < LOW_MM && area.touches(&strip)
        };
        boxes.iter().filter(is_crowded).count()
    }

    /// The line of a tick, from the frame inwards.
    pub(super) fn tick(self, frame: Area, tick: &Tick) -> Area {
        let (at, length) = (tick.at, tick.length);
        let down = |y: f32| Area {
            x: at,
            y,
            width: 0.0,
            height: length,
        };
        let across = |x: f32| Area {
            x,
            y: at,
            width: length,
            height: 0.0,
        };
        match self {
            Self::Top => down(frame.y),
            Self::Bottom => down(frame.bottom() - length),
            Self::Left => across(frame.x),
            Self::Right => across(frame.right() - length),
        }
    }

    /// Where the number of a tick may stand: before its end, a little aside, and further and further in.
    pub(super) fn beside(
        self,
        frame: Area,
        tick: &Tick,
        width: f32,
        height: f32,
    ) -> impl Iterator<Item = (f32, f32)> {
        /// Of its own width or height, how much of it lies before the tick.
        const SHIFTS: [f32; 5] = [-0.5, 0.25, -1.25, 0.5, -1.5];
        let (at, length) = (tick.at, tick.length);
        (0..NUMBER_STEPS).flat_map(move |nth| {
            let away = f32::from(nth).mul_add(NUMBER_STEP_MM, length + NUMBER_GAP_MM);
            SHIFTS.into_iter().map(move |shift| match self {
                Self::Top => (width.mul_add(shift, at), frame.y + away),
                Self::Bottom => (width.mul_add(shift, at), frame.bottom() - away - height),
                Self::Left => (frame.x + away, height.mul_add(shift, at)),
                Self::Right => (frame.right() - away - width, height.mul_add(shift, at)),
            })
        })
    }
}
