//! The fonts as printpdf embeds them, parsed once; and of each the part that many letters have in common, cut out once.
//!
//! # Why
//! printpdf cuts every font anew for every letter, which takes longer than all the rest. Letters of one kind and language have
//! most glyphs in common, so these are cut out, parsed and deflated once ([`Stock`]). A letter with a glyph beyond them,
//! in a name for example, has that face cut for itself, as if there were no stock. What a letter looks like in bytes
//! depends on its own content and never on what was printed before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use printpdf::{FontEmbeddingMode, FontId, ParsedFont, PdfFont, PrintpdfFontMeta, subset_font};

use super::super::fonts::{FACE_INDEX, Font};
use super::super::shape::FaceId;
use super::{deflate, internal};
use crate::domain::fault::Fault;

/// Glyphs by the face that has them.
pub(in crate::adapter::paper) type Glyphs = BTreeMap<FaceId, BTreeSet<u16>>;

/// Every face, parsed once, and the stocks that were asked for.
pub(in crate::adapter::paper) struct PdfFonts {
    whole: BTreeMap<FaceId, ParsedFont>,
    stocks: Mutex<BTreeMap<String, Arc<Stock>>>,
}

/// The glyphs that letters of one kind and language have in common, cut out of their faces.
#[derive(Default)]
pub(in crate::adapter::paper) struct Stock(BTreeMap<FaceId, Cut>);

/// A part of a face.
struct Cut {
    font: PdfFont,
    /// As it stands in a PDF, plain and deflated.
    program: Vec<u8>,
    deflated: Vec<u8>,
    /// The number here of a glyph of the whole face.
    ids: BTreeMap<u16, u16>,
    /// How far each glyph moves the pen, in thousandths of an em.
    widths: Vec<f32>,
}

/// The fonts of one letter.
pub(super) struct Chosen<'a> {
    fonts: &'a PdfFonts,
    stock: &'a Stock,
    /// Whether the stock has all that the letter needs of the face.
    faces: BTreeMap<FaceId, bool>,
}

impl PdfFonts {
    pub(in crate::adapter::paper) fn load(fonts: &[Font]) -> Result<Self, Fault> {
        let index = usize::try_from(FACE_INDEX).unwrap_or(0);
        let mut whole = BTreeMap::new();
        for (number, font) in (0..).zip(fonts) {
            let mut warnings = Vec::new();
            let face = ParsedFont::from_bytes(font.bytes, index, &mut warnings)
                .ok_or_else(|| internal(format!("the font {} cannot be embedded", font.name)))?;
            whole.insert(FaceId(number), face);
        }
        Ok(Self {
            whole,
            stocks: Mutex::default(),
        })
    }

    /// A face, whole.
    pub(in crate::adapter::paper) fn whole(&self, face: FaceId) -> Option<&ParsedFont> {
        self.whole.get(&face)
    }

    /// The stock called `name`, made of `glyphs` when it is asked for the first time.
    pub(in crate::adapter::paper) fn stock(
        &self,
        name: &str,
        glyphs: impl FnOnce() -> Glyphs,
    ) -> Result<Arc<Stock>, Fault> {
        let mut stocks = self.stocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stock) = stocks.get(name) {
            return Ok(Arc::clone(stock));
        }
        let mut cuts = BTreeMap::new();
        for (face, ids) in glyphs() {
            if let Some(whole) = self.whole.get(&face)
                && let Some(cut) = Cut::of(face, whole, &ids)?
            {
                cuts.insert(face, cut);
            }
        }
        let stock = Arc::new(Stock(cuts));
        stocks.insert(name.to_owned(), Arc::clone(&stock));
        Ok(stock)
    }
}

