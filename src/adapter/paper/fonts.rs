//! The font files: those that come with keyline, and those that the configuration names. A file that is no font, or too large,
//! is refused in words. Never shapes, never draws.
//!
//! # Why
//! A font for Chinese, Japanese and Korean weighs twenty megabytes, more than the whole program. It is named in the
//! configuration instead, and a letter that needs it says so before anything is printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustybuzz::Face;
use rustybuzz::ttf_parser::name_id;
use unicode_script::Script;

use crate::domain::fault::Fault;

/// One face of a font file.
pub(super) struct Font {
    /// What errors call it.
    pub(super) name: String,
    /// As long as the program runs: see [`keep`].
    pub(super) bytes: &'static [u8],
    pub(super) role: Role,
    /// The scripts that it is the first choice for.
    pub(super) home: &'static [Script],
}

/// Which texts a font serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Running text, and bold text that no bold font has.
    Regular,
    Bold,
    /// The PIN alone: every character as wide as the next, the zero dotted.
    Mono,
}

/// Of a collection the first face; Noto's CJK collections begin with the Japanese one.
pub(super) const FACE_INDEX: u32 = 0;

/// Larger than any font for Chinese, Japanese and Korean that is sold or given away as one file.
const FONT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// More fonts than a letter could use.
const FONTS_MAX: usize = 16;

macro_rules! shipped {
    ($file:literal, $role:ident, $home:expr) => {
        (
            $file,
            include_bytes!(concat!("../../../templates/mailer/fonts/", $file)).as_slice(),
            Role::$role,
            $home,
        )
    };
}

/// The first of each role also gives the height of its lines.
const SHIPPED: [(&str, &[u8], Role, &[Script]); 12] = [
    shipped!("NotoSans-Regular.ttf", Regular, EUROPE),
    shipped!("NotoSans-Bold.ttf", Bold, EUROPE),
    shipped!("DejaVuSansMono.ttf", Mono, EUROPE),
    shipped!("NotoSansArabic-Regular.ttf", Regular, &[Script::Arabic]),
    shipped!("NotoSansArabic-Bold.ttf", Bold, &[Script::Arabic]),
    shipped!("NotoSansHebrew-Regular.ttf", Regular, &[Script::Hebrew]),
    shipped!("NotoSansHebrew-Bold.ttf", Bold, &[Script::Hebrew]),
    shipped!(
        "NotoSansDevanagari-Regular.ttf",
        Regular,
        &[Script::Devanagari]
    ),
    shipped!("NotoSansThai-Regular.ttf", Regular, &[Script::Thai]),
    shipped!("NotoSansThai-Bold.ttf", Bold, &[Script::Thai]),
    shipped!("NotoSansGeorgian-Regular.ttf", Regular, &[Script::Georgian]),
    shipped!("NotoSansArmenian-Regular.ttf", Regular, &[Script::Armenian]),
];

const EUROPE: &[Script] = &[Script::Latin, Script::Greek, Script::Cyrillic];

/// The fonts that come with keyline.
pub(super) fn shipped() -> Vec<Font> {
    SHIPPED
        .iter()
        .map(|(name, bytes, role, home)| Font {
            name: (*name).to_owned(),
            bytes,
            role: *role,
            home,
        })
        .collect()
}

/// The shipped fonts and behind them those in `files`, for what the shipped ones lack. `whose`: what names them, for errors.
///
/// # Errors
/// [`Fault::Mailer`], naming the file and what is wrong with it.
pub(super) fn with_files(files: &[PathBuf], whose: &str) -> Result<Vec<Font>, Fault> {
    let mut fonts = shipped();
    add(&mut fonts, files, whose)?;
    Ok(fonts)
}

/// Those in `files` behind the others.
///
/// # Errors
/// As [`with_files`].
pub(super) fn add(fonts: &mut Vec<Font>, files: &[PathBuf], whose: &str) -> Result<(), Fault> {
    let refused = |what| Fault::Mailer { what };
    few_enough(files).map_err(|why| refused(format!("{whose} {why}")))?;
    for file in files {
        let font = open(file);
        fonts.push(
            font.map_err(|reason| {
                refused(format!("the font {} of {whose} {reason}", shown(file)))
            })?,
        );
    }
    Ok(())
}

/// Whether these can be used: so that whoever names them hears it at once.
///
/// # Errors
/// The file and what is wrong with it.
pub(super) fn try_out(files: &[PathBuf]) -> Result<(), String> {
    few_enough(files).map_err(|why| format!("`fonts` {why}"))?;
    for file in files {
        open(file).map_err(|reason| format!("the font {} {reason}", shown(file)))?;
    }
    Ok(())
}

fn few_enough(files: &[PathBuf]) -> Result<(), String> {
    if files.len() > FONTS_MAX {
        let count = files.len();
        return Err(format!(
            "names {count} font files; keyline takes {FONTS_MAX}"
        ));
    }
    Ok(())
}

fn shown(file: &Path) -> String {
    file.display().to_string().escape_default().to_string()
}

fn open(path: &Path) -> Result<Font, String> {
    let bytes = read(path)?;
    if matches!(bytes.get(..4), Some(b"wOFF" | b"wOF2")) {
        return Err("is a web font; name the .ttf or .otf file that it was made from".to_owned());
    }
    let face = Face::from_slice(&bytes, FACE_INDEX)
        .ok_or("cannot be read; it has to be a whole .ttf, .otf or .ttc file")?;
    let tables = face.tables();
    if tables.glyf.is_none() && tables.cff.is_none() {
        return Err("has no outlines (.ttf with `glyf`, .otf with `CFF `); a font of pictures cannot be printed".to_owned());
    }
    if !has_characters(&face) {
        return Err("has no glyph for any character".to_owned());
    }
    let bold = face.is_bold();
    let name = face
        .names()
        .into_iter()
        .filter(|name| name.name_id == name_id::FULL_NAME)
        .find_map(|name| name.to_string())
        .unwrap_or_else(|| path.display().to_string());
    Ok(Font {
        name,
        bytes: keep(path, bytes),
        role: if bold { Role::Bold } else { Role::Regular },
        home: &[],
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe or a device would be read without an end.
    let about = std::fs::metadata(path).map_err(told)?;
    if !about.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(told)?;
    file.take(FONT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FONT_BYTES_MAX) {
        return Err(format!(
            "is larger than {} MB, more than a font needs",
            FONT_BYTES_MAX / 1024 / 1024
        ));
    }
    Ok(bytes)
}

/// Whether a character leads to a glyph that is not the box for missing ones.
fn has_characters(face: &Face<'_>) -> bool {
    let Some(cmap) = face.tables().cmap else {
        return false;
    };
    let mut found = false;
    for table in cmap
        .subtables
        .into_iter()
        .filter(|table| table.is_unicode())
    {
        table.codepoints(|code| {
            found = found || table.glyph_index(code).is_some_and(|glyph| glyph.0 != 0);
        });
    }
    found
}

/// Gives a font file for as long as the program runs, once for each file: faces borrow from it, and the configuration is read
/// a few times at most.
fn keep(path: &Path, bytes: Vec<u8>) -> &'static [u8] {
    static KEPT: Mutex<BTreeMap<PathBuf, &'static [u8]>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    match kept.get(path) {
        Some(known) if **known == *bytes => known,
        Some(_) | None => {
            let known: &'static [u8] = bytes.leak();
            kept.insert(path.to_owned(), known);
            known
        }
    }
}
