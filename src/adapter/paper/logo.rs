//! The sender's logo: a PNG, measured before it is decoded, decoded once, and kept as small as paper shows. Never more than
//! [`LOGO_BYTES_MAX`] of a file are read, and no picture larger than [`LOGO_SIDE_PX_MAX`] is unpacked.

use std::fs::OpenOptions;
use std::io::{Cursor, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::Compression;
use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};
use rustix::fs::OFlags;

use super::pdf::deflate;
use super::profile::Area;
use crate::domain::fault::Fault;

/// Larger files are refused unread.
pub(super) const LOGO_BYTES_MAX: u64 = 5 * 1024 * 1024;
/// Wider or higher pictures are refused before they are decoded.
pub(super) const LOGO_SIDE_PX_MAX: u32 = 4000;
/// What the decoder may take beside the picture itself.
const DECODER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Finer than the first no printer shows it.
const DOTS_PER_INCH: [f32; 4] = [300.0, 200.0, 150.0, 100.0];
/// What a logo may add to a letter.
const PICTURE_BYTES_MAX: usize = 100 * 1024;
const MM_PER_INCH: f32 = 25.4;
const WHITE: u32 = 255;

/// A picture on white, without transparency.
#[derive(Clone)]
pub struct Logo {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 for greys, 3 for colours.
    pub(super) channels: u8,
    /// Row by row from the top.
    pub(super) pixels: Vec<u8>,
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({} x {})", self.width, self.height)
    }
}

impl Logo {
    /// Reads a PNG.
    ///
    /// # Errors
    /// [`Fault::Mailer`], with the file and what is wrong with it: unreadable, too large, too many pixels, no PNG, damaged.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        let unreadable =
            |error: std::io::Error| refused(&name, &format!("cannot be read: {error}"));
        let is_no_file = || refused(&name, "is not a file");
        // Opening a pipe waits for whoever writes to it, and opening a device may do something.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(is_no_file());
        }
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(unreadable)?;
        // The name may stand for something else by now.
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(is_no_file());
        }
        file.take(LOGO_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        Self::decode(&name, &bytes)
    }

    /// Decodes the bytes of a PNG; `name` is what an error calls it.
    ///
    /// # Errors
    /// As [`Logo::read`].
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self, Fault> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > LOGO_BYTES_MAX {
            return Err(refused(
                name,
                &format!(
                    "is larger than {} MB; save it smaller",
                    LOGO_BYTES_MAX / 1024 / 1024
                ),
            ));
        }
        if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Err(refused(
                name,
                &format!("is {}; save it as PNG", what_it_is(bytes)),
            ));
        }
        let damaged = |error: DecodingError| match error {
            DecodingError::LimitsExceeded => refused(
                name,
                "unpacks to more than a logo may be; save it anew, without extras",
            ),
            DecodingError::IoError(_) | DecodingError::Format(_) | DecodingError::Parameter(_) => {
                refused(name, &format!("is damaged or cut off: {error}"))
            }
        };
        let limits = Limits {
            bytes: DECODER_BYTES_MAX,
        };
        let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
        decoder.set_transformations(Transformations::normalize_to_color8());
        // Neither is looked at, and either may unpack to more than the picture.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let header = decoder.read_header_info().map_err(damaged)?;
        let (width, height) = (header.width, header.height);
        if width > LOGO_SIDE_PX_MAX || height > LOGO_SIDE_PX_MAX {
            return Err(refused(
                name,
                &format!(
                    "has {width} x {height} pixels; at most {LOGO_SIDE_PX_MAX} x {LOGO_SIDE_PX_MAX} are taken"
                ),
            ));
        }
        let mut reader = decoder.read_info().map_err(damaged)?;
        let room = reader
            .output_buffer_size()
            .ok_or_else(|| refused(name, "has too many pixels"))?;
        let mut pixels = vec![0; room];
        let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
        pixels.truncate(frame.buffer_size());
        if frame.bit_depth != BitDepth::Eight {
            return Err(refused(name, "has a depth of colour that is not known"));
        }
        let (channels, pixels) = on_white(frame.color_type, &pixels)
            .ok_or_else(|| refused(name, "has a kind of colour that is not known"))?;
        Ok(Self {
            width,
            height,
            channels,
            pixels,
        })
    }

    /// What letters embed for a box of `area`: as fine as printers show it, coarser where that would make each letter too
    /// large to be kept in memory and sent.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when it cannot be made small.
    pub(super) fn embedded(&self, area: Area) -> Result<Picture, Fault> {
        for dots in DOTS_PER_INCH {
            let shrunk = self.shrunk_to(area, dots);
            let deflated = deflate(&shrunk.pixels, Compression::best())?;
            if deflated.len() <= PICTURE_BYTES_MAX {
                return Ok(Picture {
                    width: shrunk.width,
                    height: shrunk.height,
                    channels: shrunk.channels,
                    deflated,
                });
            }
        }
        Err(refused(
            "of this station",
            "is too fine for its box; use a plainer one",
        ))
    }

    /// The same picture with no more dots than `area` shows; each dot the mean of those that it stands for.
    fn shrunk_to(&self, area: Area, dots_per_inch: f32) -> Self {
        let placed = placed(self.width, self.height, area);
        let dots = |length: f32, most: u32| {
            let wanted = (length / MM_PER_INCH * dots_per_inch).ceil();
            (1..=most)
                .rev()
                .find(|count| side(*count) <= wanted)
                .unwrap_or(1)
        };
        let (width, height) = (
            dots(placed.width, self.width),
            dots(placed.height, self.height),
        );
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let mut pixels = Vec::new();
        for row in 0..height {
            let rows = stretch(row, height, self.height);
            for column in 0..width {
                let columns = stretch(column, width, self.width);
                for channel in 0..self.channels {
                    pixels.push(self.mean(rows.clone(), columns.clone(), channel));
                }
            }
        }
        Self {
            width,
            height,
            pixels,
            ..*self
        }
    }

    fn mean(
        &self,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        channel: u8,
    ) -> u8 {
        let channels = usize::from(self.channels);
        let width = usize::try_from(self.width).unwrap_or(0);
        let (mut sum, mut count) = (0_u32, 0_u32);
        for row in rows {
            let first = (row * width + columns.start) * channels + usize::from(channel);
            let line = self.pixels.iter().skip(first).step_by(channels);
            for value in line.take(columns.len()) {
                sum += u32::from(*value);
                count += 1;
            }
        }
        u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX)
    }
}

