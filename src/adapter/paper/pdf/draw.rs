//! Placed marks to PDF operators. Here mm from the top become points from the bottom.

use std::collections::BTreeSet;

use printpdf::{
    Codepoint, Color, FontId, Greyscale, Line as PdfLine, LineDashPattern, LinePoint, Mm, Op,
    PaintMode, PdfFontHandle, Point, Polygon, PolygonRing, Pt, TextItem, TextMatrix, WindingOrder,
    XObjectId, XObjectTransform,
};

use super::super::profile::Area;
use super::super::shape::{FaceId, Line, MM_PER_PT};
use super::super::sheet::{Ink, Mark, Sheet};

const DASH_PT: [f32; 2] = [3.0, 2.0];

/// All marks, in their order: later ones lie on top.
pub(super) fn ops(sheet: &Sheet) -> Vec<Op> {
    let mut pen = Pen {
        height: sheet.height,
        ops: Vec::new(),
    };
    for mark in &sheet.marks {
        pen.draw(mark);
    }
    pen.ops
}

/// The faces that a sheet is set in.
pub(super) fn faces(sheet: &Sheet) -> BTreeSet<FaceId> {
    let lines = sheet.marks.iter().filter_map(|mark| match &mark.ink {
        Ink::Text { line, .. } | Ink::Turned { line, .. } => Some(line),
        Ink::Stroke { .. } | Ink::Filled { .. } | Ink::Logo => None,
    });
    let glyphs = lines.flat_map(|line| &line.glyphs);
    glyphs.map(|glyph| glyph.face).collect()
}

/// Six capitals: printpdf makes the subset's tag of them (ISO 32000-1 §9.6.4).
pub(super) fn font_id(face: FaceId) -> FontId {
    let letters = [face.0 / 26, face.0 % 26].map(|letter| char::from(b'A' + letter));
    FontId(
        ["KEYL".chars(), letters.iter().collect::<String>().chars()]
            .into_iter()
            .flatten()
            .collect(),
    )
}

pub(super) fn logo_id() -> XObjectId {
    XObjectId("LOGO".to_owned())
}

struct Pen {
    height: f32,
    ops: Vec<Op>,
}

impl Pen {
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

    /// Every glyph with its own matrix; printpdf joins those of one baseline again.
    fn text(&mut self, line: &Line, size: f32, matrix: impl Fn(f32, f32) -> TextMatrix) {
        self.ops.push(Op::StartTextSection);
        let mut face = None;
        for glyph in &line.glyphs {
            if face != Some(glyph.face) {
                face = Some(glyph.face);
                self.ops.push(Op::SetFont {
                    font: PdfFontHandle::External(font_id(glyph.face)),
                    size: Pt(size),
                });
            }
            self.ops.push(Op::SetTextMatrix {
                matrix: matrix(glyph.x, glyph.y),
            });
            let cid = glyph.text.as_str().to_owned();
            self.ops.push(Op::ShowText {
                items: vec![TextItem::GlyphIds(vec![Codepoint::with_cid(
                    glyph.id, 0.0, cid,
                )])],
            });
        }
        self.ops.push(Op::EndTextSection);
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
