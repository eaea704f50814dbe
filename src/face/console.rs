//! The console: pages for the operator at the bench and for the administrator, served to browsers on this computer, or under
//! TLS to others. It shows [`crate::app::board`] and sends the same requests as the command line; the station decides.
//!
//! It holds no state of its own but who is signed in. It never opens a PIN, and no page names anything outside this server.
//!
//! # Where things are
//! [`routes`] is the one table of what there is and who may; [`guard`] stands before all of it; [`visit`] is what a page knows
//! of whoever asks; [`page`] is the frame around every page.

pub mod admin;
pub mod assets;
pub mod bench;
mod choices;
mod door;
mod faults;
mod fields;
mod first;
mod gate;
mod guard;
mod hosts;
mod lock;
mod models;
pub mod office;
mod page;
mod people;
pub mod pins;
mod policies;
pub mod routes;
mod server;
pub mod session;
mod sessions;
mod sign_in;
mod visit;
pub mod words;
mod wrong;

pub use door::Patience;
pub use fields::Fields;
pub use first::FirstLink;
pub use gate::Gate;
pub use office::Office;
pub use page::{Shell, page};
pub use server::{Server, serve, serve_with};
pub use visit::Visit;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::app::board::Board;
use crate::app::station::Handle;
use crate::domain::authenticator::Slot;
use crate::domain::time::Timestamp;
use crate::face::console::admin::Oversight;
use crate::face::console::gate::Line;
use crate::face::console::session::{Limits, SessionId, Sessions};
use crate::face::control::{Answer, Ask};
use crate::port::{Accounts, Clock, Entropy, Ledger};

/// Asks whoever may write the ledger: the closure that answers the control socket as well.
pub type Answerer = Arc<dyn Fn(&Ask) -> Answer + Send + Sync>;

/// What the configuration says that pages need.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub secure: bool,
    /// Further names under which browsers may call it.
    pub hosts: Vec<String>,
    /// The language of whoever asks for none that there is.
    pub language: String,
    pub sounds: bool,
    pub limits: Limits,
    /// Which slots stand on which bench; a slot in none belongs to the bench without a name.
    pub benches: BTreeMap<String, Vec<Slot>>,
}

/// What all pages share.
pub struct Shared {
    pub settings: Settings,
    pub board: Arc<Board>,
    /// `None` where no station runs, and there is only something to look at.
    pub station: Option<Handle>,
    pub answer: Answerer,
    pub ledger: Arc<dyn Ledger>,
    pub accounts: Arc<dyn Accounts>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub sessions: Sessions,
    pub gate: Gate,
    pub first: FirstLink,
    /// What the pages of the bench share.
    pub bench: bench::Bench,
    /// What the administrator's pages need.
    pub oversight: Arc<Oversight>,
    /// `None` where no station runs: then the tenant is not asked.
    pub office: Option<Arc<Office>>,
}

impl Shared {
    /// The moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether an open window's session still lives and is not locked. `active`: keys are being worked on, which is a sign of
    /// life although nobody clicks. Whatever sends to a window for long asks this now and then.
    pub fn lives(&self, session: SessionId, active: bool) -> bool {
        self.sessions.lives(session, active, self.now())
    }

    /// Whether the account of an open window's session is still as it was when the session began. Otherwise the session is over.
    /// Whatever sends to a window for long asks this now and then.
    pub async fn stands(self: &Arc<Self>, session: SessionId) -> bool {
        match self.sessions.account(session) {
            Some(account) => guard::stands(self, session, account).await,
            None => false,
        }
    }

    /// Carries out what blocks, beside the threads that serve, in its turn: `line` says with what else. `None`: it panicked,
    /// which was reported there, or the station ends.
    async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        line: Line,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        let (shared, place) = (Arc::clone(self), self.gate.turn(line).await?);
        let worked = tokio::task::spawn_blocking(move || {
            let worked = work(&shared);
            // Whoever asked may have gone; the thread is taken until now.
            drop(place);
            worked
        });
        worked.await.ok()
    }
}
