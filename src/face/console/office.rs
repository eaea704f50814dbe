//! What the administrator's pages ask for beyond board and ledger: the tenant, the policies, the queue, what is known of models.
//! The pages see it through these alone; who stands behind them is the wire's.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use tokio::sync::Semaphore;
use url::form_urlencoded;

use super::Shared;
use super::gate::UploadPlace;
use super::visit::Visit;
use super::wrong::Wrong;
use crate::app::Policies;
use crate::app::people::{Patience, Reader};
use crate::domain::authenticator::Aaguid;
use crate::domain::job::proposal::Proposal;
use crate::domain::job::row::{BadRow, Rules};
use crate::domain::job::sheet::Unit;
use crate::domain::person::Group;
use crate::face::control::{Answer, Ask};
use crate::face::say::{Complaint, ExitCode};
use crate::port::{CancelFlag, Clock, Directory, Keeping, Models, RelyingParty};

/// Calls to the tenant that pages wait for at a time. The others wait in line, and leave threads to those who only look.
const CALLS_AT_A_TIME: usize = 4;

/// What became of a job file that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It lies in the queue under this name.
    Put { name: String, rows: usize },
    /// Nothing was put anywhere.
    Bad { unit: Unit, rows: Vec<BadRow> },
}

/// Writes down durably that a job file is about to be put into the queue. What cannot be written down is not put there.
pub type Note<'a> = &'a dyn Fn(Keeping) -> Result<(), Complaint>;

/// The station's queue, as somebody at a page reaches it.
pub trait Inbox: Send + Sync {
    /// Checks a job file as the intake does, and puts it into the queue where nothing is wrong. What it says never has a PIN
    /// in it.
    ///
    /// # Errors
    /// When it cannot be checked, noted or put.
    fn offer(&self, name: &str, bytes: &[u8], note: Note<'_>) -> Result<Offered, Complaint>;

    /// Puts these rows into the queue as one file. `group`: the one that they are of, for the batch's name.
    ///
    /// # Errors
    /// When it cannot be noted or put.
    fn put(
        &self,
        group: Option<&Group>,
        rows: &[Proposal],
        note: Note<'_>,
    ) -> Result<String, Complaint>;
}

/// A file of metadata that is here now.
pub struct TakenIn {
    /// Sentences about it.
    pub lines: Vec<String>,
    /// Its number, for the ledger: no older file is taken in after it.
    pub keeping: Keeping,
}

/// What of the metadata is more than [`Models`] shows.
pub trait Library: Send + Sync {
    /// Takes in a file of the FIDO Metadata Service: sentences about what is here now.
    ///
    /// # Errors
    /// In words; what was here before counts on then.
    fn import(&self, file: &[u8]) -> Result<TakenIn, Complaint>;

    /// The vendor's logo, a data URL that nobody has looked into.
    ///
    /// # Errors
    /// When the metadata cannot be read.
    fn logo(&self, model: Aaguid) -> Result<Option<String>, Complaint>;
}

/// One setting in force. Never a secret: where it is, at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Empty in a policy.
    pub section: String,
    pub name: String,
    pub value: String,
    /// Whether the file says so; otherwise it is the default.
    pub of_file: bool,
}

/// A file of settings, as the station read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub file: String,
    pub settings: Vec<Setting>,
}

/// All of it.
pub struct Office {
    pub directory: Arc<dyn Directory>,
    pub tenant: Arc<dyn RelyingParty>,
    pub models: Arc<dyn Models>,
    pub policies: Arc<Policies>,
    /// What rows are checked against.
    pub rules: Rules,
    pub inbox: Arc<dyn Inbox>,
    pub library: Arc<dyn Library>,
    /// `station.toml`.
    pub station: Sheet,
    /// The policies' files, by policy.
    pub sheets: BTreeMap<String, Sheet>,
    /// Ends waits for the tenant.
    pub cancel: CancelFlag,
    pub calls: Calls,
}

/// Places for calls to the tenant.
pub struct Calls(Arc<Semaphore>);

impl Default for Calls {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CALLS_AT_A_TIME)))
    }
}

