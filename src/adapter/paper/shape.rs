//! Text to glyphs: each text is shaped once, in whatever scripts it has, and then cut into lines and put into the order in which
//! it is seen. Never draws; a character that no font has is an error here, before anything is made.

mod breaks;
mod runs;
mod shaped;

use rustybuzz::Face;
use unicode_script::{Script, UnicodeScript};
use zeroize::Zeroizing;

use self::runs::Typeface;
use self::shaped::Shaped;
use super::fonts::{Font, Role};

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Regular,
    Bold,
    /// The PIN: every character as wide as the next, the zero dotted.
    Mono,
}

/// Where a text begins that does not say so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    LeftToRight,
    RightToLeft,
    /// As its first letter does: a name, an address.
    FirstLetter,
}

/// One of the faces, by its place in their list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FaceId(pub(super) u8);

/// The faces, parsed once for all letters.
pub(super) struct Faces {
    all: Vec<Typeface>,
    regular: Order,
    bold: Order,
    mono: Order,
}

/// The faces for a style: the first gives the measures of a line, the others what it lacks.
struct Order {
    first: FaceId,
    others: Vec<FaceId>,
}

/// One glyph, placed in mm from the start of its line; `y` upwards.
pub(super) struct Glyph {
    pub(super) face: FaceId,
    pub(super) id: u16,
    pub(super) x: f32,
    pub(super) y: f32,
    /// What it stands for, so that text can be read back. Wiped, because it may be the PIN's.
    pub(super) text: Zeroizing<String>,
}

/// One line of glyphs, from left to right.
pub(super) struct Line {
    pub(super) glyphs: Vec<Glyph>,
    /// mm
    pub(super) width: f32,
    /// How far its ink reaches above and below the baseline, mm; never negative.
    pub(super) rise: f32,
    pub(super) sink: f32,
}

/// A character that no face of a style has.
#[derive(Debug)]
pub(super) struct Missing(pub(super) char);

/// Points to millimetres.
pub(super) const MM_PER_PT: f32 = 25.4 / 72.0;

impl Faces {
    /// Parses `fonts`, which hold at least one of each role.
    ///
    /// # Errors
    /// The name of the font that cannot be read.
    pub(super) fn load(fonts: &[Font]) -> Result<Self, String> {
        let mut all = Vec::with_capacity(fonts.len());
        for font in fonts {
            all.push(Typeface::parse(font).ok_or_else(|| font.name.clone())?);
        }
        let ids = |roles: &[Role]| -> Vec<FaceId> {
            let of = |role: &Role| -> Vec<FaceId> {
                (0..)
                    .zip(fonts)
                    .filter(|(_, font)| font.role == *role)
                    .map(|(index, _)| FaceId(index))
                    .collect()
            };
            roles.iter().flat_map(of).collect()
        };
        let order = |roles: &[Role]| {
            let mut others = ids(roles);
            if others.is_empty() {
                return Err(format!("there is none for {roles:?}"));
            }
            let first = others.remove(0);
            Ok(Order { first, others })
        };
        Ok(Self {
            all,
            regular: order(&[Role::Regular, Role::Bold])?,
            bold: order(&[Role::Bold, Role::Regular])?,
            mono: order(&[Role::Mono])?,
        })
    }

    const fn order(&self, style: Style) -> &Order {
        match style {
            Style::Regular => &self.regular,
            Style::Bold => &self.bold,
            Style::Mono => &self.mono,
        }
    }

    fn typeface(&self, id: FaceId) -> Option<&Typeface> {
        self.all.get(usize::from(id.0))
    }

    fn first(&self, style: Style) -> Option<&Face<'static>> {
        let typeface = self.typeface(self.order(style).first)?;
        Some(&typeface.face)
    }

    /// Ascent and descent at `size` pt, in mm, both positive.
    pub(super) fn extent(&self, style: Style, size: f32) -> (f32, f32) {
        self.first(style).map_or((size, 0.0), |face| {
            let scale = mm_per_unit(face, size);
            (
                f32::from(face.ascender()) * scale,
                -f32::from(face.descender()) * scale,
            )
        })
    }

    /// Height of capitals and digits at `size` pt, in mm.
    pub(super) fn cap_height(&self, style: Style, size: f32) -> f32 {
        self.first(style).map_or(size, |face| {
            let units = face
                .capital_height()
                .filter(|height| *height > 0)
                .unwrap_or_else(|| face.ascender());
            f32::from(units) * mm_per_unit(face, size)
        })
    }

    /// Sets `text` on one line of whatever width.
    pub(super) fn line(
        &self,
        style: Style,
        size: f32,
        text: &str,
        base: Base,
    ) -> Result<Line, Missing> {
        let shaped = self.shape(style, text, base)?;
        Ok(shaped.line(0..text.len(), size))
    }

    /// Breaks `text` into lines no wider than `width` mm, and where a word or two would stand alone on the last one, into as
    /// many lines a little shorter. A word that is wider alone is broken between characters.
    pub(super) fn wrap(
        &self,
        style: Style,
        size: f32,
        text: &str,
        width: f32,
        base: Base,
    ) -> Result<Vec<Line>, Missing> {
        let shaped = self.shape(style, text, base)?;
        Ok(breaks::lines(&shaped, width / (size * MM_PER_PT))
            .into_iter()
            .map(|range| shaped.line(range, size))
            .collect())
    }
}

impl Missing {
    /// What the character is and what helps, after "holds".
    pub(super) fn told(&self) -> String {
        let character = self.0;
        let script = character.script();
        let sign = format!("“{character}” (U+{:04X})", u32::from(character));
        let is_far_eastern = matches!(
            script,
            Script::Han | Script::Hiragana | Script::Katakana | Script::Hangul | Script::Bopomofo
        );
        let has_no_script = matches!(script, Script::Common | Script::Inherited | Script::Unknown);
        if is_far_eastern {
            format!(
                "{sign}, a character of the script {}, which keyline's own fonts do not have; install the package \
                 fonts-noto-cjk and name its NotoSansCJK-Regular.ttc in `paper.fonts`, or write it in Latin letters",
                script.full_name()
            )
        } else if has_no_script {
            format!(
                "{sign}, a sign or picture that no font of the letter has; leave it out or write it in letters"
            )
        } else {
            format!(
                "{sign}, a character of the script {}, which no font of the letter has; name one that has it in \
                 `paper.fonts`, such as one of the package fonts-noto-core, or write it in Latin letters",
                script.full_name().replace('_', " ")
            )
        }
    }
}

/// Millimetres per font unit.
fn mm_per_unit(face: &Face<'_>, size: f32) -> f32 {
    size * MM_PER_PT / units(face.units_per_em())
}

/// Font units fit in 16 bits in every sfnt table that they come from; what does not is a broken font and becomes 0.
fn units(value: i32) -> f32 {
    i16::try_from(value).map_or(0.0, f32::from)
}
