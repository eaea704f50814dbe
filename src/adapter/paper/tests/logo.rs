//! Logos, good and bad, made here byte by byte.

use super::*;
use crate::adapter::paper::logo::LOGO_BYTES_MAX;
use crate::adapter::paper::sheet::Ink;

/// A picture of `width` x `height` whose pixels are `of(x, y)`.
pub(super) fn png(
    kind: png::ColorType,
    width: u32,
    height: u32,
    of: impl Fn(u32, u32) -> Vec<u8>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(kind);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| of(x, y))
        .collect();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A header that promises `width` x `height`, and no picture after it.
pub(super) fn promise(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(png::ColorType::Grayscale, 1, 1, |_, _| vec![0]);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    Logo::decode("logo.png", bytes).unwrap_err().to_string()
}

#[test]
fn a_logo_is_measured_before_it_is_decoded() {
    for (width, height) in [
        (4001, 10),
        (10, 4001),
        (8000, 5000),
        (0x7fff_ffff, 0x7fff_ffff),
    ] {
        let said = refusal(&promise(width, height));
        assert!(
            said.contains(&format!("the logo logo.png has {width} x {height} pixels")),
            "{said}"
        );
    }
    // As large as may be, and no more.
    let said = refusal(&promise(4000, 4000));
    assert!(said.contains("damaged or cut off"), "{said}");
    let said = refusal(&promise(0, 10));
    assert!(said.contains("damaged"), "{said}");
}

#[test]
fn what_is_no_png_is_called_by_its_name() {
    for (bytes, name) in [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><rect/></svg>".to_vec(),
            "an SVG drawing",
        ),
        (
            b"<?xml version='1.0'?>\n<!DOCTYPE svg>".to_vec(),
            "an SVG drawing",
        ),
        (vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16], "a JPEG picture"),
        (b"GIF89a".to_vec(), "a GIF picture"),
        (b"%PDF-1.7".to_vec(), "a PDF"),
        (Vec::new(), "is empty"),
        (b"\x89PN".to_vec(), "no PNG"),
        (vec![0; 1000], "no PNG"),
    ] {
        let said = refusal(&bytes);
        assert!(
            said.contains(name) && said.contains("save it as PNG"),
            "{said}"
        );
    }
}

#[test]
fn a_damaged_logo_is_refused_wherever_it_is_cut() {
    let whole = png(png::ColorType::Rgb, 40, 20, |x, y| {
        let value = u8::try_from((x * 7 + y * 13) % 256).unwrap();
        vec![value, value / 2, 255 - value]
    });
    Logo::decode("logo.png", &whole).unwrap();
    for length in 8..whole.len() - 12 {
        let said = refusal(&whole[..length]);
        assert!(said.contains("damaged or cut off"), "{length}: {said}");
    }
    // One bit turned, anywhere: refused, or a picture of the same size; never a panic.
    for at in 8..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        if let Ok(logo) = Logo::decode("logo.png", &bytes) {
            assert_eq!(logo.pixels.len(), 40 * 20 * 3, "{at}");
        }
    }
    // An end where the header should be.
    let mut bytes = whole[..8].to_vec();
    bytes.extend(&whole[whole.len() - 12..]);
    assert!(refusal(&bytes).contains("damaged"));
}

#[test]
fn a_file_that_is_too_large_or_no_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("large.png");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(LOGO_BYTES_MAX + 1).unwrap();
    let said = Logo::read(&path).unwrap_err().to_string();
    assert!(said.contains("large.png is larger than 5 MB"), "{said}");
    let said = Logo::read(home.path()).unwrap_err().to_string();
    assert!(said.contains("is not a file"), "{said}");
    let said = Logo::read(&home.path().join("none.png"))
        .unwrap_err()
        .to_string();
    assert!(said.contains("cannot be read"), "{said}");
}

#[test]
fn a_pipe_in_the_logos_place_is_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("pipe.png");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
    let said = Logo::read(&path).unwrap_err().to_string();
    assert!(said.contains("pipe.png is not a file"), "{said}");
}

#[test]
fn what_is_transparent_shows_the_paper() {
    let clear = png(png::ColorType::Rgba, 2, 1, |x, _| {
        vec![200, 0, 0, if x == 0 { 0 } else { 255 }]
    });
    let logo = Logo::decode("logo.png", &clear).unwrap();
    assert_eq!(
        (logo.channels, logo.pixels),
        (3, vec![255, 255, 255, 200, 0, 0])
    );
    let grey = png(png::ColorType::GrayscaleAlpha, 1, 1, |_, _| vec![0, 128]);
    let logo = Logo::decode("logo.png", &grey).unwrap();
    assert_eq!((logo.channels, logo.pixels), (1, vec![127]));
}

