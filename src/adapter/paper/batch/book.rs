//! Pages that are filled from the top, one after the other. A page that is full is closed: only its operators are kept.

use std::collections::BTreeSet;

use printpdf::{
    Codepoint, Color, Greyscale, Line as PdfLine, LinePoint, Mm, Op, PdfFontHandle, Point, Pt,
    TextItem, TextMatrix,
};
use unicode_normalization::char::is_combining_mark;

use super::super::pdf::{PdfFonts, font_id, width};
use super::super::shape::{Base, FaceId, Faces, Glyph, Line, MM_PER_PT, Style};
use super::{leading_mm, pdf};

/// mm. Left and right, and above.
pub(super) const MARGIN_MM: f32 = 15.0;
/// mm. Below, with the foot in it.
const BOTTOM_MM: f32 = 17.0;
/// mm. The foot's baseline, from the bottom edge.
const FOOT_MM: f32 = 9.0;
/// Of the width, what the foot's text may take beside the number of the page.
const FOOT_PART: f32 = 0.75;
const FOOT: Font = Font::regular(7.5);
/// From black to white.
const QUIET_GREY: f32 = 0.35;
const RULE_GREY: f32 = 0.55;
/// Stands for a character that no font has.
const UNSHOWN: char = '?';

/// A style in a size.
#[derive(Clone, Copy)]
pub(super) struct Font {
    pub(super) style: Style,
    /// pt
    pub(super) size: f32,
}

impl Font {
    pub(super) const fn regular(size: f32) -> Self {
        Self {
            style: Style::Regular,
            size,
        }
    }

    pub(super) const fn bold(size: f32) -> Self {
        Self {
            style: Style::Bold,
            size,
        }
    }

    /// From line to line, mm.
    pub(super) const fn leading(self) -> f32 {
        leading_mm(self.size * 1.34)
    }
}

/// Pages in the making.
pub(super) struct Book<'a> {
    faces: &'a Faces,
    fonts: &'a PdfFonts,
    /// Width and height, mm.
    sheet: (f32, f32),
    running: &'a str,
    pages: Vec<Vec<Op>>,
    page: Vec<Op>,
    /// Where the next line begins, mm from the top.
    y: f32,
    used: BTreeSet<FaceId>,
    unshown: BTreeSet<char>,
}

/// What a book has come to.
pub(super) struct Closed {
    pub(super) pages: Vec<Vec<Op>>,
    pub(super) used: BTreeSet<FaceId>,
    /// The characters that no font has.
    pub(super) unshown: BTreeSet<char>,
}

impl<'a> Book<'a> {
    pub(super) fn new(
        faces: &'a Faces,
        fonts: &'a PdfFonts,
        sheet: (f32, f32),
        running: &'a str,
    ) -> Self {
        Self {
            faces,
            fonts,
            sheet,
            running,
            pages: Vec::new(),
            page: Vec::new(),
            y: MARGIN_MM,
            used: BTreeSet::new(),
            unshown: BTreeSet::new(),
        }
    }

    /// Between the margins, mm.
    pub(super) const fn width(&self) -> f32 {
        self.sheet.0 - 2.0 * MARGIN_MM
    }

    /// What is left of this page, mm.
    pub(super) const fn room(&self) -> f32 {
        self.sheet.1 - BOTTOM_MM - self.y
    }

    /// Begins a page where less than `height` mm are left. Says whether it did.
    pub(super) fn need(&mut self, height: f32) -> bool {
        let full = self.room() < height;
        if full {
            self.turn();
        }
        full
    }

    /// Leaves `height` mm free.
    pub(super) fn space(&mut self, height: f32) {
        self.y += height;
    }

