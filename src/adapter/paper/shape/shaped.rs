//! A text that is shaped: where its clusters lie, and the lines taken from it, in the order in which they are seen. Measures are
//! parts of the type size, so that one shaping serves every size.

use std::ops::Range;

use unicode_bidi::{BidiInfo, Level, ParagraphInfo};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use super::{FaceId, Glyph, Line, MM_PER_PT};

/// A text that is shaped and not yet cut into lines.
pub(super) struct Shaped<'t> {
    pub(super) text: &'t str,
    bidi: BidiInfo<'t>,
    /// In the order of the text; the signs of each in the order in which they are seen.
    runs: Vec<Run>,
    /// Where each cluster begins, and how much has been set before it; the last one is the end of the text.
    pub(super) reach: Vec<(usize, f32)>,
}

/// What was shaped in one go.
pub(super) struct Run {
    pub(super) range: Range<usize>,
    pub(super) signs: Vec<Sign>,
}

/// A shaped glyph. Measures in parts of the type size.
pub(super) struct Sign {
    pub(super) face: FaceId,
    pub(super) id: u16,
    /// The part of the text that its cluster stands for, and its place among the cluster's glyphs.
    pub(super) cluster: Range<usize>,
    pub(super) nth: usize,
    pub(super) count: usize,
    pub(super) advance: f32,
    pub(super) x: f32,
    pub(super) y: f32,
    /// Where its ink ends, from the baseline upwards, its own place reckoned in.
    pub(super) top: f32,
    pub(super) bottom: f32,
}

impl<'t> Shaped<'t> {
    pub(super) fn new(text: &'t str, bidi: BidiInfo<'t>, runs: Vec<Run>) -> Self {
        let reach = reach(&runs, text.len());
        Self {
            text,
            bidi,
            runs,
            reach,
        }
    }

    /// The part `range` as a line at `size` pt, its last blanks left out.
    pub(super) fn line(&self, range: Range<usize>, size: f32) -> Line {
        let part = self.text.get(range.clone()).unwrap_or("");
        let range = range.start..range.start + part.trim_end().len();
        let mut line = Line {
            glyphs: Vec::new(),
            width: 0.0,
            rise: 0.0,
            sink: 0.0,
        };
        for (seen, backwards) in self.seen(&range) {
            let covered = |run: &&Run| run.range.start < seen.end && seen.start < run.range.end;
            let runs = self.runs.iter().filter(covered);
            if backwards {
                runs.rev().for_each(|run| self.place(run, &seen, &mut line));
            } else {
                runs.for_each(|run| self.place(run, &seen, &mut line));
            }
        }
        let scale = size * MM_PER_PT;
        line.width *= scale;
        line.rise *= scale;
        line.sink *= scale;
        for glyph in &mut line.glyphs {
            glyph.x *= scale;
            glyph.y *= scale;
        }
        line
    }

    /// The parts of a line in the order in which they are seen, and which of them run backwards.
    fn seen(&self, line: &Range<usize>) -> Vec<(Range<usize>, bool)> {
        if !self.bidi.has_rtl() {
            return vec![(line.clone(), false)];
        }
        let Some(paragraph) = self.paragraph(line.start) else {
            return Vec::new();
        };
        let (levels, runs) = self.bidi.visual_runs(paragraph, line.clone());
        runs.into_iter()
            .map(|run| {
                let backwards = levels.get(run.start).is_some_and(Level::is_rtl);
                (run, backwards)
            })
            .collect()
    }

    fn paragraph(&self, at: usize) -> Option<&ParagraphInfo> {
        let paragraphs = &self.bidi.paragraphs;
        paragraphs
            .iter()
            .find(|paragraph| paragraph.range.contains(&at))
            .or_else(|| paragraphs.last())
    }

    /// Appends what `run` has of `seen`.
    fn place(&self, run: &Run, seen: &Range<usize>, line: &mut Line) {
        let inside = run
            .signs
            .iter()
            .filter(|sign| seen.contains(&sign.cluster.start));
        for sign in inside {
            let read = self.text.get(sign.cluster.clone()).unwrap_or("");
            line.glyphs.push(Glyph {
                face: sign.face,
                id: sign.id,
                x: line.width + sign.x,
                y: sign.y,
                text: reads_as(read, sign.count, sign.nth),
            });
            line.width += sign.advance;
            line.rise = line.rise.max(sign.top);
            line.sink = line.sink.max(-sign.bottom);
        }
    }

    /// How far from the text's start `at` lies, when all is on one line.
    pub(super) fn reach_of(&self, at: usize) -> f32 {
        let after = self.reach.partition_point(|(start, _)| *start < at);
        self.reach.get(after).map_or(0.0, |(_, reach)| *reach)
    }
}

impl Drop for Shaped<'_> {
    /// The glyphs of a PIN are the PIN.
    fn drop(&mut self) {
        for sign in self.runs.iter_mut().flat_map(|run| &mut run.signs) {
            sign.id.zeroize();
        }
    }
}

/// The clusters in the order of the text, each with all that was set before it.
fn reach(runs: &[Run], end: usize) -> Vec<(usize, f32)> {
    let mut clusters: Vec<(usize, f32)> = runs
        .iter()
        .flat_map(|run| &run.signs)
        .map(|sign| (sign.cluster.start, sign.advance))
        .collect();
    clusters.sort_by_key(|(start, _)| *start);
    let mut sum = 0.0;
    let mut reach: Vec<(usize, f32)> = Vec::with_capacity(clusters.len() + 1);
    for (start, advance) in clusters {
        if reach.last().is_none_or(|(last, _)| *last != start) {
            reach.push((start, sum));
        }
        sum += advance;
    }
    reach.push((end, sum));
    reach
}

/// What the `nth` of the `count` glyphs of a cluster reads back as: of a base and its mark each its own character, also where
/// the face takes a composed character apart; a ligature all of them.
fn reads_as(cluster: &str, count: usize, nth: usize) -> Zeroizing<String> {
    if count == 1 {
        return Zeroizing::new(cluster.to_owned());
    }
    let apart = Zeroizing::new(if count > cluster.chars().count() {
        cluster.nfd().collect()
    } else {
        cluster.to_owned()
    });
    let rest = apart.chars().skip(nth);
    Zeroizing::new(if nth + 1 == count {
        rest.collect()
    } else {
        rest.take(1).collect()
    })
}
