//! The administrator's pages: the queue and its jobs, the journal, the preflight, the log. What they need from outside comes as
//! [`Means`]; what they change goes through the same [`Ask`](crate::face::control::Ask) as a command's.
//!
//! No page in here touches a file, and a GET changes nothing.

pub mod audit;
pub mod job;
pub mod log;
pub mod notice;
pub mod pager;
pub mod preflight;
pub mod queue;
pub mod task;

use std::sync::Arc;

use crate::app::preflight::Row;
use crate::domain::mailbox::SetAside;
use crate::face::console::pins::Desk;
use crate::face::report::audit::{Audit, Damage};
use crate::face::say::Complaint;
use crate::port::browse::Browse;

use self::log::Tail;
use self::notice::Notices;
use self::task::{Progress, Task};

/// What a walk over the whole ledger found.
#[derive(Clone, Debug)]
pub enum Walked {
    Sound(Audit),
    Broken(Damage),
}

/// Walks over the whole ledger; tells how far it is.
pub type Walk = Arc<dyn Fn(&Progress) -> Result<Walked, Complaint> + Send + Sync>;
/// Looks at everything that a line needs.
pub type Examine = Arc<dyn Fn(&Progress) -> Result<Vec<Row>, Complaint> + Send + Sync>;

/// What these pages need from outside. Each may block.
#[derive(Clone)]
pub struct Means {
    /// The ledger by a way of its own: who looks through it never keeps the station waiting.
    pub browse: Arc<dyn Browse>,
    /// Files that were not taken as they were.
    pub set_aside: Arc<dyn Fn() -> Result<Vec<SetAside>, Complaint> + Send + Sync>,
    /// The end of the station's log.
    pub log: Arc<dyn Fn() -> Result<Tail, Complaint> + Send + Sync>,
    pub walk: Walk,
    pub examine: Examine,
    /// The sealed PINs, and whose pages these are.
    pub pins: Desk,
}

/// What these pages share: their means, and what is under way.
pub struct Oversight {
    pub means: Means,
    pub notices: Notices,
    pub walk: Task<Walked>,
    pub examine: Task<Vec<Row>>,
}

impl Oversight {
    /// Nothing is under way.
    pub fn new(means: Means) -> Self {
        Self {
            means,
            notices: Notices::default(),
            walk: Task::new("ledger walk"),
            examine: Task::new("preflight"),
        }
    }
}
