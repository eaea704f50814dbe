//! A job file that is dropped onto the page: checked as `keyline check` checks it, and put into the queue where nothing is wrong.
//! It may hold PINs: nothing of it is kept, logged or shown but what the check says, which quotes none.

use askama::Template;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use zeroize::Zeroize as _;

use crate::domain::job::row::BadRow;
use crate::domain::job::sheet::Unit;
use crate::face::console::office::{self, Offered, Upload};
use crate::face::console::page::{self, Shell};
use crate::face::console::visit::{Visit, query};
use crate::face::console::wrong::trouble;
use crate::face::say::clean;

/// Bytes. As large as the intake takes one.
pub(in crate::face::console) const JOB_FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Complaints that are shown; whoever has more mends these first.
const SHOWN_MAX: usize = 200;

struct Wrong {
    place: String,
    column: String,
    message: String,
    hint: String,
}

#[derive(Template)]
#[template(path = "part-file.html")]
struct Verdict {
    shell: Shell,
    name: String,
    /// Under which name it lies in the queue.
    put: Option<String>,
    counted: String,
    wrong: Vec<Wrong>,
    more: String,
}

/// `POST /people/file`: `name` in the query, the file as the body.
pub(in crate::face::console) async fn drop_file(
    visit: Visit,
    uri: Uri,
    request: Request,
) -> Response {
    let name = query(&uri, "name").unwrap_or_default();
    let upload = match office::upload(&visit, request, JOB_FILE_BYTES_MAX).await {
        Ok(upload) => upload,
        Err(refusal) => return *refusal,
    };
    // What a browser calls it: a name, never a path.
    let name = name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let shown = clean(&name);
    let actor = visit.actor();
    let offered = office::ask(&visit, move |shared, office| {
        let Upload {
            bytes,
            place: _place,
        } = upload;
        let note = |keeping| office::note_queued(shared, &actor, keeping);
        let offered = office.inbox.offer(&name, &bytes, &note);
        if let Ok(mut bytes) = bytes.try_into_mut() {
            bytes.as_mut().zeroize();
        }
        Ok(offered?)
    });
    let verdict = match offered.await {
        Ok(offered) => verdict(&visit, shown, offered),
        Err(wrong) => return trouble(&visit, &wrong),
    };
    page::page(StatusCode::OK, &verdict)
}

fn verdict(visit: &Visit, name: String, offered: Offered) -> Verdict {
    let shell = Shell::of(visit);
    match offered {
        Offered::Put { name: put, rows } => Verdict {
            shell,
            name,
            put: Some(clean(&put)),
            counted: visit.words.count("people.queued", rows),
            wrong: Vec::new(),
            more: String::new(),
        },
        Offered::Bad { unit, rows } => {
            let more = rows.len().saturating_sub(SHOWN_MAX);
            Verdict {
                shell,
                name,
                put: None,
                counted: visit.words.count("file.wrong", rows.len()),
                more: if more > 0 {
                    visit.words.count("file.more", more)
                } else {
                    String::new()
                },
                wrong: rows
                    .iter()
                    .take(SHOWN_MAX)
                    .map(|bad| wrong(visit, unit, bad))
                    .collect(),
            }
        }
    }
}

fn wrong(visit: &Visit, unit: Unit, bad: &BadRow) -> Wrong {
    let place = if bad.line == 0 {
        visit.words.say("file.whole").to_owned()
    } else {
        let key = format!("file.{}", unit.word());
        visit
            .words
            .fill(&key, &[("number", bad.line.to_string().as_str())])
    };
    Wrong {
        place,
        column: bad.column.as_deref().map(clean).unwrap_or_default(),
        message: clean(&bad.message),
        hint: clean(&bad.hint),
    }
}
