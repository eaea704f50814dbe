//! Void letters that may still wait in the printer, while the station runs: the printer is asked at its start, after a letter has become
//! void, and again whenever it was away. Never in the loop itself, which waits for no network.

use crate::app::Ports;
use crate::app::board::News;
use crate::app::station::{Desk, Message};
use crate::app::void;
use crate::app::void::at_large::{self, AtLarge, Untold};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::ControlNumber;
use crate::domain::time::Timestamp;
use crate::port::Ledger;

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
        if first.is_none() && self.void_letters.is_asking() {
            return;
        }
        self.void_letters.due = false;
        self.void_letters.asking = self.void_letters.asking.saturating_add(1);
        let (ports, actor) = (self.ports.clone(), self.options.actor.clone());
        let to_loop = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let result = ask(&ports, first, &actor);
            let untold = at_large::untold(ports.ledger.as_ref(), ports.press.as_ref());
            drop(to_loop.send(Message::VoidLettersAsked { result, untold }));
        });
    }

    /// Asks once more where that is due.
    pub(super) fn look_after_void_letters(&mut self) {
        if self.void_letters.due && !self.stopping {
            self.cancel_void_letters(None);
        }
    }

    /// Tells once that something may still come out, and once that nothing does any more.
    pub(super) fn void_letters_asked(
        &mut self,
        result: Result<usize, Fault>,
        untold: Result<Untold, Fault>,
    ) {
        let state = &mut self.void_letters;
        state.asking = state.asking.saturating_sub(1);
        let untold = untold.unwrap_or_else(|fault| {
            tracing::warn!(fault = %fault.brief(), "nobody knows of which void letters people were told");
            Untold::default()
        });
        match result {
            Ok(_) => {
                if std::mem::take(&mut state.told) {
                    self.board.announce(News::NothingVoidWaits);
                }
            }
            Err(fault) => {
                tracing::warn!(fault = %fault.brief(), "the printer may still have a void letter");
                // What it refuses it refuses again; one that is away comes back.
                state.due |= matches!(fault, Fault::PrinterAway { .. });
                if !state.told && !untold.here.is_empty() {
                    state.told = true;
                    self.board.announce(News::VoidMayPrint { fault });
                }
                if state.told {
                    self.note_all(&untold.here, AtLarge::note_told);
                }
            }
        }
        for letter in &untold.elsewhere {
            if let Some(astray) = letter.astray() {
                self.board.announce(News::VoidElsewhere {
                    envelope: letter.envelope.to_string(),
                    astray,
                });
            }
        }
        self.note_all(&untold.elsewhere, AtLarge::note_told_elsewhere);
    }

    /// Nobody is told of them at the next start. Where that cannot be written down, they are told once more then.
    fn note_all(
        &self,
        letters: &[AtLarge],
        note: impl Fn(&AtLarge, &dyn Ledger, &str, Timestamp) -> Result<(), Fault>,
    ) {
        let (ledger, now) = (self.ports.ledger.as_ref(), self.ports.clock.now());
        for letter in letters {
            if let Err(fault) = note(letter, ledger, &self.options.actor, now) {
                tracing::warn!(fault = %fault.brief(), "that a void letter was told of is not noted");
            }
        }
    }
}

/// Takes `first` back, and whatever else is void and waits. A press that does not print has nothing that would come out later.
fn ask(
    ports: &Ports,
    first: Option<(ControlNumber, Envelope)>,
    actor: &str,
) -> Result<usize, Fault> {
    let (ledger, press) = (ports.ledger.as_ref(), ports.press.as_ref());
    if !press.prints() {
        return Ok(0);
    }
    if let Some((control, envelope)) = first {
        press.take_back(&control, envelope)?;
    }
    void::cancel_waiting(ledger, press, actor, ports.clock.now())
}
