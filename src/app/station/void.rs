//! Void letters that may still wait in the printer, while the station runs: the printer is asked at its start, after a letter has become
//! void, and again whenever it was away. Never in the loop itself, which waits for no network.

use std::sync::Arc;

use crate::app::board::News;
use crate::app::station::{Desk, Message};
use crate::app::void;
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::ControlNumber;

/// How it stands with them.
#[derive(Default)]
pub(super) struct VoidLetters {
    /// How many threads ask the printer now.
    asking: usize,
    /// It has to be asked once more.
    due: bool,
    /// It was told that something may still come out.
    told: bool,
}

impl VoidLetters {
    pub(super) const fn is_asking(&self) -> bool {
        self.asking > 0
    }

    /// A letter has become void.
    pub(super) const fn become_due(&mut self) {
        self.due = true;
    }
}

impl Desk {
    /// Has what still waits in the printer and is void cancelled, beginning with `first`, which has become void just now.
    pub(super) fn cancel_void_letters(&mut self, first: Option<(ControlNumber, Envelope)>) {
        if !self.ports.press.prints() || (first.is_none() && self.void_letters.is_asking()) {
            return;
        }
        self.void_letters.due = false;
        self.void_letters.asking = self.void_letters.asking.saturating_add(1);
        let ports = self.ports.clone();
        let to_loop = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let (ledger, press) = (Arc::clone(&ports.ledger), Arc::clone(&ports.press));
            let taken = first.map_or(Ok(()), |(control, envelope)| {
                press.take_back(&control, envelope)
            });
            let result = taken.and_then(|()| void::cancel_waiting(ledger.as_ref(), press.as_ref()));
            drop(to_loop.send(Message::VoidLettersAsked(result)));
        });
    }

    /// Asks once more where that is due.
    pub(super) fn look_after_void_letters(&mut self) {
        if self.void_letters.due && !self.stopping {
            self.cancel_void_letters(None);
        }
    }

    /// Tells once that something may still come out, and once that nothing does any more.
    pub(super) fn void_letters_asked(&mut self, result: Result<usize, Fault>) {
        let state = &mut self.void_letters;
        state.asking = state.asking.saturating_sub(1);
        match result {
            Ok(_) => {
                if std::mem::take(&mut state.told) {
                    self.board.announce(News::NothingVoidWaits);
                }
            }
            Err(fault) => {
                tracing::warn!(%fault, "the printer may still have a void letter");
                // What it refuses it refuses again; one that is away comes back.
                state.due |= matches!(fault, Fault::PrinterAway { .. });
                if !std::mem::replace(&mut state.told, true) {
                    self.board.announce(News::VoidMayPrint { fault });
                }
            }
        }
    }
}
