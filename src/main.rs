//! Parse, carry out, exit code.

use std::io::Write;
use std::process::ExitCode;

use keyline::face::cli::{Parsed, parse};
use keyline::face::outlet::Outlet;
use keyline::wire::commands::carry_out;

fn main() -> ExitCode {
    let mut out = Outlet::new(std::io::stdout().lock());
    let ended = match parse(std::env::args_os()) {
        Ok(Parsed::Text(text)) => {
            // Nobody is left to be told when stdout is gone.
            let _ = out.write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Ok(Parsed::Command(cli)) => carry_out(&cli, &mut out),
        Err(complaint) => Err(complaint),
    };
    let exit = ended.unwrap_or_else(|complaint| {
        // Nobody is left to be told when stderr is gone.
        let _ = complaint.write(&mut std::io::stderr());
        complaint.exit
    });
    ExitCode::from(exit.number())
}
