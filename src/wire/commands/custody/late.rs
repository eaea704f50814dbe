//! Answers of commands that still have something to do at Entra or at a key when they have been told: what cannot be written keeps
//! nothing from being done, and is complained of when all is. Never writes again after a failure: no part is missing in between.

use std::io::{self, Write};

use crate::wire::commands::{Ended, cannot_write};

/// Does `work`, whatever becomes of what it writes.
///
/// # Errors
/// What goes wrong with the work; if nothing does, that its answer could not be written.
pub(super) fn told(out: &mut dyn Write, work: impl FnOnce(&mut dyn Write) -> Ended) -> Ended {
    let mut late = Late { out, failed: None };
    let exit = work(&mut late)?;
    // What is kept back until now may fail as well.
    let flushed = late.out.flush();
    match late.failed.map_or(flushed, Err) {
        Ok(()) => Ok(exit),
        Err(error) => Err(cannot_write(&error)),
    }
}

struct Late<'a> {
    out: &'a mut dyn Write,
    failed: Option<io::Error>,
}

impl Write for Late<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_some() {
            return Ok(bytes.len());
        }
        match self.out.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.failed = Some(error);
                Ok(bytes.len())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::say::{Complaint, ExitCode};
    use crate::wire::commands::said;

    /// Takes nothing.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_work_is_done_and_the_complaint_comes_after_it() {
        let mut done = false;
        let ended = told(&mut Full, |out| {
            let _exit = said(out, "noted down\n")?;
            done = true;
            Ok(ExitCode::Done)
        });
        assert!(done);
        assert_eq!(ended.expect_err("a full disk").exit, ExitCode::Journal);
    }

    #[test]
    fn what_went_wrong_with_the_work_is_told_first() {
        let ended = told(&mut Full, |out| {
            let _exit = said(out, "noted down\n")?;
            Err(Complaint::usage("No such key.", "Type another."))
        });
        assert_eq!(ended.expect_err("no key").exit, ExitCode::Usage);
        let mut good = Vec::new();
        let ended = told(&mut good, |out| said(out, "noted down\n"));
        assert_eq!(ended.ok(), Some(ExitCode::Done));
        assert_eq!(good, b"noted down\n");
    }
}
