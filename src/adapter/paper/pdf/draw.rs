//! Placed marks to PDF operators. Here mm from the top become points from the bottom.

use printpdf::{
    Codepoint, Color, Greyscale, Line as PdfLine, LineDashPattern, LinePoint, Mm, Op, PaintMode,
    PdfFontHandle, Point, Polygon, PolygonRing, Pt, TextItem, TextMatrix, WindingOrder, XObjectId,
    XObjectTransform,
};

use super::super::profile::Area;
use super::super::shape::{FaceId, Line, MM_PER_PT};
use super::super::sheet::{Ink, Mark, Sheet};
use super::fonts::{Chosen, Glyphs, font_id};

const DASH_PT: [f32; 2] = [3.0, 2.0];

/// All marks, in their order: later ones lie on top.
pub(super) fn ops(sheet: &Sheet, fonts: &Chosen<'_>) -> Vec<Op> {
    let mut pen = Pen {
        fonts,
        height: sheet.height,
        ops: Vec::new(),
    };
    for mark in &sheet.marks {
        pen.draw(mark);
    }
    pen.ops
}

/// The glyphs that a sheet is set in.
pub(in crate::adapter::paper) fn glyphs_of(sheet: &Sheet) -> Glyphs {
    let lines = sheet.marks.iter().filter_map(|mark| match &mark.ink {
        Ink::Text { line, .. } | Ink::Turned { line, .. } => Some(line),
        Ink::Stroke { .. } | Ink::Filled { .. } | Ink::Logo => None,
    });
    let mut found = Glyphs::new();
    for glyph in lines.flat_map(|line| &line.glyphs) {
        found.entry(glyph.face).or_default().insert(glyph.id);
    }
    found
}

pub(in crate::adapter::paper) fn logo_id() -> XObjectId {
    XObjectId("LOGO".to_owned())
}

/// Glyphs to be shown together, and where they leave the pen.
#[derive(Default)]
struct Run {
    face: Option<FaceId>,
    /// mm
    x: f32,
    y: f32,
    glyphs: Vec<Codepoint>,
}

struct Pen<'a> {
    fonts: &'a Chosen<'a>,
    height: f32,
    ops: Vec<Op>,
}

