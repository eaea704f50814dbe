//! A sheet to PDF bytes through printpdf. Deterministic; the metadata hold neither a name nor a number. What it makes of
//! the PIN on the way is wiped as far as printpdf and lopdf show it: the operators, the page's content stream, the output.
//! Their own short-lived copies while serialising are freed unwiped.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use printpdf::Mm;
use printpdf::{
    DictItem, ExternalStream, ExternalXObject, OffsetDateTime, Op, ParsedFont, PdfDocument,
    PdfFont, PdfPage, PdfSaveOptions, TextItem, XObject,
};
use zeroize::{Zeroize, Zeroizing};

mod draw;

use self::draw::{font_id, logo_id};
use super::fonts::{FACE_INDEX, Font};
use super::logo::Picture;
use super::shape::FaceId;
use super::sheet::{Ink, Sheet};
use crate::domain::fault::Fault;

/// The fonts as printpdf embeds them, parsed once.
pub(super) struct PdfFonts(Vec<(FaceId, ParsedFont)>);

/// A letter is smaller; the buffer never grows, so no part of it is left behind in freed memory.
const PDF_BYTES_MAX: usize = 512 * 1024;

impl PdfFonts {
    pub(super) fn load(fonts: &[Font]) -> Result<Self, Fault> {
        let index = usize::try_from(FACE_INDEX).unwrap_or(0);
        let mut parsed = Vec::new();
        for (number, font) in (0..).zip(fonts) {
            let mut warnings = Vec::new();
            let face = ParsedFont::from_bytes(font.bytes, index, &mut warnings)
                .ok_or_else(|| internal(format!("the font {} cannot be embedded", font.name)))?;
            parsed.push((FaceId(number), face));
        }
        Ok(Self(parsed))
    }
}

/// Writes `sheet` as a PDF of one page, dated `date`.
pub(super) fn write(
    fonts: &PdfFonts,
    logo: Option<&Picture>,
    title: &str,
    sheet: &Sheet,
    date: jiff::civil::Date,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut document = PdfDocument::new(title);
    let moment = midnight(date)?;
    let info = &mut document.metadata.info;
    (info.creation_date, info.modification_date) = (moment, moment);
    info.metadata_date = moment;
    "keyline".clone_into(&mut info.creator);
    "keyline".clone_into(&mut info.producer);
    let used = draw::faces(sheet);
    for (face, font) in fonts.0.iter().filter(|(face, _)| used.contains(face)) {
        let font = PdfFont::new(font.clone());
        document.resources.fonts.map.insert(font_id(*face), font);
    }
    let shows_logo = sheet.marks.iter().any(|mark| matches!(mark.ink, Ink::Logo));
    if let Some(logo) = logo.filter(|_| shows_logo) {
        document
            .resources
            .xobjects
            .map
            .insert(logo_id(), picture(logo));
    }
    let ops = draw::ops(sheet);
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

/// As an image object that is deflated already.
fn picture(logo: &Picture) -> XObject {
    let name = |name: &str| DictItem::Name(name.as_bytes().to_vec());
    let space = if logo.channels == 1 {
        "DeviceGray"
    } else {
        "DeviceRGB"
    };
    let dict = [
        ("Type", name("XObject")),
        ("Subtype", name("Image")),
        ("Width", DictItem::Int(i64::from(logo.width))),
        ("Height", DictItem::Int(i64::from(logo.height))),
        ("BitsPerComponent", DictItem::Int(8)),
        ("ColorSpace", name(space)),
        ("Filter", name("FlateDecode")),
    ];
    XObject::External(ExternalXObject {
        stream: ExternalStream {
            dict: dict.map(|(key, value)| (key.to_owned(), value)).into(),
            content: logo.deflated.clone(),
            compress: false,
        },
        width: None,
        height: None,
        dpi: None,
    })
}

pub(super) fn deflate(plain: &[u8]) -> Result<Vec<u8>, Fault> {
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
