//! A printer or a queue of a print server, as it describes itself, and what about it should be changed before PINs go there.
//! Data alone: who asks is elsewhere, and the sentences are in `face/say`.

use serde::Serialize;

/// `printer-state` (RFC 8011 §5.4.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    Idle,
    Processing,
    Stopped,
    /// It does not say, or says something that no standard knows.
    Unclear,
}

/// What a printer says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrinterDescription {
    pub name: String,
    /// Without user and password.
    pub uri: String,
    pub make_and_model: Option<String>,
    /// Whether the configuration names this one for letters.
    pub configured: bool,
    pub activity: Activity,
    /// `printer-state-reasons`, as the printer spells them; without `none`.
    pub reasons: Vec<String>,
    pub accepts_jobs: bool,
    pub takes_pdf: bool,
    pub media_default: Option<String>,
    /// What lies in its trays, where it knows.
    pub media_ready: Vec<String>,
    /// How many sizes it names.
    pub media_count: usize,
    pub trays: Vec<String>,
    /// `None`: it does not say.
    pub colour: Option<bool>,
    /// `None`: it does not say.
    pub duplex: Option<bool>,
    /// What a print server does when a job fails (CUPS' `printer-error-policy`).
    pub error_policy: Option<String>,
    pub concerns: Vec<Concern>,
}

/// What an administrator should change, or look at, before letters with PINs are printed there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "concern")]
pub enum Concern {
    /// The paper of letters does not lie in the printer, or not in their tray.
    NotLoaded {
        media: String,
        tray: Option<String>,
        /// What it says lies there.
        ready: Vec<String>,
    },
    /// What a failed job does: it is printed again, by itself or as soon as the queue is started again.
    PrintsAgain { queue: String, policy: String },
    /// The print server keeps each file for this long after it was printed.
    KeepsFiles { setting: String },
    /// The print server forgets a job as soon as it is done, so nobody can ask what became of it.
    ForgetsJobs { setting: String },
    /// So few jobs fit into the print server that a letter may be refused.
    FewJobs { jobs_max: u32 },
    /// The settings of the print server cannot be read from here.
    Unread { what: String },
    /// Letters go over the network in clear.
    Unencrypted { host: String },
    /// A sheet may be scaled, because the printer does not know how not to.
    MayScale,
}
