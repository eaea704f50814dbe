//! `$batch`: the passkeys of many people in few calls. Each list stands for itself: one that is asked to wait is asked again
//! alone, and one that fails leaves the others as they are.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::domain::credential::RegisteredCredential;
use crate::domain::fault::Fault;

use super::super::answer::{self, Answer};
use super::super::fido2_methods;
use super::super::gate::UNSAID_WAIT;
use super::super::patience::{Patience, Replay};
use super::super::transport::{Call, Payload};
use super::super::{Entra, encoding};
use super::query::read;

/// Graph takes no more in one call.
const REQUESTS_MAX: usize = 20;
const SUBJECT: &str = "$batch";
/// Its name in the log.
const CALL: &str = "batch";

type List = Result<Vec<RegisteredCredential>, Fault>;

/// One answer inside the answer.
#[derive(Deserialize)]
struct Item {
    id: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    body: Value,
}

/// The lists of `users`, in their order.
pub(super) fn credentials(entra: &Entra, users: &[&str]) -> Result<Vec<List>, Fault> {
    let mut lists = Vec::with_capacity(users.len());
    for some in users.chunks(REQUESTS_MAX) {
        lists.extend(lists_of(entra, some)?);
    }
    Ok(lists)
}

fn lists_of(entra: &Entra, users: &[&str]) -> Result<Vec<List>, Fault> {
    let mut lists: BTreeMap<usize, List> = BTreeMap::new();
    let mut open = Vec::with_capacity(users.len());
    for (index, user) in users.iter().enumerate() {
        match encoding::path_segment(user) {
            Ok(_) => open.push(index),
            Err(fault) => drop(lists.insert(index, Err(fault))),
        }
    }
    let mut patience = Patience::default();
    while !open.is_empty() {
        let mut items = ask(entra, users, &open)?;
        let mut asked: Option<Duration> = None;
        let (mut again, mut throttled) = (Vec::new(), false);
        for index in open {
            let answer = items.remove(&index);
            if let Some(later) = answer.as_ref().filter(|answer| is_passing(answer.status)) {
                again.push(index);
                throttled |= later.status == 429;
                // The longest wish counts: all are asked again together.
                asked = asked.max(later.retry_after);
            }
            let user = users.get(index).copied().unwrap_or_default();
            lists.insert(index, list(entra, user, answer));
        }
        open = again;
        if open.is_empty() {
            break;
        }
        let wait = patience.next_wait(asked, rand::random());
        // Said inside an answer it is no less a wish: the other slots wait as well.
        let is_wish = throttled || asked.is_some();
        let wish = is_wish.then(|| wait.or(asked).unwrap_or(UNSAID_WAIT));
        let reason = "some of the lists were asked to wait, or failed";
        if !entra.graph.pause(CALL, wait, wish, reason)? {
            break;
        }
    }
    Ok(lists.into_values().collect())
}

/// Whether another try may go better. Looking is always safe.
const fn is_passing(status: u16) -> bool {
    status == 429 || status == 408 || status >= 500
}

/// Sends one call for the lists of `users` at `open`; the answers by place, in whatever order they came.
fn ask(entra: &Entra, users: &[&str], open: &[usize]) -> Result<BTreeMap<usize, Answer>, Fault> {
    let mut requests = Vec::with_capacity(open.len());
    for index in open {
        let user = encoding::path_segment(users.get(*index).copied().unwrap_or_default())?;
        requests.push(json!({
            "id": index.to_string(),
            "method": "GET",
            "url": format!("/users/{user}/authentication/fido2Methods"),
        }));
    }
    let body = json!({ "requests": requests });
    let mut url = entra.url(&[])?;
    // Its dollar sign stays as it is: it is part of the name.
    url.set_path(&format!("{}/$batch", url.path().trim_end_matches('/')));
    let call = Call {
        name: CALL,
        method: Method::POST,
        url,
        payload: Payload::Json(&body),
        replay: Replay::Safe,
    };
    #[derive(Deserialize)]
    struct Answers {
        responses: Vec<Item>,
    }
    let answer = entra.send(&call)?.accepted_thing()?;
    let answers = answer
        .read(|body| read::<Answers>(body, SUBJECT))?
        .responses;
    let placed = answers.into_iter().filter_map(|item| {
        let index = item.id.parse::<usize>().ok()?;
        Some((index, unpack(entra, item, &answer)))
    });
    Ok(placed.collect())
}

/// An answer of its own, as it would have come alone.
fn unpack(entra: &Entra, item: Item, whole: &Answer) -> Answer {
    let header = |wanted: &str| {
        let (_, value) = item
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        // Retry-After may as well be a number.
        Some(
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        )
    };
    let body = item.body.to_string().into_bytes();
    let request_id = header("request-id")
        .map(|id| answer::shown_id(&id))
        .or_else(|| answer::request_id(&body));
    Answer {
        status: item.status,
        request_id: request_id.unwrap_or_else(|| whole.request_id.clone()),
        from_graph: true,
        retry_after: header("retry-after")
            .and_then(|text| answer::retry_after(&text, entra.clock.now())),
        date: None,
        body: Zeroizing::new(body),
    }
}

fn list(entra: &Entra, user: &str, answer: Option<Answer>) -> List {
    let Some(answer) = answer else {
        return Err(Fault::AnswerUnusable {
            what: format!("{SUBJECT}: one of the requests has no answer"),
            request_id: String::new(),
        });
    };
    match answer.status {
        429 => Err(Fault::Throttled {
            seconds: answer.retry_after.unwrap_or(UNSAID_WAIT).as_secs().max(1),
        }),
        status if is_passing(status) => Err(answer.failed()),
        401 => Err(answer.refused_token()),
        _ => {
            let page = answer.accepted()?.read(fido2_methods::decode_page)?;
            // More than a page of passkeys is rare; such a list is asked for alone, with all its pages.
            match page.next {
                Some(_) => fido2_methods::list(entra, user),
                None => Ok(page.credentials),
            }
        }
    }
}