#[test]
fn a_logo_keeps_its_ratio_and_makes_no_letter_large() {
    // A letter of a thousand colours, ten times finer than its box shows.
    let fine = png(png::ColorType::Rgb, 3000, 1000, |x, y| {
        let ring = ((x / 40) + (y / 40)) % 7;
        vec![
            u8::try_from(ring * 36).unwrap(),
            u8::try_from(y / 4).unwrap(),
            90,
        ]
    });
    let stationery = Stationery {
        logo: Some(Logo::decode("logo.png", &fine).unwrap()),
        ..Stationery::default()
    };
    let composer = Composer::new(Templates::shipped().unwrap(), head(), stationery).unwrap();
    let letter = mailer("en", "73094186");
    let sheet = composer.sheet(&letter, false).unwrap();
    let placed: Vec<_> = sheet
        .marks
        .iter()
        .filter(|mark| matches!(mark.ink, Ink::Logo))
        .collect();
    assert_eq!(placed.len(), 1);
    let area = placed[0].area;
    let space = composer
        .templates
        .profile("din5008b")
        .unwrap()
        .boxes
        .logo
        .unwrap();
    assert!(space.holds(&area));
    assert!((area.width / area.height - 3.0).abs() < 0.01, "{area:?}");
    assert!(
        (area.width - space.width).abs() < 0.01,
        "as large as it goes"
    );
    let logo = composer.logos.get("din5008b").unwrap();
    assert_eq!((logo.width, logo.height), (768, 256));
    let pdf = composer.render(&letter).unwrap();
    assert_eq!(*pdf, *composer.render(&letter).unwrap());
    // Poppler sees one picture in it.
    if let Some(list) = piped("pdfimages", &["-list", "-"], &pdf) {
        let list = String::from_utf8(list).unwrap();
        assert_eq!(list.lines().count(), 3, "{list}");
        assert!(list.contains("768") && list.contains("rgb"), "{list}");
    }
}

#[test]
fn a_logo_that_is_all_noise_becomes_coarser() {
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let noise: Vec<u8> = (0..1500 * 600 * 3).map(|_| noise()).collect();
    let logo = Logo {
        width: 1500,
        height: 600,
        channels: 3,
        pixels: noise,
    };
    let stationery = Stationery {
        logo: Some(logo),
        ..Stationery::default()
    };
    let composer = Composer::new(Templates::shipped().unwrap(), head(), stationery).unwrap();
    let pdf = composer.render(&mailer("en", "73094186")).unwrap();
    assert!(pdf.len() < 150 * 1024, "{} bytes", pdf.len());
    assert!(composer.logos.get("din5008b").unwrap().width >= 250);
}

/// A chunk of `kind` before the picture's first.
fn with_chunk(picture: &[u8], kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(kind);
    sum.update(content);
    // After the header, which ends at byte 33.
    let mut bytes = picture[..33].to_vec();
    bytes.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    bytes.extend(kind);
    bytes.extend(content);
    bytes.extend(sum.sum().to_be_bytes());
    bytes.extend(&picture[33..]);
    bytes
}

#[test]
fn what_unpacks_to_more_than_a_picture_is_not_unpacked() {
    let small = png(png::ColorType::Grayscale, 4, 4, |_, _| vec![7]);
    let plain = Logo::decode("logo.png", &small).unwrap();
    // 200 MB of zeros in 200 KB.
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..200 {
        encoder.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let named = [b"bomb\0\0".as_slice(), &bomb].concat();
    for kind in [b"iCCP", b"zTXt"] {
        let logo = Logo::decode("logo.png", &with_chunk(&small, kind, &named)).unwrap();
        assert_eq!(logo.pixels, plain.pixels);
    }
    // A picture of 4 x 4 whose data go on for 200 MB.
    let mut endless = small[..33].to_vec();
    let end = small.len() - 12;
    endless.extend(&small[end..]);
    let endless = with_chunk(&endless, b"IDAT", &bomb);
    if let Ok(logo) = Logo::decode("logo.png", &endless) {
        assert_eq!(logo.pixels.len(), 16);
    }
}
