//! The way out for answers. A reader that has seen enough (`keyline jobs list | head`) is no failure: what it no longer reads
//! is dropped, and the command ends as it would have. Every other error is the caller's.

use std::io::{self, ErrorKind, Write};

/// Writes to `to` until nobody reads it any more.
#[derive(Debug)]
pub struct Outlet<W> {
    to: W,
}

impl<W: Write> Outlet<W> {
    /// The way out to `to`.
    pub const fn new(to: W) -> Self {
        Self { to }
    }
}

impl<W: Write> Write for Outlet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.to.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
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
}
