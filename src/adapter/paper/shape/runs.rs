//! A text taken apart into runs of one direction, script and face, each shaped once; and lines taken from it. Measures are parts
//! of the type size, so that one shaping serves every size.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use rustybuzz::ttf_parser::Tag;
use rustybuzz::{Direction, Face, GlyphBuffer, ShapePlan, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;
use zeroize::{Zeroize, Zeroizing};

use super::{Base, FaceId, Faces, Font, Glyph, Line, MM_PER_PT, Missing, Style, units};
use crate::adapter::paper::fonts::FACE_INDEX;

/// A face, and how each script is shaped with it. Making a plan costs more than using it.
pub(super) struct Typeface {
    pub(super) face: Face<'static>,
    home: &'static [Script],
    plans: RwLock<BTreeMap<PlanKey, Arc<ShapePlan>>>,
}

/// The script's tag and whether it runs backwards.
type PlanKey = (u32, bool);

/// A text that is shaped and not yet cut into lines.
pub(in crate::adapter::paper) struct Shaped<'t> {
    pub(super) text: &'t str,
    bidi: BidiInfo<'t>,
    /// In the order of the text; the signs of each in the order in which they are seen.
    runs: Vec<Run>,
    /// Where each cluster begins, and how much has been set before it; the last one is the end of the text.
    pub(super) reach: Vec<(usize, f32)>,
}

struct Run {
    range: Range<usize>,
    signs: Vec<Sign>,
}

/// A shaped glyph. Measures in parts of the type size.
struct Sign {
    face: FaceId,
    id: u16,
    /// The part of the text that its cluster stands for, and its place among the cluster's glyphs.
    cluster: Range<usize>,
    nth: usize,
    count: usize,
    advance: f32,
    x: f32,
    y: f32,
}

/// What is shaped in one go.
struct Item {
    range: Range<usize>,
    level: Level,
    script: Script,
    face: FaceId,
}

impl Typeface {
    pub(super) fn parse(font: &Font) -> Option<Self> {
        Some(Self {
            face: Face::from_slice(font.bytes, FACE_INDEX)?,
            home: font.home,
            plans: RwLock::default(),
        })
    }

    fn has(&self, cluster: &str) -> bool {
        cluster
            .chars()
            .all(|c| is_unseen(c) || self.face.glyph_index(c).is_some_and(|glyph| glyph.0 != 0))
    }

    fn plan(&self, script: Script, backwards: bool) -> Arc<ShapePlan> {
        let key = (script.as_iso15924_tag(), backwards);
        let known = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = known.get(&key) {
            return Arc::clone(plan);
        }
        drop(known);
        let script = rustybuzz::Script::from_iso15924_tag(Tag(key.0));
        let plan = ShapePlan::new(&self.face, direction(backwards), script, None, &[]);
        let plan = Arc::new(plan);
        let mut known = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, Arc::clone(&plan));
        plan
    }

    fn shape(&self, text: &str, script: Script, backwards: bool) -> GlyphBuffer {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_direction(direction(backwards));
        if let Some(script) = rustybuzz::Script::from_iso15924_tag(Tag(script.as_iso15924_tag())) {
            buffer.set_script(script);
        }
        let plan = self.plan(script, backwards);
        rustybuzz::shape_with_plan(&self.face, &plan, buffer)
    }
}

