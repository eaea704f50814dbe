//! Where on a page neither lines nor words stand, so that what is put there can be read. Knows no text and no ruler.

use super::super::super::profile::Area;

/// What words keep free around them, mm.
const CLEAR_MM: f32 = 0.25;
/// Between an outline and its name, mm.
const NAME_GAP_MM: f32 = 0.6;
/// From one place that is tried to the next, mm.
const STEP_DOWN_MM: f32 = 0.5;
const STEP_ALONG_MM: f32 = 1.5;

/// What is taken of a page.
pub(super) struct Free {
    /// What a printer reaches; no word leaves it.
    pub(super) frame: Area,
    /// Without width or without height.
    lines: Vec<Area>,
    words: Vec<Area>,
    /// Where the numbers of a ruler stand in a row.
    bands: Vec<Area>,
}

impl Free {
    pub(super) const fn on(frame: Area) -> Self {
        Self {
            frame,
            lines: Vec::new(),
            words: Vec::new(),
            bands: Vec::new(),
        }
    }

    pub(super) fn line(&mut self, line: Area) {
        self.lines.push(line);
    }

    /// The four edges of an area, or the line that it is.
    pub(super) fn outline(&mut self, area: Area) {
        let across = |y: f32| Area {
            y,
            height: 0.0,
            ..area
        };
        let down = |x: f32| Area {
            x,
            width: 0.0,
            ..area
        };
        self.lines.extend([
            across(area.y),
            across(area.bottom()),
            down(area.x),
            down(area.right()),
        ]);
    }

    pub(super) fn words(&mut self, areas: impl Iterator<Item = Area>) {
        self.words.extend(areas);
    }

    pub(super) fn band(&mut self, band: Area) {
        self.bands.push(band);
    }

    /// As [`Self::room`], and not among the numbers of a ruler.
    pub(super) fn room_beside_rulers(
        &self,
        places: impl Iterator<Item = (f32, f32)>,
        width: f32,
        height: f32,
    ) -> Option<(f32, f32)> {
        let beside = |at: &(f32, f32)| {
            let area = sized(*at, width, height);
            !self.bands.iter().any(|band| band.touches(&area))
        };
        self.room(places.filter(beside), width, height)
    }

    /// The first of `places` (left and upper end) where words of this size touch neither line nor word.
    pub(super) fn room(
        &self,
        mut places: impl Iterator<Item = (f32, f32)>,
        width: f32,
        height: f32,
    ) -> Option<(f32, f32)> {
        places.find(|at| {
            let area = sized(*at, width, height);
            self.is_clear_of(&self.words, area) && self.is_clear_of(&self.lines, area)
        })
    }

    /// As [`Self::room`]; where there is none, the first place that touches no word, and at last the first of all.
    pub(super) fn find(
        &self,
        places: impl Iterator<Item = (f32, f32)>,
        width: f32,
        height: f32,
    ) -> (f32, f32) {
        let places: Vec<(f32, f32)> = places.collect();
        let of_words = |at: &(f32, f32)| self.is_clear_of(&self.words, sized(*at, width, height));
        self.room(places.iter().copied(), width, height)
            .or_else(|| places.iter().copied().find(of_words))
            .or_else(|| places.first().copied())
            .unwrap_or((self.frame.x, self.frame.y))
    }

    fn is_clear_of(&self, taken: &[Area], area: Area) -> bool {
        let wide = area.inset(-CLEAR_MM);
        self.frame.holds(&area) && !taken.iter().any(|other| other.touches(&wide))
    }
}

const fn sized((x, y): (f32, f32), width: f32, height: f32) -> Area {
    Area {
        x,
        y,
        width,
        height,
    }
}

/// Places from the upper left end of `area` on, along and then down.
pub(super) fn inside(area: Area) -> impl Iterator<Item = (f32, f32)> + Clone {
    down(area).flat_map(move |y| along(area).map(move |x| (x, y)))
}

/// The same from the lower right end, for what stands out of the way.
pub(super) fn from_the_right(area: Area) -> impl Iterator<Item = (f32, f32)> + Clone {
    let mirrored = move |(x, y)| (area.x + area.right() - x, area.y + area.bottom() - y);
    inside(area).map(mirrored)
}

/// Places along a fold, beneath it and then above it.
pub(super) fn under_or_over(fold: f32) -> impl Iterator<Item = (f32, f32)> + Clone {
    const AWAY_MM: [f32; 6] = [0.4, 0.8, 1.2, -3.2, -3.6, -4.0];
    let sheet = Area {
        x: 0.0,
        y: fold,
        width: 400.0,
        height: 0.0,
    };
    along(sheet).flat_map(move |x| AWAY_MM.into_iter().map(move |away| (x, fold + away)))
}

fn down(area: Area) -> impl Iterator<Item = f32> + Clone {
    steps(area.y + CLEAR_MM + 0.1, area.bottom(), STEP_DOWN_MM)
}

fn along(area: Area) -> impl Iterator<Item = f32> + Clone {
    steps(area.x + NAME_GAP_MM, area.right(), STEP_ALONG_MM)
}

fn steps(from: f32, to: f32, step: f32) -> impl Iterator<Item = f32> + Clone {
    (0_u16..)
        .map(move |nth| f32::from(nth).mul_add(step, from))
        .take_while(move |at| *at < to)
}