impl Pen<'_> {
    fn draw(&mut self, mark: &Mark) {
        let area = mark.area;
        match &mark.ink {
            Ink::Text {
                size,
                baseline,
                grey,
                line,
            } => {
                self.fill(*grey);
                let origin = (area.x, self.height - baseline);
                self.text(line, *size, |x, y| {
                    TextMatrix::Translate(Mm(origin.0 + x).into(), Mm(origin.1 + y).into())
                });
            }
            Ink::Turned {
                size,
                grey,
                degrees,
                line,
            } => {
                self.fill(*grey);
                let middle = (
                    area.x + area.width / 2.0,
                    self.height - area.y - area.height / 2.0,
                );
                // Capitals are about seven tenths of their size high.
                let half = (line.width / 2.0, size * MM_PER_PT * 0.35);
                let (sine, cosine) = degrees.to_radians().sin_cos();
                self.text(line, *size, |x, y| {
                    let (x, y) = (x - half.0, y - half.1);
                    let at = (
                        middle.0 + x * cosine - y * sine,
                        middle.1 + x * sine + y * cosine,
                    );
                    let (Pt(right), Pt(up)) = (Mm(at.0).into(), Mm(at.1).into());
                    TextMatrix::Raw([cosine, sine, -sine, cosine, right, up])
                });
            }
            Ink::Stroke { thickness, dashed } => self.stroke(area, *thickness, *dashed),
            Ink::Filled { runs } => self.filled(runs),
            Ink::Logo => self.ops.push(Op::UseXobject {
                id: logo_id(),
                transform: XObjectTransform {
                    translate_x: Some(Mm(area.x).into()),
                    translate_y: Some(Mm(self.height - area.bottom()).into()),
                    scale_x: Some(area.width / MM_PER_PT),
                    scale_y: Some(area.height / MM_PER_PT),
                    no_auto_scale: true,
                    ..XObjectTransform::default()
                },
            }),
        }
    }

    fn fill(&mut self, grey: f32) {
        self.ops.push(Op::SetFillColor { col: shade(grey) });
    }

    /// Glyphs of one face and height in one run, each moved from where the one before it leaves the pen. Moves are whole
    /// thousandths of an em, measured from the pen's true place, so that what rounding leaves never adds up.
    fn text(&mut self, line: &Line, size: f32, matrix: impl Fn(f32, f32) -> TextMatrix) {
        const LEVEL_MM: f32 = 0.001;
        let thousandth = size * MM_PER_PT / 1000.0;
        self.ops.push(Op::StartTextSection);
        let mut run = Run::default();
        for glyph in &line.glyphs {
            let goes_on = run.face == Some(glyph.face) && (run.y - glyph.y).abs() < LEVEL_MM;
            if goes_on {
                let back = ((run.x - glyph.x) / thousandth).round();
                if let Some(last) = run.glyphs.last_mut() {
                    last.offset = back;
                }
                run.x -= back * thousandth;
            } else {
                self.show(std::mem::take(&mut run.glyphs));
                if run.face != Some(glyph.face) {
                    self.ops.push(Op::SetFont {
                        font: PdfFontHandle::External(font_id(glyph.face)),
                        size: Pt(size),
                    });
                }
                self.ops.push(Op::SetTextMatrix {
                    matrix: matrix(glyph.x, glyph.y),
                });
                run.face = Some(glyph.face);
                (run.x, run.y) = (glyph.x, glyph.y);
            }
            let id = self.fonts.id(glyph.face, glyph.id);
            run.x += self.fonts.width(glyph.face, id) * thousandth;
            let text = glyph.text.as_str().to_owned();
            run.glyphs.push(Codepoint::with_cid(id, 0.0, text));
        }
        self.show(run.glyphs);
        self.ops.push(Op::EndTextSection);
    }

    fn show(&mut self, glyphs: Vec<Codepoint>) {
        if !glyphs.is_empty() {
            let items = vec![TextItem::GlyphIds(glyphs)];
            self.ops.push(Op::ShowText { items });
        }
    }

    fn stroke(&mut self, area: Area, thickness: f32, dashed: bool) {
        let is_closed = area.height > 0.0 && area.width > 0.0;
        let mut points = vec![self.corner(area.x, area.y)];
        if is_closed {
            points.push(self.corner(area.right(), area.y));
        }
        points.push(self.corner(area.right(), area.bottom()));
        if is_closed {
            points.push(self.corner(area.x, area.bottom()));
        }
        self.ops.push(Op::SetOutlineColor { col: shade(0.0) });
        self.ops.push(Op::SetOutlineThickness { pt: Pt(thickness) });
        if dashed {
            let dash = LineDashPattern::new(0.0, &DASH_PT);
            self.ops.push(Op::SetLineDashPattern { dash });
        }
        self.ops.push(Op::DrawLine {
            line: PdfLine { points, is_closed },
        });
        if dashed {
            let dash = LineDashPattern::solid();
            self.ops.push(Op::SetLineDashPattern { dash });
        }
    }

    /// All in one path.
    fn filled(&mut self, runs: &[Area]) {
        self.fill(0.0);
        let rings = runs
            .iter()
            .map(|run| PolygonRing {
                points: vec![
                    self.corner(run.x, run.y),
                    self.corner(run.right(), run.y),
                    self.corner(run.right(), run.bottom()),
                    self.corner(run.x, run.bottom()),
                ],
            })
            .collect();
        self.ops.push(Op::DrawPolygon {
            polygon: Polygon {
                rings,
                mode: PaintMode::Fill,
                winding_order: WindingOrder::NonZero,
            },
        });
    }

    fn corner(&self, x: f32, y: f32) -> LinePoint {
        LinePoint {
            p: Point::new(Mm(x), Mm(self.height - y)),
            bezier: false,
        }
    }
}

const fn shade(grey: f32) -> Color {
    Color::Greyscale(Greyscale {
        percent: grey,
        icc_profile: None,
    })
}
