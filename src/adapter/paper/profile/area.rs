//! Rectangles on a sheet. Knows nothing of what stands in them.

use serde::Deserialize;

/// A rectangle, mm from the top left corner of the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::adapter::paper) struct Area {
    pub(in crate::adapter::paper) x: f32,
    pub(in crate::adapter::paper) y: f32,
    pub(in crate::adapter::paper) width: f32,
    pub(in crate::adapter::paper) height: f32,
}

impl Area {
    pub(in crate::adapter::paper) fn right(&self) -> f32 {
        self.x + self.width
    }

    pub(in crate::adapter::paper) fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Whether `inner` lies in here, give or take a hundredth of a millimetre.
    pub(in crate::adapter::paper) fn holds(&self, inner: &Self) -> bool {
        const SLACK_MM: f32 = 0.01;
        inner.x >= self.x - SLACK_MM
            && inner.y >= self.y - SLACK_MM
            && inner.right() <= self.right() + SLACK_MM
            && inner.bottom() <= self.bottom() + SLACK_MM
    }

    pub(in crate::adapter::paper) fn touches(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// The rectangle within `by` mm of each edge.
    pub(in crate::adapter::paper) fn inset(&self, by: f32) -> Self {
        Self {
            x: self.x + by,
            y: self.y + by,
            width: self.width - 2.0 * by,
            height: self.height - 2.0 * by,
        }
    }
}

/// An area for text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::adapter::paper) struct TextBox {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    /// pt, largest first: the first one that has room is taken.
    pub(in crate::adapter::paper) sizes: Vec<f32>,
    /// pt, of the first size; smaller sizes have less in proportion.
    pub(in crate::adapter::paper) leading: f32,
    /// Where what follows a label or a step's number begins, mm from the left edge.
    #[serde(default)]
    pub(in crate::adapter::paper) indent: f32,
}

impl TextBox {
    pub(in crate::adapter::paper) const fn area(&self) -> Area {
        Area {
            x: self.x,
            y: self.y,
            width: self.width,
            height: self.height,
        }
    }

    pub(in crate::adapter::paper) const fn move_to(&mut self, x: f32) {
        self.x = x;
    }

    /// The largest size; profiles without one are refused.
    pub(in crate::adapter::paper) fn size(&self) -> f32 {
        self.sizes.first().copied().unwrap_or(0.0)
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::adapter::paper) struct Paper {
    pub(in crate::adapter::paper) width: f32,
    pub(in crate::adapter::paper) height: f32,
}

impl Paper {
    pub(in crate::adapter::paper) const fn area(&self) -> Area {
        Area {
            x: 0.0,
            y: 0.0,
            width: self.width,
            height: self.height,
        }
    }
}

/// A short horizontal line at the edge, for folding or punching.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::adapter::paper) struct EdgeMark {
    pub(in crate::adapter::paper) x: f32,
    pub(in crate::adapter::paper) y: f32,
    pub(in crate::adapter::paper) length: f32,
}

impl EdgeMark {
    pub(in crate::adapter::paper) const fn area(&self) -> Area {
        Area {
            x: self.x,
            y: self.y,
            width: self.length,
            height: 0.0,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::adapter::paper) struct TypeSize {
    pub(in crate::adapter::paper) size: f32,
    pub(in crate::adapter::paper) leading: f32,
}