impl Cut {
    /// `None` for a font with outlines of the PostScript kind: their codes are not their glyphs' numbers.
    fn of(face: FaceId, whole: &ParsedFont, ids: &BTreeSet<u16>) -> Result<Option<Self>, Fault> {
        let wanted = ids.iter().map(|id| (*id, String::new())).collect();
        let cut =
            subset_font(whole, &wanted).map_err(|error| internal(format!("a font: {error}")))?;
        if !cut.bytes.starts_with(&[0, 1, 0, 0]) {
            return Ok(None);
        }
        let mut warnings = Vec::new();
        let mut font = ParsedFont::from_bytes(&cut.bytes, 0, &mut warnings)
            .ok_or_else(|| internal("a part of a font cannot be read".to_owned()))?;
        // A font that is embedded in part says so by a tag before its name (ISO 32000-1 §9.6.4).
        let name = whole.font_name.clone().unwrap_or_else(|| "Font".to_owned());
        font.font_name = Some(format!("{}+{name}", font_id(face).0));
        let meta = PrintpdfFontMeta {
            embedding_mode: FontEmbeddingMode::Full,
            requires_subsetting: false,
            ..PrintpdfFontMeta::default()
        };
        let widths = (0..font.num_glyphs()).map(|id| width(&font, id)).collect();
        Ok(Some(Self {
            widths,
            font: PdfFont::with_meta(font, meta),
            deflated: deflate(&cut.bytes, Compression::best())?,
            program: cut.bytes,
            ids: cut
                .glyph_mapping
                .into_iter()
                .map(|(whole, (part, _))| (whole, part))
                .collect(),
        }))
    }
}

impl Stock {
    /// The deflated form of a font program that is this stock's.
    pub(super) fn deflated(&self, program: &[u8]) -> Option<&[u8]> {
        let mut cuts = self.0.values();
        cuts.find(|cut| cut.program == program)
            .map(|cut| cut.deflated.as_slice())
    }
}

impl<'a> Chosen<'a> {
    pub(super) fn new(fonts: &'a PdfFonts, stock: &'a Stock, used: &Glyphs) -> Self {
        let has_all = |face: &FaceId, ids: &BTreeSet<u16>| {
            let cut = stock.0.get(face);
            cut.is_some_and(|cut| ids.iter().all(|id| cut.ids.contains_key(id)))
        };
        Self {
            fonts,
            stock,
            faces: used
                .iter()
                .map(|(face, ids)| (*face, has_all(face, ids)))
                .collect(),
        }
    }

    /// What a document embeds.
    pub(super) fn embedded(&self) -> impl Iterator<Item = (FontId, PdfFont)> {
        self.faces.iter().filter_map(|(face, in_stock)| {
            let font = if *in_stock {
                self.stock.0.get(face)?.font.clone()
            } else {
                PdfFont::new(self.fonts.whole.get(face)?.clone())
            };
            Some((font_id(*face), font))
        })
    }

    /// The number of a glyph in the font that is embedded for its face.
    pub(super) fn id(&self, face: FaceId, id: u16) -> u16 {
        let cut = self.cut(face);
        cut.and_then(|cut| cut.ids.get(&id)).copied().unwrap_or(id)
    }

    /// How far the glyph with that number moves the pen, in thousandths of an em.
    pub(super) fn width(&self, face: FaceId, id: u16) -> f32 {
        match (self.cut(face), self.fonts.whole.get(&face)) {
            (Some(cut), _) => cut.widths.get(usize::from(id)).copied().unwrap_or(0.0),
            (None, Some(whole)) => width(whole, id),
            (None, None) => 0.0,
        }
    }

    fn cut(&self, face: FaceId) -> Option<&Cut> {
        let in_stock = self.faces.get(&face).copied().unwrap_or(false);
        self.stock.0.get(&face).filter(|_| in_stock)
    }
}

/// In thousandths of an em and whole, as printpdf writes it (`/W`).
pub(in crate::adapter::paper) fn width(font: &ParsedFont, id: u16) -> f32 {
    let units = f32::from(font.get_horizontal_advance(id));
    (units * 1000.0 / f32::from(font.pdf_font_metrics.units_per_em)).trunc()
}

/// Six capitals: printpdf makes the subset's tag of them (ISO 32000-1 §9.6.4).
pub(in crate::adapter::paper) fn font_id(face: FaceId) -> FontId {
    let mut id = "KEYL".to_owned();
    id.extend([face.0 / 26, face.0 % 26].map(|letter| char::from(b'A' + letter)));
    FontId(id)
}
