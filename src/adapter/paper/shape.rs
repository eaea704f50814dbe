//! Text to glyphs: faces parsed once, shaping, the order of mixed scripts, and breaking into lines. Never draws; a character
//! that a face lacks is an error here, before anything is made.

use rustybuzz::{Direction, Face, GlyphBuffer, ShapePlan, UnicodeBuffer, script};
use unicode_bidi::BidiInfo;
use unicode_linebreak::BreakOpportunity;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Which face a text is set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Regular,
    Bold,
    /// The PIN: every character as wide as the next, the zero dotted.
    Mono,
}

impl Style {
    pub(super) const ALL: [Self; 3] = [Self::Regular, Self::Bold, Self::Mono];

    /// The font file, embedded.
    pub(super) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../../templates/mailer/fonts/NotoSans-Regular.ttf"),
            Self::Bold => include_bytes!("../../../templates/mailer/fonts/NotoSans-Bold.ttf"),
            Self::Mono => include_bytes!("../../../templates/mailer/fonts/DejaVuSansMono.ttf"),
        }
    }
}

/// The faces, parsed once for all letters.
pub(super) struct Faces {
    regular: Typeface,
    bold: Typeface,
    mono: Typeface,
}

struct Typeface {
    face: Face<'static>,
    /// How Latin is shaped, and whatever has no script of its own. Making a plan costs more than using it.
    latin: ShapePlan,
}

/// One glyph, placed in mm from the start of its line; `y` upwards.
pub(super) struct Glyph {
    pub(super) id: u16,
    pub(super) x: f32,
    pub(super) y: f32,
    /// What it stands for, so that text can be read back. Wiped, because it may be the PIN's.
    pub(super) text: Zeroizing<String>,
}

/// One line of glyphs.
pub(super) struct Line {
    pub(super) glyphs: Vec<Glyph>,
    /// mm
    pub(super) width: f32,
}

/// What no line break divides, with the blanks after it. Widths in mm.
struct Word {
    start: usize,
    end: usize,
    solid: f32,
    blank: f32,
    ends_line: bool,
}

/// Where the lines of a text begin, in bytes, and how wide its last line is.
struct Breaks {
    starts: Vec<usize>,
    last: f32,
}

/// The character that a face lacks.
pub(super) struct Missing(pub(super) char);

/// Points to millimetres.
pub(super) const MM_PER_PT: f32 = 25.4 / 72.0;

impl Faces {
    /// Parses the embedded fonts; `None` when one of them is broken.
    pub(super) fn load() -> Option<Self> {
        let face = |style: Style| {
            let face = Face::from_slice(style.bytes(), 0)?;
            let forwards = Direction::LeftToRight;
            let latin = ShapePlan::new(&face, forwards, Some(script::LATIN), None, &[]);
            Some(Typeface { face, latin })
        };
        Some(Self {
            regular: face(Style::Regular)?,
            bold: face(Style::Bold)?,
            mono: face(Style::Mono)?,
        })
    }

