//! The keyboard: bytes become lines, and on a terminal nothing is echoed but what the view shows. A touched key that types into it
//! shows nothing.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of one line; what is longer is no word of ours and is dropped.
const LINE_BYTES_MAX: usize = 512;
/// How long to wait for a byte before looking whether it is time to end.
const WAIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 150_000_000,
};

const ERASE: [u8; 2] = [0x08, 0x7f];
/// Ctrl-U and Ctrl-W: the line is begun anew.
const KILL: [u8; 2] = [0x15, 0x17];
const END: u8 = 0x04;

/// Turns echo and line editing of the terminal off, and on again when dropped.
pub(super) struct Quiet(Termios);

impl Quiet {
    /// `None` when stdin is no terminal, or does not let itself be changed.
    pub(super) fn new() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut quiet = before.clone();
        // Signals stay: Ctrl-C ends the station as everywhere.
        quiet
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Whatever was typed and not read is no answer to the shell either.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// What came of waiting for the keyboard.
pub(super) enum Heard {
    Bytes(Zeroizing<Vec<u8>>),
    Nothing,
    /// There is no keyboard, or no longer.
    End,
}

/// Waits a moment for bytes on stdin.
pub(super) fn listen() -> Heard {
    let stdin = io::stdin();
    let mut descriptors = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut descriptors, Some(&WAIT)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => return Heard::Nothing,
        Ok(_) => {}
        Err(_) => return Heard::End,
    }
    let mut buffer = Zeroizing::new(vec![0_u8; LINE_BYTES_MAX]);
    match rustix::io::read(&stdin, buffer.as_mut_slice()) {
        Ok(0) => Heard::End,
        Ok(length) => {
            buffer.truncate(length);
            Heard::Bytes(buffer)
        }
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Heard::Nothing,
        // A background job may not read the terminal; it runs on without a keyboard.
        Err(_) => Heard::End,
    }
}

/// Bytes that are not a whole line yet. Wiped when dropped: a PIN may be among them.
pub(super) struct Line {
    bytes: Zeroizing<Vec<u8>>,
    too_long: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            // Room for all of it at once: growing would leave copies behind that nobody wipes.
            bytes: Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX)),
            too_long: false,
        }
    }
}

impl Line {
    /// Takes bytes and gives back every line that they finish.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Zeroizing<String>> {
        let mut lines = Vec::new();
        for byte in bytes.iter().copied() {
            match byte {
                b'\n' | b'\r' => lines.extend(self.take()),
                byte if ERASE.contains(&byte) => self.erase(),
                byte if KILL.contains(&byte) => self.clear(),
                END => {}
                byte if self.bytes.len() < LINE_BYTES_MAX => {
                    self.bytes.push(byte);
                }
                _ => self.too_long = true,
            }
        }
        lines
    }

    /// What was typed so far, as text.
    pub(super) fn so_far(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.bytes).into_owned())
    }

    fn take(&mut self) -> Option<Zeroizing<String>> {
        let line = (!self.too_long)
            .then(|| str::from_utf8(&self.bytes).map(|text| Zeroizing::new(text.to_owned())))
            .and_then(Result::ok);
        self.clear();
        line
    }

    fn erase(&mut self) {
        // A character of more than one byte goes as a whole.
        while let Some(byte) = self.bytes.pop() {
            if byte & 0b1100_0000 != 0b1000_0000 {
                break;
            }
        }
    }

    fn clear(&mut self) {
        self.bytes.zeroize();
        self.too_long = false;
    }
}
