//! Style sheets, scripts and pictures, out of the binary. Each has its hash in its name, so a browser keeps it for good and
//! still gets the new one after an update. Nothing else is ever fetched by a page.
//!
//! # Why
//! No framework, no build step: the scripts are a few small modules as a browser reads them, with types in comments, so that a
//! fresh machine needs nothing but cargo to build all of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderValue, Response, StatusCode, header};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

/// Bytes of the hash that stand in a name.
const HASH_BYTES: usize = 4;
/// A name with a hash never means anything else again: a year.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

#[derive(Embed)]
#[folder = "templates/console/assets"]
struct Files;

/// One file as it is served.
struct Asset {
    /// Below `/assets/`.
    name: String,
    kind: &'static str,
    bytes: Bytes,
}

static ASSETS: LazyLock<BTreeMap<String, Asset>> = LazyLock::new(|| {
    let mut made = BTreeMap::new();
    for file in Files::iter() {
        make(&file, &mut made, &mut BTreeSet::new());
    }
    made
});

/// Where the asset `file` is, such as `/assets/console.1a2b3c4d.css`. One that there is none of leads nowhere.
pub fn address(file: &str) -> String {
    let name = ASSETS.get(file).map_or(file, |asset| asset.name.as_str());
    format!("/assets/{name}")
}

/// All assets, by the names of their files, and their sizes in bytes.
pub fn all() -> impl Iterator<Item = (&'static str, usize)> {
    ASSETS
        .iter()
        .map(|(file, asset)| (file.as_str(), asset.bytes.len()))
}

/// `GET /assets/NAME`
pub(super) async fn serve(Path(name): Path<String>) -> Response<Body> {
    let asset = ASSETS.values().find(|asset| asset.name == name);
    let (status, bytes, kind) = match asset {
        Some(asset) => (StatusCode::OK, asset.bytes.clone(), asset.kind),
        None => (StatusCode::NOT_FOUND, Bytes::new(), "text/plain"),
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if status == StatusCode::OK {
        headers.insert(header::CACHE_CONTROL, FOR_GOOD);
    }
    response
}

/// Makes the asset of `file` after those that it names. `above`: those that are being made, lest two that name each other go
/// round in circles.
fn make(file: &str, made: &mut BTreeMap<String, Asset>, above: &mut BTreeSet<String>) {
    if made.contains_key(file) || !above.insert(file.to_owned()) {
        return;
    }
    let Some(embedded) = Files::get(file) else {
        return;
    };
    let text = matches!(ending(file), "js" | "css")
        .then(|| std::str::from_utf8(&embedded.data).ok())
        .flatten();
    let bytes = match text {
        Some(text) => Cow::Owned(with_names(file, text, made, above).into_bytes()),
        None => embedded.data,
    };
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .take(HASH_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let stem = file.strip_suffix(ending(file)).unwrap_or(file);
    let asset = Asset {
        name: format!("{stem}{hash}.{}", ending(file)),
        kind: kind(ending(file)),
        bytes: Bytes::from(bytes.into_owned()),
    };
    made.insert(file.to_owned(), asset);
}

/// The text with `"./other.js"` in it, in double quotes and from the same folder, as that one is really named.
fn with_names(
    file: &str,
    text: &str,
    made: &mut BTreeMap<String, Asset>,
    above: &mut BTreeSet<String>,
) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts = text.split("\"./");
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        named.push_str("\"./");
        let Some((other, rest)) = part.split_once('"') else {
            named.push_str(part);
            continue;
        };
        let path = if folder.is_empty() {
            other.to_owned()
        } else {
            format!("{folder}/{other}")
        };
        make(&path, made, above);
        let name = made.get(&path).map_or(other, |asset| {
            asset
                .name
                .strip_prefix(folder)
                .map_or(other, |name| name.trim_start_matches('/'))
        });
        named.push_str(name);
        named.push('"');
        named.push_str(rest);
    }
    named
}

fn ending(file: &str) -> &str {
    file.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn kind(ending: &str) -> &'static str {
    match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_hash_of_what_is_served() {
        let address = address("console.css");
        let (hash, asset) = (address.split('.').nth(1), &ASSETS["console.css"]);
        let digest = Sha256::digest(&asset.bytes);
        let whole: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, whole.get(..8), "{address}");
        assert!(asset.kind.starts_with("text/css"));
    }

    #[test]
    fn a_module_names_others_as_they_are_served() {
        let (mut made, mut above) = (BTreeMap::new(), BTreeSet::new());
        let text = "import { a } from \"./console.js\";\nconst other = \"./nothing.js\";";
        let named = with_names("new.js", text, &mut made, &mut above);
        let name = made["console.js"].name.clone();
        assert_eq!(
            named,
            format!("import {{ a }} from \"./{name}\";\nconst other = \"./nothing.js\";")
        );
    }

    #[test]
    fn every_asset_has_a_kind() {
        for (file, asset) in ASSETS.iter() {
            assert_ne!(asset.kind, "application/octet-stream", "{file}");
        }
        assert!(all().count() >= 2);
    }
}