    /// Closes the page and begins the next, with what the paper is called above it.
    fn turn(&mut self) {
        self.pages.push(std::mem::take(&mut self.page));
        self.y = MARGIN_MM;
        let running = self.cut(FOOT, self.running, self.width());
        self.show(
            FOOT,
            MARGIN_MM,
            self.y + FOOT.leading(),
            QUIET_GREY,
            &running,
        );
        self.y += FOOT.leading() * 1.6;
        self.rule(MARGIN_MM, 0.0, self.width(), 0.3);
        self.y += FOOT.leading() * 0.6;
    }

    /// Sets one line of text, cut where it is too wide.
    pub(super) fn line(&mut self, font: Font, text: &str) {
        let line = self.cut(font, text, self.width());
        self.set_line(font, MARGIN_MM, line);
    }

    /// Sets a line from `x` mm on, on the next page where it does not fit.
    pub(super) fn set_line(&mut self, font: Font, x: f32, line: Line) {
        self.need(font.leading());
        self.place(font, x, 0.0, line);
        self.y += font.leading();
    }

    /// Sets a line `down` mm below where the next one begins, and stays there.
    pub(super) fn place(&mut self, font: Font, x: f32, down: f32, line: Line) {
        let (ascent, descent) = self.faces.extent(font.style, font.size);
        let baseline = self.y + down + (font.leading() - ascent - descent) / 2.0 + ascent;
        self.show(font, x, baseline, 0.0, &line);
    }

    /// A level line.
    pub(super) fn rule(&mut self, x: f32, down: f32, width: f32, thickness: f32) {
        let y = self.sheet.1 - self.y - down;
        let end = |x: f32| LinePoint {
            p: Point::new(Mm(x), Mm(y)),
            bezier: false,
        };
        self.page.push(Op::SetOutlineColor {
            col: shade(RULE_GREY),
        });
        self.page
            .push(Op::SetOutlineThickness { pt: Pt(thickness) });
        self.page.push(Op::DrawLine {
            line: PdfLine {
                points: vec![end(x), end(x + width)],
                is_closed: false,
            },
        });
    }

    /// `text` on one line, ending in an ellipsis where it is wider than `width` mm.
    pub(super) fn cut(&mut self, font: Font, text: &str, width: f32) -> Line {
        let text = self.shown(font, text);
        let line = self.shape(font, &text);
        if line.width <= width {
            return line;
        }
        let short = longest(&text, |short| self.shape(font, short).width <= width);
        self.shape(font, &short)
    }

    /// `text` in lines of `width` mm, at most so many; the last ends in an ellipsis where there would be more.
    pub(super) fn wrapped(
        &mut self,
        font: Font,
        text: &str,
        width: f32,
        lines_max: usize,
    ) -> Vec<Line> {
        let text = self.shown(font, text);
        let wrap = |text: &str| {
            let lines = self
                .faces
                .wrap(font.style, font.size, text, width, Base::FirstLetter);
            lines.unwrap_or_default()
        };
        let lines = wrap(&text);
        if lines.len() <= lines_max {
            return lines;
        }
        wrap(&longest(&text, |short| wrap(short).len() <= lines_max))
    }

    /// `text` with a question mark for each character that no font has.
    fn shown(&mut self, font: Font, text: &str) -> String {
        let mut shown = text.to_owned();
        while let Some(missing) = self.faces.missing(font.style, &shown) {
            self.unshown.insert(missing.0);
            shown = shown
                .chars()
                .map(|c| if c == missing.0 { UNSHOWN } else { c })
                .collect();
        }
        shown
    }

    /// A line of text whose characters are all there.
    fn shape(&self, font: Font, text: &str) -> Line {
        let line = self
            .faces
            .line(font.style, font.size, text, Base::FirstLetter);
        line.unwrap_or_else(|_| Line {
            glyphs: Vec::new(),
            width: 0.0,
            rise: 0.0,
            sink: 0.0,
        })
    }

