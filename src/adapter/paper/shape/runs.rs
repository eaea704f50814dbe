//! A text taken apart into runs of one direction, script and face, each shaped once. Knows nothing of lines.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustybuzz::ttf_parser::{GlyphId, Tag};
use rustybuzz::{Direction, Face, GlyphBuffer, ShapePlan, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::shaped::{Run, Shaped, Sign};
use super::{Base, FaceId, Faces, Font, Missing, Style, units};
use crate::adapter::paper::fonts::FACE_INDEX;

/// A face, and how each script is shaped with it. Making a plan costs more than using it.
pub(super) struct Typeface {
    pub(super) face: Face<'static>,
    home: &'static [Script],
    plans: RwLock<BTreeMap<PlanKey, Arc<ShapePlan>>>,
    /// Of fonts whose outlines have to be walked for it: where the ink of each glyph ends.
    inks: Vec<OnceLock<Ink>>,
}

/// The top and the bottom of a glyph, in font units from the baseline upwards.
type Ink = (i16, i16);

/// The script's tag and whether it runs backwards.
type PlanKey = (u32, bool);

/// What is shaped in one go.
struct Item {
    range: Range<usize>,
    level: Level,
    script: Script,
    face: FaceId,
}

impl Typeface {
    pub(super) fn parse(font: &Font) -> Option<Self> {
        let face = Face::from_slice(font.bytes, FACE_INDEX)?;
        let walked = match face.tables().glyf {
            Some(_) => 0,
            None => face.number_of_glyphs(),
        };
        Some(Self {
            face,
            home: font.home,
            plans: RwLock::default(),
            inks: (0..walked).map(|_| OnceLock::new()).collect(),
        })
    }

    /// What has no outline, as a blank, has no ink.
    fn ink(&self, id: u16) -> Ink {
        let glyph = GlyphId(id);
        if let Some(glyf) = self.face.tables().glyf {
            return glyf
                .bbox(glyph)
                .map_or((0, 0), |ink| (ink.y_max, ink.y_min));
        }
        let walk = || {
            let ink = self.face.glyph_bounding_box(glyph);
            ink.map_or((0, 0), |ink| (ink.y_max, ink.y_min))
        };
        let known = self.inks.get(usize::from(id));
        known.map_or_else(walk, |known| *known.get_or_init(walk))
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
    pub(super) fn shape<'t>(
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
            runs.push(Run {
                signs: signs(&item, part, &shaped, typeface),
                range: item.range,
            });
        }
        Ok(Shaped::new(text, bidi, runs))
    }

    /// The first character of `text` that no face of `style` has. Cheaper than setting it.
    pub(in crate::adapter::paper) fn missing(&self, style: Style, text: &str) -> Option<Missing> {
        self.items(style, text, &[]).err()
    }

    fn items(&self, style: Style, text: &str, levels: &[Level]) -> Result<Vec<Item>, Missing> {
        let mut items: Vec<Item> = Vec::new();
        let mut script = first_script(text);
        for (at, cluster) in text.grapheme_indices(true) {
            if cluster.chars().all(is_steering) {
                continue;
            }
            let own = cluster.chars().map(script_of).find(is_own);
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

/// The glyphs of an item, as they are seen.
fn signs(item: &Item, text: &str, shaped: &GlyphBuffer, typeface: &Typeface) -> Vec<Sign> {
    let per_em = units(typeface.face.units_per_em());
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
            // A face has at most 65,535 glyphs; 0 was refused.
            let id = u16::try_from(info.glyph_id).unwrap_or(0);
            let (top, bottom) = typeface.ink(id);
            let y = units(position.y_offset) / per_em;
            all.push(Sign {
                face: item.face,
                id,
                cluster: item.range.start + from..item.range.start + to,
                nth,
                count: cluster.len(),
                advance: units(position.x_advance) / per_em,
                x: units(position.x_offset) / per_em,
                y,
                top: y + f32::from(top) / per_em,
                bottom: y + f32::from(bottom) / per_em,
            });
        }
    }
    all
}

/// The script of the first letter, for the signs before it.
fn first_script(text: &str) -> Script {
    let found = text.chars().map(script_of).find(is_own);
    found.unwrap_or(Script::Latin)
}

/// Without a look into the tables for what most texts are made of.
fn script_of(character: char) -> Script {
    match character {
        'A'..='Z' | 'a'..='z' => Script::Latin,
        '\0'..='\x7F' => Script::Common,
        _ => character.script(),
    }
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
