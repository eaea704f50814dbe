//! A sheet to PDF bytes through printpdf. Deterministic; the metadata hold neither a name nor a number. What it makes of
//! the PIN on the way is wiped as far as printpdf and lopdf show it: the operators, the page's content stream, the output.
//! Their own short-lived copies while serialising are freed unwiped.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use printpdf::{
    Codepoint, Color, FontId, Greyscale, Line as PdfLine, LinePoint, Mm, OffsetDateTime, Op,
    ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Pt, TextItem,
    TextMatrix,
};
use zeroize::{Zeroize, Zeroizing};

use super::shape::{Line, Style};
use super::sheet::{Ink, Mark, Sheet};
use crate::domain::fault::Fault;

/// The fonts as printpdf embeds them, parsed once.
pub(super) struct PdfFonts(Vec<(FontId, ParsedFont)>);

/// A letter is smaller; the buffer never grows, so no part of it is left behind in freed memory.
const PDF_BYTES_MAX: usize = 512 * 1024;

impl PdfFonts {
    pub(super) fn load() -> Result<Self, Fault> {
        let mut fonts = Vec::new();
        for style in Style::ALL {
            let mut warnings = Vec::new();
            let font = ParsedFont::from_bytes(style.bytes(), 0, &mut warnings)
                .ok_or_else(|| internal(format!("the font of {style:?} cannot be read")))?;
            fonts.push((font_id(style), font));
        }
        Ok(Self(fonts))
    }
}

/// Writes `sheet` as a PDF of one page, dated `date`.
pub(super) fn write(
    fonts: &PdfFonts,
    sheet: &Sheet,
    date: jiff::civil::Date,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut document = PdfDocument::new("PIN letter");
    let moment = midnight(date)?;
    let info = &mut document.metadata.info;
    (info.creation_date, info.modification_date) = (moment, moment);
    info.metadata_date = moment;
    "keyline".clone_into(&mut info.creator);
    "keyline".clone_into(&mut info.producer);
    for (id, font) in &fonts.0 {
        let font = PdfFont::new(font.clone());
        document.resources.fonts.map.insert(id.clone(), font);
    }
    let mut ops = Vec::new();
    for mark in &sheet.marks {
        draw(mark, sheet.height, &mut ops);
    }
    let page = PdfPage::new(Mm(sheet.width), Mm(sheet.height), ops);
    document.with_pages(vec![page]);
    let written = serialize(&document);
    wipe(&mut document);
    written
}

fn serialize(document: &PdfDocument) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut warnings = Vec::new();
    let mut file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    if let Some(warning) = warnings.first() {
        return Err(internal(format!("printpdf warns: {}", warning.msg)));
    }
    // An identifier from a process-wide counter would make two prints of one letter differ; it is optional in PDF 1.3.
    file.trailer.remove(b"ID");
    for object in file.objects.values_mut() {
        let Ok(stream) = object.as_stream_mut() else {
            continue;
        };
        if stream.dict.has(b"Filter") {
            continue;
        }
        // Deflated here instead of by lopdf, which would free the plain text of the page unwiped.
        let plain = Zeroizing::new(std::mem::take(&mut stream.content));
        stream.set_content(deflate(&plain)?);
        stream.dict.set("Filter", "FlateDecode");
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(PDF_BYTES_MAX));
    let saved = file.save_to(&mut *bytes);
    for object in file.objects.values_mut() {
        if let Ok(stream) = object.as_stream_mut() {
            stream.content.zeroize();
        }
    }
    saved.map_err(|error| internal(format!("the PDF cannot be written: {error}")))?;
    if bytes.len() > PDF_BYTES_MAX {
        return Err(internal(format!("a letter of {} bytes", bytes.len())));
    }
    Ok(bytes)
}

fn deflate(plain: &[u8]) -> Result<Vec<u8>, Fault> {
    let room = Vec::with_capacity(plain.len() + 64);
    let mut encoder = ZlibEncoder::new(room, Compression::best());
    encoder
        .write_all(plain)
        .and_then(|()| encoder.finish())
        .map_err(|error| internal(format!("a stream cannot be deflated: {error}")))
}

/// The operators name the PIN's glyphs and characters.
fn wipe(document: &mut PdfDocument) {
    for op in document.pages.iter_mut().flat_map(|page| &mut page.ops) {
        if let Op::ShowText { items } = op {
            for item in items {
                if let TextItem::GlyphIds(glyphs) = item {
                    for glyph in glyphs {
                        glyph.gid.zeroize();
                        glyph.cid.zeroize();
                    }
                }
            }
        }
    }
}

fn draw(mark: &Mark, height: f32, ops: &mut Vec<Op>) {
    match &mark.ink {
        Ink::Text {
            style,
            size,
            baseline,
            grey,
            line,
        } => {
            ops.push(Op::SetFillColor { col: shade(*grey) });
            text(line, *style, *size, (mark.area.x, height - baseline), ops);
        }
        Ink::Stroke { thickness } => {
            let area = mark.area;
            let corner = |x: f32, y: f32| LinePoint {
                p: Point::new(Mm(x), Mm(height - y)),
                bezier: false,
            };
            let mut points = vec![corner(area.x, area.y), corner(area.right(), area.y)];
            if area.height > 0.0 {
                points.push(corner(area.right(), area.bottom()));
                points.push(corner(area.x, area.bottom()));
            }
            let is_closed = area.height > 0.0;
            ops.push(Op::SetOutlineColor { col: shade(0.0) });
            ops.push(Op::SetOutlineThickness { pt: Pt(*thickness) });
            ops.push(Op::DrawLine {
                line: PdfLine { points, is_closed },
            });
        }
    }
}

/// Every glyph with its own matrix; printpdf joins those of one baseline again.
fn text(line: &Line, style: Style, size: f32, origin: (f32, f32), ops: &mut Vec<Op>) {
    ops.push(Op::StartTextSection);
    ops.push(Op::SetFont {
        font: PdfFontHandle::External(font_id(style)),
        size: Pt(size),
    });
    for glyph in &line.glyphs {
        ops.push(Op::SetTextMatrix {
            matrix: TextMatrix::Translate(
                Mm(origin.0 + glyph.x).into(),
                Mm(origin.1 + glyph.y).into(),
            ),
        });
        let cid = glyph.text.as_str().to_owned();
        ops.push(Op::ShowText {
            items: vec![TextItem::GlyphIds(vec![Codepoint::with_cid(
                glyph.id, 0.0, cid,
            )])],
        });
    }
    ops.push(Op::EndTextSection);
}

/// Six capitals: printpdf makes the subset's tag of them (ISO 32000-1 §9.6.4).
fn font_id(style: Style) -> FontId {
    FontId(
        match style {
            Style::Regular => "KEYREG",
            Style::Bold => "KEYBLD",
            Style::Mono => "KEYPIN",
        }
        .to_owned(),
    )
}

const fn shade(grey: f32) -> Color {
    Color::Greyscale(Greyscale {
        percent: grey,
        icc_profile: None,
    })
}

fn midnight(date: jiff::civil::Date) -> Result<OffsetDateTime, Fault> {
    let zoned = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|error| internal(format!("the letter's date: {error}")))?;
    OffsetDateTime::from_unix_timestamp(zoned.timestamp().as_second())
        .map_err(|error| internal(format!("the letter's date: {error}")))
}

fn internal(what: String) -> Fault {
    Fault::Mailer { what }
}
