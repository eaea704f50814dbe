//! Parse, carry out, exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use keyline::face::cli::{Parsed, parse, wants_json};
use keyline::face::outlet::Outlet;
use keyline::face::say;
use keyline::wire::commands::carry_out;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut out = Outlet::new(std::io::stdout().lock());
    let ended = match parse(&arguments) {
        Ok(Parsed::Text(text)) => match out.write_all(text.as_bytes()) {
            Ok(()) => Ok(say::ExitCode::Done),
            Err(error) => Err(say::cannot_write(&error)),
        },
        Ok(Parsed::Command(cli)) => carry_out(&cli, &mut out),
        Err(complaint) => Err(complaint),
    };
    let ended = out.end(ended, wants_json(&arguments));
    let exit = ended.unwrap_or_else(|complaint| {
        // Nobody is left to be told when stderr is gone.
        let _ = complaint.write(&mut std::io::stderr());
        complaint.exit
    });
    ExitCode::from(exit.number())
}
