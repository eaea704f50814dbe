//! What came of a group that jobs were to be made of: its rows, who was left out and why, and the file. Writes no file.

use serde_json::{Value, json};

use crate::app::people::{LeftOut, Tally};
use crate::domain::person::{Group, Person};
use crate::face::report::people as report;
use crate::face::say::{ExitCode, people as say};
use crate::wire::commands::reply::Reply;

/// What came of a group.
pub(super) struct Drawn<'a> {
    pub(super) group: &'a Group,
    pub(super) tally: Tally,
    /// For scripts alone; people were shown them one by one.
    pub(super) rows: Vec<Value>,
    pub(super) left_out: Vec<(Person, LeftOut)>,
    pub(super) file: Option<String>,
}

impl Drawn<'_> {
    /// Says it, and how the command ends.
    pub(super) fn tell(self, dry_run: bool, reply: &mut Reply<'_>) -> ExitCode {
        let told = say::outcome(&self.tally, self.group, self.file.as_deref());
        reply.text(|to| {
            if dry_run {
                writeln!(to)?;
            }
            report::left_out(&self.left_out, to)
        });
        reply.line(&told);
        reply.fact("group", json!(self.group));
        reply.fact("dry_run", dry_run);
        reply.fact("file", self.file);
        reply.fact("members", self.tally.members);
        reply.fact("unjudged", self.tally.unjudged);
        reply.fact("rows", self.rows);
        reply.fact("left_out", report::left_out_facts(&self.left_out));
        reply.fact("message", told);
        let exits = self.left_out.iter().map(|(_, why)| say::exit(why));
        ExitCode::worst_of(exits)
    }
}
