//! Models of keys: what the FIDO Metadata Service says of them, and taking in its newest file. A logo is a vendor's picture in
//! somebody else's file: it is served apart, as what it was proved to be, and nothing in it can run.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;

use super::office::{self, Upload};
use super::page::{self, Shell};
use super::visit::{Visit, query};
use super::wrong::trouble;
use crate::domain::authenticator::Aaguid;
use crate::domain::metadata::{Edition, Entry, Shelf, Vouching};
use crate::face::control::Ask;
use crate::face::report::mds as report;
use crate::face::say::{clean, mds as say};

/// Bytes. As large as a file of the service is taken.
pub(super) const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Characters of what is looked for.
const FIND_CHARS_MAX: usize = 100;
/// Nothing in a picture may do anything, were it opened as a page.
const PICTURE_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
/// Minutes would do; a new edition brings new ones.
const PICTURE_KEPT: HeaderValue = HeaderValue::from_static("private, max-age=3600");

struct Row {
    aaguid: String,
    name: String,
    certification: String,
    alarm: Option<String>,
}

struct About {
    edition: String,
    stale: Option<String>,
    left_out: Option<String>,
}

#[derive(Template)]
#[template(path = "models.html")]
struct Models {
    shell: Shell,
    find: String,
    about: Option<About>,
    rows: Vec<Row>,
    counted: String,
}

#[derive(Template)]
#[template(path = "model.html")]
struct Model {
    shell: Shell,
    name: String,
    aaguid: String,
    certification: String,
    alarm: Option<String>,
    reports: Vec<(String, String, String)>,
    roots: String,
    vouches_itself: bool,
    logo: bool,
    about: About,
}

#[derive(Template)]
#[template(path = "part-imported.html")]
struct Imported {
    shell: Shell,
    lines: Vec<String>,
}

/// `GET /models`: `find`.
pub(super) async fn list(visit: Visit, uri: Uri) -> Response {
    let office = match office::office(&visit) {
        Ok(office) => office,
        Err(refusal) => return *refusal,
    };
    let find: String = query(&uri, "find").unwrap_or_default();
    let find: String = find.trim().chars().take(FIND_CHARS_MAX).collect();
    let today = visit.shared.now().utc_day();
    let models = Arc::clone(&office.models);
    let shelf = visit.apart(move |_| models.shelf()).await.flatten();
    let rows = shelf
        .as_deref()
        .map_or_else(Vec::new, |shelf| rows(shelf, &find, today));
    page::page(
        StatusCode::OK,
        &Models {
            counted: visit.words.count("models.found", rows.len()),
            shell: Shell::of(&visit),
            about: shelf.as_deref().map(|shelf| about(&shelf.edition, today)),
            rows,
            find,
        },
    )
}

/// `GET /models/{aaguid}`
pub(super) async fn one(visit: Visit, Path(aaguid): Path<String>) -> Response {
    let office = match office::office(&visit) {
        Ok(office) => office,
        Err(refusal) => return *refusal,
    };
    let (models, library) = (Arc::clone(&office.models), Arc::clone(&office.library));
    let found = visit.apart(move |_| {
        let shelf = models.shelf()?;
        let entry = Arc::clone(shelf.models.get(&Aaguid::try_from(aaguid).ok()?)?);
        let logo = library.logo(entry.aaguid).ok().flatten();
        let logo = logo.is_some_and(|logo| picture(&logo).is_some());
        Some((shelf, entry, logo))
    });
    let Some((shelf, entry, logo)) = found.await.flatten() else {
        return visit.refuse(StatusCode::NOT_FOUND, visit.words.say("models.unknown"));
    };
    let today = visit.shared.now().utc_day();
    page::page(StatusCode::OK, &model(&visit, &shelf, &entry, logo, today))
}

fn model(visit: &Visit, shelf: &Shelf, entry: &Entry, logo: bool, today: Date) -> Model {
    let reports = entry.reports.iter().map(|report| {
        let since = report
            .since
            .map_or_else(String::new, |since| since.to_string());
        (since, clean(&report.status), say::status(&report.status))
    });
    Model {
        shell: Shell::of(visit),
        name: clean(&entry.name),
        aaguid: entry.aaguid.to_string(),
        certification: clean(&report::certification(entry, today)),
        alarm: entry
            .alarm(None, today)
            .map(|_| clean(&report::alarm(entry, today))),
        reports: reports.collect(),
        roots: visit.words.count("models.roots", entry.roots.len()),
        vouches_itself: entry.vouching == Vouching::BySelf,
        logo,
        about: about(&shelf.edition, today),
    }
}