/// A file that somebody hands over, whole, and its place in memory, which is kept until the file has been looked at, also where
/// the browser has gone.
pub(super) struct Upload {
    pub(super) bytes: Bytes,
    /// None for a file that is no larger than an ordinary form.
    pub(super) place: Option<UploadPlace>,
}

/// Takes in a file. Whoever sends more than `bytes_max` is told so. The guard has waited for it, and has given it its time and
/// its place.
pub(super) async fn upload(
    visit: &Visit,
    request: Request,
    bytes_max: usize,
) -> Result<Upload, Box<Response>> {
    let (mut parts, body) = request.into_parts();
    let place = parts.extensions.remove();
    match to_bytes(body, bytes_max).await {
        Ok(bytes) => Ok(Upload { bytes, place }),
        Err(_) => {
            let text = visit.words.say("refusal.too_large");
            Err(Box::new(visit.refuse(StatusCode::PAYLOAD_TOO_LARGE, text)))
        }
    }
}

impl Office {
    /// The directory, read for a page. A service that asks for patience is not waited for: whoever looks is told at once, and no
    /// place for another's call is kept busy.
    pub(super) fn reader<'a>(&'a self, clock: &'a dyn Clock) -> Reader<'a> {
        self.patient(clock, Patience::NONE)
    }

    /// The directory, read for something that is of no use by halves.
    pub(super) fn patient<'a>(&'a self, clock: &'a dyn Clock, patience: Patience) -> Reader<'a> {
        Reader {
            directory: self.directory.as_ref(),
            patience,
            clock,
            cancel: &self.cancel,
        }
    }
}

/// Does something slow with the office, beside the threads that serve.
pub(super) async fn ask<T: Send + 'static>(
    visit: &Visit,
    work: impl FnOnce(&Shared, &Office) -> Result<T, Wrong> + Send + 'static,
) -> Result<T, Wrong> {
    let Some(office) = visit.shared.office.clone() else {
        return Err(closed().into());
    };
    let Ok(place) = Arc::clone(&office.calls.0).acquire_owned().await else {
        return Err(closed().into());
    };
    let at_work = Arc::clone(&office);
    let done = visit.apart(move |shared| {
        // A browser that goes away ends no call: its place is kept for as long as the call lasts.
        let _place = place;
        work(shared, &at_work)
    });
    done.await.unwrap_or_else(|| {
        Err(Complaint::new(
            ExitCode::Bug,
            "Something is wrong inside the station.",
            "Its log says what.",
        )
        .into())
    })
}

/// The office, where there is one.
pub(super) fn office(visit: &Visit) -> Result<Arc<Office>, Box<Response>> {
    visit.shared.office.clone().ok_or_else(|| {
        let text = visit.words.say("refusal.no_office");
        Box::new(visit.refuse(StatusCode::SERVICE_UNAVAILABLE, text))
    })
}

fn closed() -> Complaint {
    Complaint::new(
        ExitCode::Waiting,
        "No station runs behind this console, so the tenant cannot be asked.",
        "Open the console of the station itself.",
    )
}

/// All values of a parameter in the query, in their order.
pub(super) fn values(uri: &Uri, name: &str) -> Vec<String> {
    let query = uri.query().unwrap_or_default().as_bytes();
    form_urlencoded::parse(query)
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// Has it written down, by whoever may write the ledger, who puts a job file into the queue.
pub(super) fn note_queued(shared: &Shared, actor: &str, keeping: Keeping) -> Result<(), Complaint> {
    let actor = actor.to_owned();
    let complaint = match (shared.answer)(&Ask::Keep { keeping, actor }) {
        Answer::Kept { .. } => return Ok(()),
        other @ (Answer::Done { .. }
        | Answer::Acted { .. }
        | Answer::Part { .. }
        | Answer::Refused { .. }) => other.into_result().err(),
    };
    let (exit, why, hint) = complaint.map_or_else(
        || {
            (
                ExitCode::Bug,
                String::new(),
                "The station's log says why.".to_owned(),
            )
        },
        |complaint| (complaint.exit, complaint.message, complaint.hint),
    );
    let message = format!(
        "Nothing was put into the queue, because the station could not write down who did it. {why}"
    );
    Err(Complaint::new(exit, message.trim_end(), hint))
}

/// As a part of a query.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