    const fn face(&self, style: Style) -> &Face<'static> {
        &self.typeface(style).face
    }

    const fn typeface(&self, style: Style) -> &Typeface {
        match style {
            Style::Regular => &self.regular,
            Style::Bold => &self.bold,
            Style::Mono => &self.mono,
        }
    }

    /// Ascent and descent at `size` pt, in mm, both positive.
    pub(super) fn extent(&self, style: Style, size: f32) -> (f32, f32) {
        let face = self.face(style);
        let scale = scale(face, size);
        (
            f32::from(face.ascender()) * scale,
            -f32::from(face.descender()) * scale,
        )
    }

    /// Height of capitals and digits at `size` pt, in mm.
    pub(super) fn cap_height(&self, style: Style, size: f32) -> f32 {
        let face = self.face(style);
        let units = face
            .capital_height()
            .filter(|height| *height > 0)
            .unwrap_or_else(|| face.ascender());
        f32::from(units) * scale(face, size)
    }

    /// Sets `text` on one line of whatever width.
    pub(super) fn line(&self, style: Style, size: f32, text: &str) -> Result<Line, Missing> {
        let mut line = Line {
            glyphs: Vec::new(),
            width: 0.0,
        };
        self.runs(style, text, |part, shaped| place(part, shaped, &mut line))?;
        let scale = scale(self.face(style), size);
        line.width *= scale;
        for glyph in &mut line.glyphs {
            glyph.x *= scale;
            glyph.y *= scale;
        }
        Ok(line)
    }

    /// How wide `text` is on one line, mm.
    fn width(&self, style: Style, size: f32, text: &str) -> Result<f32, Missing> {
        let mut width = 0.0;
        self.runs(style, text, |_, shaped| {
            let positions = shaped.glyph_positions().iter();
            width += positions.fold(0.0, |sum, position| sum + units(position.x_advance));
        })?;
        Ok(width * scale(self.face(style), size))
    }

    /// Shapes `text` and shows each run of one direction to `each`, from left to right.
    fn runs(
        &self,
        style: Style,
        text: &str,
        mut each: impl FnMut(&str, &GlyphBuffer),
    ) -> Result<(), Missing> {
        let bidi = BidiInfo::new(text, None);
        for paragraph in &bidi.paragraphs {
            let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let backwards = levels.get(run.start).is_some_and(|level| level.is_rtl());
                let part = text.get(run).unwrap_or("");
                let shaped = self.shape(style, part, backwards);
                if let Some(info) = shaped.glyph_infos().iter().find(|info| info.glyph_id == 0) {
                    let rest = part.get(index(info.cluster)..).unwrap_or("");
                    return Err(Missing(self.lacking(style, rest)));
                }
                each(part, &shaped);
            }
        }
        Ok(())
    }

    /// Breaks `text` into lines no wider than `width` mm, and where a word or two would stand alone on the last one, into as
    /// many lines a little shorter. A word that is wider alone is broken between characters.
    pub(super) fn wrap(
        &self,
        style: Style,
        size: f32,
        text: &str,
        width: f32,
    ) -> Result<Vec<Line>, Missing> {
        /// A last line shorter than this part of the width looks lost.
        const LOST: f32 = 0.25;
        const NARROWER: [f32; 8] = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6];
        let words = self.words(style, size, text)?;
        let break_at = |width: f32| self.breaks(style, size, text, &words, width);
        let mut breaks = break_at(width)?;
        let is_lost = |breaks: &Breaks| breaks.starts.len() > 1 && breaks.last < width * LOST;
        if is_lost(&breaks) {
            for part in NARROWER {
                let narrower = break_at(width * part)?;
                if narrower.starts.len() == breaks.starts.len() && !is_lost(&narrower) {
                    breaks = narrower;
                    break;
                }
            }
        }
        let starts = &breaks.starts;
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        starts
            .iter()
            .zip(ends)
            .map(|(start, end)| {
                let line = text.get(*start..end).unwrap_or("");
                self.line(style, size, line.trim_end())
            })
            .collect()
    }

    /// The parts of `text` that no line break divides, measured.
    fn words(&self, style: Style, size: f32, text: &str) -> Result<Vec<Word>, Missing> {
        let blank = self.width(style, size, " ")?;
        let mut words = Vec::new();
        let mut start = 0;
        for (end, opportunity) in unicode_linebreak::linebreaks(text) {
            let word = text.get(start..end).unwrap_or("");
            // An address on the web is copied by hand from paper: it stays whole while it can.
            if word.ends_with('/') && end < text.len() {
                continue;
            }
            let solid = word.trim_end();
            let blanks = word.chars().rev().take_while(|c| c.is_whitespace());
            words.push(Word {
                start,
                end,
                solid: self.width(style, size, solid)?,
                blank: blanks.fold(0.0, |sum, _| sum + blank),
                ends_line: opportunity == BreakOpportunity::Mandatory && end < text.len(),
            });
            start = end;
        }
        Ok(words)
    }

    /// Fills each line before it begins the next.
    fn breaks(
        &self,
        style: Style,
        size: f32,
        text: &str,
        words: &[Word],
        width: f32,
    ) -> Result<Breaks, Missing> {
        let mut starts = vec![0];
        let mut used = 0.0;
        let mut blank = 0.0;
        for word in words {
            let begins_line = starts.last() == Some(&word.start);
            // Blanks at the end of a line may hang over.
            if used + blank + word.solid > width && !begins_line {
                starts.push(word.start);
                (used, blank) = (0.0, 0.0);
            }
            if word.solid > width {
                let whole = text.get(word.start..word.end).unwrap_or("");
                let cuts = self.cuts(style, size, whole, width)?;
                starts.extend(cuts.iter().map(|cut| word.start + cut));
                let rest = whole.get(cuts.last().copied().unwrap_or(0)..).unwrap_or("");
                used = self.width(style, size, rest.trim_end())?;
            } else {
                used += blank + word.solid;
            }
            blank = word.blank;
            if word.ends_line {
                starts.push(word.end);
                (used, blank) = (0.0, 0.0);
            }
        }
        Ok(Breaks { starts, last: used })
    }

    /// Where an overlong word has to be cut, in bytes from its start.
    fn cuts(&self, style: Style, size: f32, word: &str, width: f32) -> Result<Vec<usize>, Missing> {
        let mut cuts = Vec::new();
        let mut from = 0;
        for (at, character) in word.char_indices() {
            let until = at + character.len_utf8();
            let piece = word.get(from..until).unwrap_or("");
            // A combining mark has no width and so never begins a line.
            let adds = self.width(style, size, piece.trim_end())? > width;
            if adds && at > from {
                cuts.push(at);
                from = at;
            }
        }
        Ok(cuts)
    }

    fn shape(&self, style: Style, text: &str, backwards: bool) -> GlyphBuffer {
        let Typeface { face, latin } = self.typeface(style);
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let is_latin = [script::LATIN, script::COMMON, script::UNKNOWN].contains(&buffer.script());
        if backwards {
            buffer.set_direction(Direction::RightToLeft);
            return rustybuzz::shape(face, &[], buffer);
        }
        buffer.set_direction(Direction::LeftToRight);
        if is_latin {
            buffer.set_script(script::LATIN);
            rustybuzz::shape_with_plan(face, latin, buffer)
        } else {
            rustybuzz::shape(face, &[], buffer)
        }
    }

    fn lacking(&self, style: Style, cluster: &str) -> char {
        cluster
            .chars()
            .find(|character| self.face(style).glyph_index(*character).is_none())
            .or_else(|| cluster.chars().next())
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// Appends shaped glyphs to `line`, in font units.
fn place(text: &str, shaped: &GlyphBuffer, line: &mut Line) {
    let infos = shaped.glyph_infos();
    let mut starts: Vec<usize> = infos.iter().map(|info| index(info.cluster)).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut positions = shaped.glyph_positions().iter();
    for cluster in infos.chunk_by(|one, next| one.cluster == next.cluster) {
        let from = cluster.first().map_or(0, |info| index(info.cluster));
        let after = starts.partition_point(|start| *start <= from);
        let to = starts.get(after).copied().unwrap_or(text.len());
        let read = text.get(from..to).unwrap_or("");
        for (nth, (info, position)) in cluster.iter().zip(positions.by_ref()).enumerate() {
            line.glyphs.push(Glyph {
                // A face has at most 65,535 glyphs; 0 was refused.
                id: u16::try_from(info.glyph_id).unwrap_or(0),
                x: line.width + units(position.x_offset),
                y: units(position.y_offset),
                text: reads_as(read, cluster.len(), nth),
            });
            line.width += units(position.x_advance);
        }
    }
}

/// What the `nth` of the `count` glyphs of a cluster reads back as: of a base and its mark each its own character, also where
/// the face takes a composed character apart; a ligature all of them.
fn reads_as(cluster: &str, count: usize, nth: usize) -> Zeroizing<String> {
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

/// Millimetres per font unit.
fn scale(face: &Face<'_>, size: f32) -> f32 {
    size * MM_PER_PT / units(face.units_per_em())
}

/// Font units fit in 16 bits in every sfnt table that they come from; what does not is a broken font and becomes 0.
fn units(value: i32) -> f32 {
    i16::try_from(value).map_or(0.0, f32::from)
}

fn index(cluster: u32) -> usize {
    usize::try_from(cluster).unwrap_or(0)
}
