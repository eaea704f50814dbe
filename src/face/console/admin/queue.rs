//! `GET /queue`: batches and jobs, by what is asked of them, page by page; and the files that were not taken as they were.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::notice::Notice;
use super::pager::Query;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::BatchName;
use crate::domain::mailbox::{SetAside, SetAsideFate};
use crate::face::console::words::Words;
use crate::face::console::wrong::{self, Told};
use crate::face::console::{Shell, Visit, page};
use crate::face::say::clean::lines;
use crate::face::say::{Complaint, clean, moment};
use crate::port::JobRecord;
use crate::port::browse::{BatchCount, JobFilter, JobPage};

/// Jobs on one page.
pub const JOBS_PER_PAGE: u32 = 50;
/// Batches that are shown before somebody asks for all.
const BATCHES_SHOWN: usize = 12;

/// The standings in the order of a job's life, and the keys of their words.
pub const STANDINGS: [(Standing, &str, &str); 5] = [
    (Standing::Waiting, "waiting", "queue.standing.waiting"),
    (Standing::UnderWay, "under_way", "queue.standing.under_way"),
    (Standing::Held, "held", "queue.standing.held"),
    (Standing::Done, "done", "queue.standing.done"),
    (Standing::Cancelled, "cancelled", "queue.standing.cancelled"),
];

/// The word of a standing for addresses and style sheets.
pub(in crate::face::console) fn standing_word(standing: Standing) -> &'static str {
    entry(standing).1
}

/// The word of a standing for people.
pub(in crate::face::console) fn standing_said(
    words: &'static Words,
    standing: Standing,
) -> &'static str {
    words.say(entry(standing).2)
}

fn entry(standing: Standing) -> (Standing, &'static str, &'static str) {
    let found = STANDINGS.into_iter().find(|(known, ..)| *known == standing);
    found.unwrap_or((standing, "", ""))
}

/// A standing that can be asked for, with how many jobs have it.
struct Choice {
    word: &'static str,
    label: &'static str,
    count: u64,
    chosen: bool,
    address: String,
}

struct Batch {
    name: String,
    admitted: String,
    /// In the order of [`STANDINGS`].
    counts: Vec<u64>,
    address: String,
}

struct Line {
    id: i64,
    envelope: String,
    standing: &'static str,
    standing_said: &'static str,
    user: String,
    name: String,
    role: &'static str,
    serial: String,
    batch: String,
    held: Vec<Told>,
}

struct File {
    place: String,
    fate: &'static str,
    at: String,
    reasons: String,
}

#[derive(Template)]
#[template(path = "admin/queue.html")]
struct Queue {
    shell: Shell,
    notice: Option<Notice>,
    text: String,
    batch: String,
    standing: &'static str,
    standings: [(Standing, &'static str, &'static str); 5],
    choices: Vec<Choice>,
    all: Choice,
    batches: Vec<Batch>,
    more_batches: Vec<Batch>,
    lines: Vec<Line>,
    found: String,
    older: Option<String>,
    newer: Option<String>,
    files: Result<Vec<File>, String>,
    is_filtered: bool,
}

/// Everything that the page shows.
struct Seen {
    jobs: JobPage,
    batches: Vec<BatchCount>,
    files: Result<Vec<SetAside>, Complaint>,
}

/// `GET /queue`: `text`, `batch`, `standing`, `page`.
pub(in crate::face::console) async fn list(visit: Visit) -> Response {
    let query = Query::of(&visit);
    let standing = STANDINGS
        .into_iter()
        .find(|(_, word, _)| *word == query.get("standing"));
    let filter = JobFilter {
        standing: standing.map(|(standing, ..)| standing),
        batch: (!query.get("batch").is_empty()).then(|| BatchName(query.get("batch").to_owned())),
        text: query.get("text").to_owned(),
    };
    let at = query.page();
    let asked = filter.clone();
    let seen = visit
        .apart(move |shared| {
            let means = &shared.oversight.means;
            let skip = at
                .saturating_sub(1)
                .saturating_mul(u64::from(JOBS_PER_PAGE));
            Ok::<_, Fault>(Seen {
                jobs: means.browse.jobs(&asked, skip, JOBS_PER_PAGE)?,
                batches: means.browse.batches()?,
                files: (means.set_aside)(),
            })
        })
        .await;
    match seen {
        Some(Ok(seen)) => page(StatusCode::OK, &view(&visit, &query, &filter, seen)),
        Some(Err(why)) => unreadable(&visit, &why),
        None => internal(&visit),
    }
}

/// The page of a ledger that cannot be read just now.
pub(in crate::face::console) fn unreadable(visit: &Visit, why: &Fault) -> Response {
    tracing::error!(fault = %why, "the console could not read the ledger");
    let told = wrong::fault(why, visit.words);
    visit.refuse(StatusCode::SERVICE_UNAVAILABLE, &wrong::line(&told))
}