    /// Shows a line, face by face.
    fn show(&mut self, font: Font, x: f32, baseline: f32, grey: f32, line: &Line) {
        if line.glyphs.is_empty() {
            return;
        }
        self.page.push(Op::StartTextSection);
        self.page.push(Op::SetFillColor { col: shade(grey) });
        let joined = |a: &Glyph, b: &Glyph| a.face == b.face && level(a) == level(b);
        for run in line.glyphs.chunk_by(joined) {
            let Some(first) = run.first() else {
                continue;
            };
            self.used.insert(first.face);
            self.page.push(Op::SetFont {
                font: PdfFontHandle::External(font_id(first.face)),
                size: Pt(font.size),
            });
            let up = Mm(self.sheet.1 - baseline + first.y);
            self.page.push(Op::SetTextMatrix {
                matrix: TextMatrix::Translate(Mm(x + first.x).into(), up.into()),
            });
            self.page.push(Op::ShowText {
                items: vec![TextItem::GlyphIds(self.codes(run, font.size))],
            });
        }
        self.page.push(Op::EndTextSection);
    }

    /// Glyphs with what the next one stands nearer or farther than their widths say, in thousandths of the size.
    fn codes(&self, run: &[Glyph], size: f32) -> Vec<Codepoint> {
        /// Nobody sees less.
        const SLACK: f32 = 2.0;
        let em = size * MM_PER_PT;
        let start = run.first().map_or(0.0, |glyph| glyph.x);
        let mut pen = 0.0_f32;
        let mut codes = Vec::with_capacity(run.len());
        let Some(font) = run.first().and_then(|glyph| self.fonts.whole(glyph.face)) else {
            return codes;
        };
        for (index, glyph) in run.iter().enumerate() {
            pen += width(font, glyph.id);
            let next = run.get(index.saturating_add(1));
            let ahead = next.map_or(0.0, |next| pen - (next.x - start) * 1000.0 / em);
            let offset = if ahead.abs() < SLACK { 0.0 } else { ahead };
            pen -= offset;
            let known = pdf::stands_for(font, glyph.id, &glyph.text);
            codes.push(Codepoint {
                gid: glyph.id,
                offset,
                // Most glyphs stand for what the font says, and a list has a million of them.
                cid: (!known).then(|| glyph.text.as_str().to_owned()),
            });
        }
        codes
    }

    /// Closes the last page and sets the foot of each.
    pub(super) fn close(mut self, foot: &str) -> Closed {
        self.pages.push(std::mem::take(&mut self.page));
        let mut pages = std::mem::take(&mut self.pages);
        let count = pages.len();
        let baseline = self.sheet.1 - FOOT_MM;
        let text = self.cut(FOOT, foot, self.width() * FOOT_PART);
        for (number, page) in (1_usize..).zip(&mut pages) {
            let of = self.shape(FOOT, &format!("Page {number} of {count}"));
            self.show(FOOT, MARGIN_MM, baseline, QUIET_GREY, &text);
            let x = self.sheet.0 - MARGIN_MM - of.width;
            self.show(FOOT, x, baseline, QUIET_GREY, &of);
            page.append(&mut self.page);
        }
        Closed {
            pages,
            used: self.used,
            unshown: self.unshown,
        }
    }
}

/// The longest beginning of `text` with an ellipsis behind it that fits. No letter loses its accents.
fn longest(text: &str, fits: impl Fn(&str) -> bool) -> String {
    let ends: Vec<usize> = text
        .char_indices()
        .filter(|(_, c)| !is_combining_mark(*c))
        .map(|(at, _)| at)
        .collect();
    let short = |end: usize| format!("{}…", text.get(..end).unwrap_or("").trim_end());
    let count = ends.partition_point(|end| fits(&short(*end)));
    let last = count.checked_sub(1).and_then(|index| ends.get(index));
    short(last.copied().unwrap_or(0))
}

/// Marks above and below stand at heights of their own.
const fn level(glyph: &Glyph) -> u32 {
    glyph.y.to_bits()
}

const fn shade(grey: f32) -> Color {
    Color::Greyscale(Greyscale {
        percent: grey,
        icc_profile: None,
    })
}
