//! The manual page: the overall page, then the help of every command in full.

use std::io::{self, Write};

use clap::CommandFactory as _;

use crate::face::cli::Cli;
use crate::face::cli::examples::FIRST_STEPS;

/// Writes the manual page, in the format of man(7).
///
/// # Errors
/// Those of `to`.
pub fn man(to: &mut dyn Write) -> io::Result<()> {
    let mut root = Cli::command();
    root.build();
    let page = clap_mangen::Man::new(root.clone()).manual("keyline manual");
    page.render_title(to)?;
    page.render_name_section(to)?;
    page.render_synopsis_section(to)?;
    page.render_description_section(to)?;
    page.render_options_section(to)?;
    writeln!(to, ".SH NOTES")?;
    as_it_stands(FIRST_STEPS, to)?;
    writeln!(to, ".SH COMMANDS")?;
    for command in root.get_subcommands_mut() {
        section(command, "keyline", to)?;
    }
    page.render_version_section(to)?;
    to.flush()
}

fn section(command: &mut clap::Command, above: &str, to: &mut dyn Write) -> io::Result<()> {
    let name = format!("{above} {}", command.get_name());
    let help = command.render_long_help().to_string();
    writeln!(to, ".SS \"{name}\"")?;
    as_it_stands(&help, to)?;
    for inner in command.get_subcommands_mut() {
        section(inner, &name, to)?;
    }
    Ok(())
}

/// Line by line: filled, columns would run together.
fn as_it_stands(text: &str, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, ".nf")?;
    for line in text.trim_end().lines() {
        // A dot or an apostrophe at the start of a line would be an instruction.
        writeln!(to, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
    }
    writeln!(to, ".fi")
}