/// The page of what panicked.
pub(in crate::face::console) fn internal(visit: &Visit) -> Response {
    let text = visit.words.say("refusal.internal");
    visit.refuse(StatusCode::INTERNAL_SERVER_ERROR, text)
}

fn view(visit: &Visit, query: &Query, filter: &JobFilter, seen: Seen) -> Queue {
    let (words, zone) = (visit.words, TimeZone::system());
    let choices = choices(words, query, filter, &seen.jobs);
    let everything = choices.iter().map(|choice| choice.count).sum();
    let total = filter
        .standing
        .map_or(everything, |standing| count_of(&seen.jobs.counts, standing));
    let mut batches: Vec<Batch> = seen
        .batches
        .iter()
        .map(|batch| of_batch(query, batch, &zone))
        .collect();
    let more_batches = batches.split_off(BATCHES_SHOWN.min(batches.len()));
    let (at, shown) = (query.page(), u64::from(JOBS_PER_PAGE));
    let to = |page: u64| query.with("/queue", &[("page", &page.to_string())]);
    Queue {
        shell: Shell::of(visit),
        notice: visit.shared.oversight.notices.take(visit),
        text: clean(&filter.text),
        batch: filter
            .batch
            .as_ref()
            .map_or_else(String::new, |b| clean(&b.0)),
        standing: filter.standing.map_or("", standing_word),
        standings: STANDINGS,
        all: Choice {
            word: "",
            label: words.say("queue.all"),
            count: everything,
            chosen: filter.standing.is_none(),
            address: query.with("/queue", &[("standing", ""), ("page", "")]),
        },
        choices,
        batches,
        more_batches,
        lines: seen
            .jobs
            .records
            .iter()
            .map(|job| line(words, job))
            .collect(),
        found: words.count("queue.found", usize::try_from(total).unwrap_or(usize::MAX)),
        newer: (at > 1).then(|| to(at.saturating_sub(1))),
        older: (at.saturating_mul(shown) < total).then(|| to(at.saturating_add(1))),
        files: seen
            .files
            .map(|files| {
                files
                    .iter()
                    .map(|file| of_file(words, file, &zone))
                    .collect()
            })
            .map_err(|why| lines(&why.message)),
        is_filtered: *filter != JobFilter::default(),
    }
}

fn count_of(counts: &[(Standing, u64)], standing: Standing) -> u64 {
    let found = counts.iter().find(|(known, _)| *known == standing);
    found.map_or(0, |(_, count)| *count)
}

fn choices(
    words: &'static Words,
    query: &Query,
    filter: &JobFilter,
    jobs: &JobPage,
) -> Vec<Choice> {
    STANDINGS
        .into_iter()
        .map(|(standing, word, key)| Choice {
            word,
            label: words.say(key),
            count: count_of(&jobs.counts, standing),
            chosen: filter.standing == Some(standing),
            address: query.with("/queue", &[("standing", word), ("page", "")]),
        })
        .collect()
}

fn of_batch(query: &Query, batch: &BatchCount, zone: &TimeZone) -> Batch {
    Batch {
        name: clean(&batch.batch.0),
        admitted: moment::local(batch.admitted, zone),
        counts: STANDINGS
            .iter()
            .map(|(standing, ..)| count_of(&batch.counts, *standing))
            .collect(),
        address: query.with("/queue", &[("batch", &batch.batch.0), ("page", "")]),
    }
}

fn line(words: &'static Words, record: &JobRecord) -> Line {
    let request = &record.job.request;
    let serial = record.serial.as_ref().or(request.serial.as_ref());
    Line {
        id: record.job.id.0,
        envelope: record.job.envelope.to_string(),
        standing: standing_word(record.standing),
        standing_said: standing_said(words, record.standing),
        user: clean(&request.user),
        name: clean(request.name.as_deref().unwrap_or_default()),
        role: request.role.word(),
        serial: serial.map_or_else(String::new, |serial| clean(serial.as_str())),
        batch: clean(&record.job.batch.0),
        held: record
            .held
            .as_ref()
            .map_or_else(Vec::new, |held| wrong::fault(held, words)),
    }
}

fn of_file(words: &'static Words, file: &SetAside, zone: &TimeZone) -> File {
    File {
        place: clean(&file.place),
        fate: match file.fate {
            SetAsideFate::Rejected => words.say("queue.file.rejected"),
            SetAsideFate::Held => words.say("queue.file.held"),
            SetAsideFate::InPart => words.say("queue.file.in_part"),
        },
        at: moment::local(file.at, zone),
        reasons: lines(&file.reasons),
    }
}