/// A logo as letters embed it.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 for greys, 3 for colours.
    pub(super) channels: u8,
    /// Its pixels, deflated.
    pub(super) deflated: Vec<u8>,
}

impl Picture {
    /// Where it stands in its box.
    pub(super) fn placed_in(&self, area: Area) -> Area {
        placed(self.width, self.height, area)
    }
}

/// As large as `area` allows, keeping the ratio, at the top left.
fn placed(width: u32, height: u32, area: Area) -> Area {
    let (width, height) = (side(width), side(height));
    let scale = (area.width / width).min(area.height / height);
    Area {
        width: width * scale,
        height: height * scale,
        ..area
    }
}

/// Which of `from` dots the `nth` of `to` dots stands for.
fn stretch(nth: u32, to: u32, from: u32) -> std::ops::Range<usize> {
    let at = |nth: u32| {
        let exact = u64::from(nth) * u64::from(from) / u64::from(to);
        usize::try_from(exact).unwrap_or(0)
    };
    at(nth)..at(nth + 1).max(at(nth) + 1)
}

/// Greys or colours without transparency: what shows through is the paper.
fn on_white(kind: ColorType, pixels: &[u8]) -> Option<(u8, Vec<u8>)> {
    match kind {
        ColorType::Grayscale => Some((1, pixels.to_vec())),
        ColorType::Rgb => Some((3, pixels.to_vec())),
        ColorType::GrayscaleAlpha => Some((1, flat(pixels, 2))),
        ColorType::Rgba => Some((3, flat(pixels, 4))),
        ColorType::Indexed => None,
    }
}

fn flat(pixels: &[u8], stride: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(pixels.len());
    for pixel in pixels.chunks_exact(stride) {
        let Some((alpha, colours)) = pixel.split_last() else {
            continue;
        };
        let alpha = u32::from(*alpha);
        for colour in colours {
            let mixed = (u32::from(*colour) * alpha + WHITE * (WHITE - alpha)) / WHITE;
            out.push(u8::try_from(mixed).unwrap_or(u8::MAX));
        }
    }
    out
}

/// Sides are at most [`LOGO_SIDE_PX_MAX`].
fn side(pixels: u32) -> f32 {
    u16::try_from(pixels).map_or(f32::from(u16::MAX), f32::from)
}

fn what_it_is(bytes: &[u8]) -> &'static str {
    let head = bytes.get(..bytes.len().min(256)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head).to_lowercase();
    if bytes.is_empty() {
        "empty"
    } else if text.contains("<svg") || text.trim_start().starts_with("<?xml") {
        "an SVG drawing or another XML file"
    } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        "a JPEG picture"
    } else if bytes.starts_with(b"GIF8") {
        "a GIF picture"
    } else if bytes.starts_with(b"%PDF") {
        "a PDF"
    } else {
        "no PNG"
    }
}

fn refused(name: &str, why: &str) -> Fault {
    Fault::Mailer {
        what: format!("the logo {name} {why}"),
    }
}
