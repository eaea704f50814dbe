//! The way out for answers. A reader that has seen enough (`keyline jobs list | head`) is no failure: what it no longer reads
//! is dropped, and the command ends as it would have. Every other error is the caller's. A script that asked for JSON is given
//! some, whatever becomes of the command.

use std::io::{self, ErrorKind, Write};

use crate::face::report;
use crate::face::say::{Complaint, ExitCode, cannot_write};

/// Writes to `to` until nobody reads it any more.
#[derive(Debug)]
pub struct Outlet<W> {
    to: W,
    /// Somebody answered.
    begun: bool,
}

impl<W: Write> Outlet<W> {
    /// The way out to `to`.
    pub const fn new(to: W) -> Self {
        Self { to, begun: false }
    }
}

impl<W: Write> Outlet<W> {
    /// Ends the answer of a command: one that failed before it answered tells a script why, and what was kept back goes out.
    ///
    /// # Errors
    /// What went wrong with the command; if nothing did, that its answer could not be written.
    pub fn end(
        &mut self,
        ended: Result<ExitCode, Complaint>,
        json: bool,
    ) -> Result<ExitCode, Complaint> {
        let told = match &ended {
            Err(complaint) if json && !self.begun => report::failed(complaint, self),
            Ok(_) | Err(_) => Ok(()),
        };
        let written = told.and_then(|()| self.flush());
        let exit = ended?;
        written.map_err(|error| cannot_write(&error))?;
        Ok(exit)
    }
}

impl<W: Write> Write for Outlet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.to.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => {
                self.begun |= other.is_ok();
                other
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.to.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails every time.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_reader_that_is_gone_is_no_failure_and_a_full_disk_is_one() {
        let mut gone = Outlet::new(Broken(ErrorKind::BrokenPipe));
        assert!(gone.write_all(b"a row").is_ok() && gone.flush().is_ok());
        let mut full = Outlet::new(Broken(ErrorKind::StorageFull));
        assert!(full.write_all(b"a row").is_err() && full.flush().is_err());
    }

    fn complaint() -> Complaint {
        Complaint::usage("No such key.", "Type another.")
    }

    #[test]
    fn a_failure_is_told_to_a_script_unless_it_has_its_answer() {
        let told = |before: &[u8], ended, json| {
            let mut text = Vec::new();
            let mut outlet = Outlet::new(&mut text);
            outlet.write_all(before).expect("room");
            let ended = outlet.end(ended, json);
            (ended, String::from_utf8(text).expect("text"))
        };
        let (ended, text) = told(b"", Err(complaint()), true);
        assert_eq!(ended, Err(complaint()));
        let value: serde_json::Value = serde_json::from_str(&text).expect("one value");
        assert_eq!(value["error"]["message"], "No such key.");
        assert_eq!(value["error"]["hint"], "Type another.");
        assert_eq!(value["error"]["exit_code"], 2);
        assert_eq!(told(b"{}", Err(complaint()), true).1, "{}");
        assert_eq!(told(b"", Err(complaint()), false).1, "");
        assert_eq!(told(b"", Ok(ExitCode::Done), true).1, "");
    }

    #[test]
    fn what_went_wrong_first_counts_and_then_that_nothing_was_written() {
        let full = || Outlet::new(Broken(ErrorKind::StorageFull));
        assert_eq!(full().end(Err(complaint()), true), Err(complaint()));
        let ended = full().end(Ok(ExitCode::Waiting), false);
        assert_eq!(ended.expect_err("no room").exit, ExitCode::Journal);
        let mut gone = Outlet::new(Broken(ErrorKind::BrokenPipe));
        assert_eq!(gone.end(Ok(ExitCode::Waiting), true), Ok(ExitCode::Waiting));
        assert_eq!(gone.end(Err(complaint()), true), Err(complaint()));
    }
}
