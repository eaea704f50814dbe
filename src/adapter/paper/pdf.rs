//! A sheet to PDF bytes through printpdf. Deterministic; the metadata hold neither a name nor a number. What it makes of
//! the PIN on the way is wiped as far as printpdf and lopdf show it: the operators, the page's content stream, the output.
//! Their own short-lived copies while serialising are freed unwiped.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use printpdf::Mm;
use printpdf::{
    DictItem, ExternalStream, ExternalXObject, OffsetDateTime, Op, PdfDocument, PdfPage,
    PdfSaveOptions, TextItem, XObject,
};
use zeroize::{Zeroize, Zeroizing};

mod draw;
mod fonts;

pub(super) use self::draw::glyphs_of;
pub(super) use self::draw::logo_id;
use self::fonts::Chosen;
pub(super) use self::fonts::{Glyphs, PdfFonts, Stock, font_id, width};
use super::logo::Picture;
use super::sheet::{Ink, Sheet};
use crate::domain::fault::Fault;

/// What every file says that it was made by.
pub(super) const PRODUCER: &str = "keyline";

/// A letter is smaller; the buffer never grows, so no part of it is left behind in freed memory.
const PDF_BYTES_MAX: usize = 512 * 1024;

/// Writes `sheet` as a PDF of one page, dated `date`.
pub(super) fn write(
    fonts: &PdfFonts,
    stock: &Stock,
    logo: Option<&Picture>,
    title: &str,
    sheet: &Sheet,
    date: jiff::civil::Date,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut document = blank(title, date)?;
    let chosen = Chosen::new(fonts, stock, &glyphs_of(sheet));
    document.resources.fonts.map.extend(chosen.embedded());
    let shows_logo = sheet.marks.iter().any(|mark| matches!(mark.ink, Ink::Logo));
    if let Some(logo) = logo.filter(|_| shows_logo) {
        document
            .resources
            .xobjects
            .map
            .insert(logo_id(), picture(logo));
    }
    let ops = draw::ops(sheet, &chosen);
    let page = PdfPage::new(Mm(sheet.width), Mm(sheet.height), ops);
    document.with_pages(vec![page]);
    let written = serialize(&document, stock);
    wipe(&mut document);
    written
}

/// One page of many. The fonts of the whole file are cut when it is written, so that no glyph gets another number here.
pub(super) fn page_of_many(fonts: &PdfFonts, sheet: &Sheet) -> PdfPage {
    let stock = Stock::default();
    let chosen = Chosen::new(fonts, &stock, &Glyphs::new());
    let ops = draw::ops(sheet, &chosen);
    PdfPage::new(Mm(sheet.width), Mm(sheet.height), ops)
}

/// A document without pages and fonts.
pub(super) fn blank(title: &str, date: jiff::civil::Date) -> Result<PdfDocument, Fault> {
    let mut document = PdfDocument::new(title);
    let moment = midnight(date)?;
    let info = &mut document.metadata.info;
    (info.creation_date, info.modification_date) = (moment, moment);
    info.metadata_date = moment;
    PRODUCER.clone_into(&mut info.creator);
    PRODUCER.clone_into(&mut info.producer);
    Ok(document)
}

fn serialize(document: &PdfDocument, stock: &Stock) -> Result<Zeroizing<Vec<u8>>, Fault> {
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
        let deflated = match stock.deflated(&plain) {
            Some(ready) => ready.to_vec(),
            None => deflate(&plain, Compression::default())?,
        };
        stream.set_content(deflated);
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
pub(super) fn picture(logo: &Picture) -> XObject {
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

pub(super) fn deflate(plain: &[u8], effort: Compression) -> Result<Vec<u8>, Fault> {
    let room = Vec::with_capacity(plain.len() + 64);
    let mut encoder = ZlibEncoder::new(room, effort);
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

pub(super) fn internal(what: String) -> Fault {
    Fault::Mailer { what }
}
