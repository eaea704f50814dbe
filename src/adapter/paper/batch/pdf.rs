//! Pages of operators as one PDF, with the fonts that they use. Deterministic; its metadata name nobody.

use std::collections::BTreeSet;

use flate2::Compression;
use jiff::civil::Date;
use printpdf::{Mm, Op, ParsedFont, PdfFont, PdfPage, PdfSaveOptions};

use super::super::logo::Picture;
use super::super::pdf::{PdfFonts, blank, deflate, font_id, internal, logo_id, picture};
use super::super::shape::FaceId;
use crate::domain::fault::Fault;

/// What a file is made of.
#[derive(Default)]
pub(super) struct Pages<'a> {
    pub(super) pages: Vec<PdfPage>,
    /// The faces that they are set in; each is embedded once.
    pub(super) used: BTreeSet<FaceId>,
    /// Where a page shows it.
    pub(super) logo: Option<&'a Picture>,
}

/// Pages of `sheet` mm.
pub(super) fn sized(sheet: (f32, f32), pages: Vec<Vec<Op>>) -> Vec<PdfPage> {
    let page = |ops| PdfPage::new(Mm(sheet.0), Mm(sheet.1), ops);
    pages.into_iter().map(page).collect()
}

/// Writes `pages`.
pub(super) fn write(
    fonts: &PdfFonts,
    title: &str,
    pages: Pages<'_>,
    date: Date,
) -> Result<Vec<u8>, Fault> {
    let mut document = blank(title, date)?;
    for face in &pages.used {
        if let Some(font) = fonts.whole(*face) {
            let font = PdfFont::new(font.clone());
            document.resources.fonts.map.insert(font_id(*face), font);
        }
    }
    if let Some(logo) = pages.logo {
        let pictures = &mut document.resources.xobjects.map;
        pictures.insert(logo_id(), picture(logo));
    }
    document.with_pages(pages.pages);
    let mut warnings = Vec::new();
    let mut file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    drop(document);
    if let Some(warning) = warnings.first() {
        return Err(internal(format!("printpdf warns: {}", warning.msg)));
    }
    // An identifier from a process-wide counter would make two prints of one paper differ.
    file.trailer.remove(b"ID");
    for object in file.objects.values_mut() {
        let Ok(stream) = object.as_stream_mut() else {
            continue;
        };
        if !stream.dict.has(b"Filter") {
            let plain = std::mem::take(&mut stream.content);
            stream.set_content(deflate(&plain, Compression::default())?);
            stream.dict.set("Filter", "FlateDecode");
        }
    }
    let mut bytes = Vec::new();
    file.save_to(&mut bytes)
        .map_err(|error| internal(format!("the PDF cannot be written: {error}")))?;
    Ok(bytes)
}

/// Whether a reader of the PDF takes the glyph for `text` without being told.
pub(super) fn stands_for(font: &ParsedFont, glyph: u16, text: &str) -> bool {
    let mut characters = text.chars();
    let known = font.get_glyph_primary_char(glyph);
    known.is_some() && characters.next() == known && characters.next().is_none()
}
