//! The thread that listens for hints and looks at the folder. It claims nothing; it only wakes whoever does.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use super::room::{Room, identity};
use super::sight::Hint;
use super::{Shared, held};
use crate::domain::mailbox::MailboxFault;

/// Hints that come together are taken together, so that a busy writer does not cost a look per block.
const TOGETHER: Duration = Duration::from_millis(10);
/// However near the next file is, the folder is not looked at more often.
const PAUSE_MIN: Duration = Duration::from_millis(5);

/// What reaches the thread.
pub(super) enum Signal {
    Event(Event),
    /// The watcher itself reported trouble: what it said before may be incomplete.
    Trouble(notify::Error),
    Stop,
}

/// Starts the thread. When this returns the folder is being watched already.
pub(super) fn start(
    shared: Arc<Shared>,
    sender: Sender<Signal>,
    signals: Receiver<Signal>,
    wake: Box<dyn FnMut() -> bool + Send>,
) -> Result<(), MailboxFault> {
    // A folder that cannot be looked at is an error now, not a silence later.
    shared.look()?;
    let mut post = Post::new(shared, sender);
    post.keep_watching();
    let thread = std::thread::Builder::new().name("queue".to_owned());
    let place = post.folder.display().to_string();
    let spawned = thread.spawn(move || run(post, &signals, wake));
    spawned.map(drop).map_err(|error| MailboxFault::Failed {
        act: "start watching".to_owned(),
        place,
        what: error.to_string(),
    })
}

fn run(mut post: Post, signals: &Receiver<Signal>, mut wake: Box<dyn FnMut() -> bool + Send>) {
    loop {
        post.keep_watching();
        let rescan = post.shared.options.rescan;
        let pause = match post.shared.look() {
            Ok(look) => {
                if !look.ready.is_empty() && !wake() {
                    return;
                }
                look.next.map_or(rescan, |next| next.min(rescan))
            }
            // Whoever collects meets the same fault, and tells.
            Err(_) => {
                if !wake() {
                    return;
                }
                rescan
            }
        };
        match signals.recv_timeout(pause.max(PAUSE_MIN)) {
            Ok(signal) => {
                if !post.hear(signal) || !post.hear_more(signals) {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The post at the folder: the watcher, and which folder it really watches.
struct Post {
    shared: Arc<Shared>,
    sender: Sender<Signal>,
    folder: PathBuf,
    /// Device and inode: a watcher goes on following a folder that was renamed away.
    watched: Option<((u64, u64), Box<dyn Watcher + Send>)>,
    complained: bool,
}

impl Post {
    fn new(shared: Arc<Shared>, sender: Sender<Signal>) -> Self {
        let folder = shared.root.join(Room::New.name());
        Self {
            shared,
            sender,
            folder,
            watched: None,
            complained: false,
        }
    }

    /// Watches the folder that is there now, if it is another one than before.
    fn keep_watching(&mut self) {
        let now = identity(&self.folder);
        if now.is_some() && now == self.watched.as_ref().map(|(identity, _)| *identity) {
            return;
        }
        self.watched = None;
        let Some(identity) = now else { return };
        held(&self.shared.sights).forget_hints();
        match watcher(&self.folder, self.shared.options.poll, self.sender.clone()) {
            Ok(watcher) => {
                self.watched = Some((identity, watcher));
                self.complained = false;
            }
            Err(error) if !self.complained => {
                self.complained = true;
                tracing::warn!(
                    %error,
                    "no events from the queue; it is looked at every few seconds instead"
                );
            }
            Err(_) => {}
        }
    }

    /// Takes the hints that come together with the first. `false` when it is time to stop.
    fn hear_more(&mut self, signals: &Receiver<Signal>) -> bool {
        let until = Instant::now() + TOGETHER;
        while let Ok(signal) = signals.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            if !self.hear(signal) {
                return false;
            }
        }
        true
    }

    fn hear(&mut self, signal: Signal) -> bool {
        match signal {
            Signal::Stop => return false,
            Signal::Trouble(error) => {
                tracing::debug!(%error, "the watcher of the queue reported trouble");
                held(&self.shared.sights).forget_hints();
                self.watched = None;
            }
            Signal::Event(event) => {
                let mut sights = held(&self.shared.sights);
                // Before the paths, because an overflow comes with none.
                if event.need_rescan() {
                    sights.forget_hints();
                }
                // A poller sees that a file has changed, never that it is complete.
                if self.shared.options.poll.is_none()
                    && let Some((name, hint)) = hint(&event)
                {
                    sights.hint(name, hint, Instant::now());
                }
            }
        }
        true
    }
}

/// What an event says of which file.
fn hint(event: &Event) -> Option<(OsString, Hint)> {
    let (path, hint) = match event.kind {
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => (event.paths.first(), Hint::Arrived),
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => {
            (event.paths.get(1), Hint::Arrived)
        }
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
            (event.paths.first(), Hint::Closed)
        }
        EventKind::Modify(ModifyKind::Data(_)) => (event.paths.first(), Hint::Writing),
        EventKind::Any
        | EventKind::Access(_)
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => return None,
    };
    Some((path?.file_name()?.to_owned(), hint))
}

fn watcher(
    folder: &Path,
    poll: Option<Duration>,
    sender: Sender<Signal>,
) -> notify::Result<Box<dyn Watcher + Send>> {
    // Only hands on: a handler that takes its time makes the system drop events.
    let handler = move |event: notify::Result<Event>| {
        let signal = event.map_or_else(Signal::Trouble, Signal::Event);
        let _ = sender.send(signal);
    };
    let mut watcher: Box<dyn Watcher + Send> = match poll {
        None => Box::new(RecommendedWatcher::new(handler, Config::default())?),
        Some(interval) => {
            let config = Config::default().with_poll_interval(interval);
            Box::new(PollWatcher::new(handler, config)?)
        }
    };
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

#[cfg(test)]
mod tests;