/// `GET /models/{aaguid}/logo`
pub(super) async fn logo(visit: Visit, Path(aaguid): Path<String>) -> Response {
    let office = match office::office(&visit) {
        Ok(office) => office,
        Err(refusal) => return *refusal,
    };
    let library = Arc::clone(&office.library);
    let found = visit.apart(move |_| {
        let logo = library
            .logo(Aaguid::try_from(aaguid).ok()?)
            .ok()
            .flatten()?;
        picture(&logo)
    });
    let mut response = Response::new(Body::empty());
    let Some((kind, bytes)) = found.await.flatten() else {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    *response.body_mut() = Body::from(bytes);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, PICTURE_POLICY);
    headers.insert(header::CACHE_CONTROL, PICTURE_KEPT);
    response
}

/// `POST /models/import`: the file as the body.
pub(super) async fn import(visit: Visit, request: Request) -> Response {
    let upload = match office::upload(&visit, request, FILE_BYTES_MAX).await {
        Ok(upload) => upload,
        Err(refusal) => return *refusal,
    };
    let actor = visit.actor();
    let imported = office::ask(&visit, move |shared, office| {
        let Upload {
            bytes,
            place: _place,
        } = upload;
        let taken_in = office.library.import(&bytes)?;
        let mut lines = taken_in.lines;
        let asked = Ask::Keep {
            keeping: taken_in.keeping,
            actor,
        };
        // The file counts all the same, and the next start makes up for it.
        if let Err(complaint) = (shared.answer)(&asked).into_result() {
            lines.push(say::not_noted(&complaint.message));
        }
        Ok(lines)
    });
    match imported.await {
        Ok(lines) => {
            tracing::info!(by = visit.actor(), "metadata of models was taken in");
            let lines = lines.iter().map(|line| clean(line)).collect();
            page::page(
                StatusCode::OK,
                &Imported {
                    shell: Shell::of(&visit),
                    lines,
                },
            )
        }
        Err(wrong) => trouble(&visit, &wrong),
    }
}

fn rows(shelf: &Shelf, find: &str, today: Date) -> Vec<Row> {
    let wanted = find.to_lowercase();
    let mut rows: Vec<Row> = shelf
        .models
        .values()
        .filter(|entry| {
            entry.name.to_lowercase().contains(&wanted)
                || entry.aaguid.to_string().contains(&wanted)
        })
        .map(|entry| Row {
            aaguid: entry.aaguid.to_string(),
            name: clean(&entry.name),
            certification: clean(&report::certification(entry, today)),
            alarm: entry
                .alarm(None, today)
                .map(|report| say::status(&report.status)),
        })
        .collect();
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    rows
}

fn about(edition: &Edition, today: Date) -> About {
    About {
        edition: say::edition(edition),
        stale: say::stale(edition, today),
        left_out: say::left_out(edition),
    }
}

/// The picture in a data URL, where it is one of a kind that is shown, and begins as that kind begins. The URL's own word for
/// it is not believed.
fn picture(url: &str) -> Option<(&'static str, Vec<u8>)> {
    let (_, data) = url.strip_prefix("data:image/")?.split_once(";base64,")?;
    let data: String = data.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(data).ok()?;
    let begins = |mark: &[u8]| bytes.starts_with(mark);
    let kind = if begins(b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if begins(b"\xff\xd8\xff") {
        "image/jpeg"
    } else if is_svg(&bytes) {
        "image/svg+xml"
    } else {
        return None;
    };
    Some((kind, bytes))
}

fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(kind: &str, bytes: &[u8]) -> String {
        format!("data:image/{kind};base64,{}", STANDARD.encode(bytes))
    }

    #[test]
    fn a_picture_is_what_it_begins_as_and_nothing_else_is_one() {
        let kind = |url: &str| picture(url).map(|(kind, _)| kind);
        let png = b"\x89PNG\r\n\x1a\nrest";
        assert_eq!(kind(&url("png", png)), Some("image/png"));
        // The word in the URL is not believed.
        assert_eq!(kind(&url("svg+xml", png)), Some("image/png"));
        assert_eq!(kind(&url("png", b"<svg xmlns=''/>")), Some("image/svg+xml"));
        assert_eq!(kind(&url("png", b"<html><script>x</script>")), None);
        assert_eq!(kind(&url("html", b"GIF89a")), None);
        assert_eq!(kind("data:text/html;base64,PHN2Zz4="), None);
        assert_eq!(kind("data:image/png,plain"), None);
    }
}