impl Faces {
    /// Shapes `text`, whatever scripts it has.
    pub(in crate::adapter::paper) fn shape<'t>(
        &self,
        style: Style,
        text: &'t str,
        base: Base,
    ) -> Result<Shaped<'t>, Missing> {
        let level = match base {
            Base::LeftToRight => Some(Level::ltr()),
            Base::RightToLeft => Some(Level::rtl()),
            Base::FirstLetter => None,
        };
        let bidi = BidiInfo::new(text, level);
        let mut runs = Vec::new();
        for item in self.items(style, text, &bidi.levels)? {
            let Some(typeface) = self.typeface(item.face) else {
                continue;
            };
            let part = text.get(item.range.clone()).unwrap_or("");
            let shaped = typeface.shape(part, item.script, item.level.is_rtl());
            if let Some(info) = shaped.glyph_infos().iter().find(|info| info.glyph_id == 0) {
                let rest = part.get(index(info.cluster)..).unwrap_or("");
                let lacking = rest.chars().next();
                return Err(Missing(lacking.unwrap_or(char::REPLACEMENT_CHARACTER)));
            }
            let per_em = units(typeface.face.units_per_em());
            runs.push(Run {
                signs: signs(&item, part, &shaped, per_em),
                range: item.range,
            });
        }
        let reach = reach(&runs, text.len());
        Ok(Shaped {
            text,
            bidi,
            runs,
            reach,
        })
    }

    fn items(&self, style: Style, text: &str, levels: &[Level]) -> Result<Vec<Item>, Missing> {
        let mut items: Vec<Item> = Vec::new();
        let mut script = first_script(text);
        for (at, cluster) in text.grapheme_indices(true) {
            if cluster.chars().all(is_steering) {
                continue;
            }
            let own = cluster.chars().map(|c| c.script()).find(is_own);
            script = own.unwrap_or(script);
            let face = self.face_for(style, cluster, script)?;
            let level = levels.get(at).copied().unwrap_or_else(Level::ltr);
            let end = at + cluster.len();
            match items.last_mut() {
                Some(last)
                    if last.range.end == at
                        && last.face == face
                        && last.script == script
                        && last.level == level =>
                {
                    last.range.end = end;
                }
                Some(_) | None => items.push(Item {
                    range: at..end,
                    level,
                    script,
                    face,
                }),
            }
        }
        Ok(items)
    }

    /// The face for a cluster: the one whose script it is, or the first that has it. Digits look the same everywhere.
    fn face_for(&self, style: Style, cluster: &str, script: Script) -> Result<FaceId, Missing> {
        let order = self.order(style);
        let all = [&order.first].into_iter().chain(&order.others);
        let has = |id: &&FaceId| self.typeface(**id).is_some_and(|face| face.has(cluster));
        let is_home = |id: &&FaceId| {
            self.typeface(**id)
                .is_some_and(|face| face.home.contains(&script))
        };
        let is_digit = cluster.starts_with(|c: char| c.is_ascii_digit());
        let at_home = all.clone().filter(is_home).find(has).filter(|_| !is_digit);
        at_home
            .or_else(|| all.clone().find(has))
            .copied()
            .ok_or_else(|| Missing(self.lacking(order.first, cluster)))
    }

    /// The character of a cluster to blame: the first that `face` lacks.
    fn lacking(&self, face: FaceId, cluster: &str) -> char {
        let has = |c: char| {
            self.typeface(face)
                .is_some_and(|typeface| typeface.has(c.encode_utf8(&mut [0; 4])))
        };
        cluster
            .chars()
            .find(|c| !has(*c))
            .or_else(|| cluster.chars().next())
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

impl Shaped<'_> {
    /// The part `range` as a line at `size` pt, its last blanks left out.
    pub(super) fn line(&self, range: Range<usize>, size: f32) -> Line {
        let part = self.text.get(range.clone()).unwrap_or("");
        let range = range.start..range.start + part.trim_end().len();
        let mut line = Line {
            glyphs: Vec::new(),
            width: 0.0,
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

    fn paragraph(&self, at: usize) -> Option<&unicode_bidi::ParagraphInfo> {
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

/// The glyphs of an item, as they are seen.
fn signs(item: &Item, text: &str, shaped: &GlyphBuffer, per_em: f32) -> Vec<Sign> {
    let infos = shaped.glyph_infos();
    let mut starts: Vec<usize> = infos.iter().map(|info| index(info.cluster)).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut positions = shaped.glyph_positions().iter();
    let mut all = Vec::with_capacity(infos.len());
    for cluster in infos.chunk_by(|one, next| one.cluster == next.cluster) {
        let from = cluster.first().map_or(0, |info| index(info.cluster));
        let after = starts.partition_point(|start| *start <= from);
        let to = starts.get(after).copied().unwrap_or(text.len());
        for (nth, (info, position)) in cluster.iter().zip(positions.by_ref()).enumerate() {
            all.push(Sign {
                face: item.face,
                // A face has at most 65,535 glyphs; 0 was refused.
                id: u16::try_from(info.glyph_id).unwrap_or(0),
                cluster: item.range.start + from..item.range.start + to,
                nth,
                count: cluster.len(),
                advance: units(position.x_advance) / per_em,
                x: units(position.x_offset) / per_em,
                y: units(position.y_offset) / per_em,
            });
        }
    }
    all
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

/// The script of the first letter, for the signs before it.
fn first_script(text: &str) -> Script {
    let scripts = text.chars().map(|c| c.script());
    scripts.into_iter().find(is_own).unwrap_or(Script::Latin)
}

/// Whether a script is one, and not what several share.
fn is_own(script: &Script) -> bool {
    !matches!(script, Script::Common | Script::Inherited | Script::Unknown)
}

/// Marks that keep a part of the text in one direction, and ends of lines: they steer and are never set.
const fn is_steering(character: char) -> bool {
    matches!(character, '\u{2066}'..='\u{2069}' | '\n' | '\r')
}

/// Joiners: the shaper obeys and hides them, whether or not the face has a glyph.
const fn is_unseen(character: char) -> bool {
    matches!(character, '\u{200C}' | '\u{200D}')
}

const fn direction(backwards: bool) -> Direction {
    if backwards {
        Direction::RightToLeft
    } else {
        Direction::LeftToRight
    }
}

fn index(cluster: u32) -> usize {
    usize::try_from(cluster).unwrap_or(0)
}
