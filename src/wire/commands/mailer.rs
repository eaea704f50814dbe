//! `keyline mailer …`: a letter is void and is made anew, is confirmed, spoiled, dispatched. Like every change of a job it reaches a
//! running station over its socket, and the ledger itself where none runs.

use std::io::Write;
use std::path::Path;

use crate::app::admin::Change;
use crate::face::cli::Mailer;
use crate::face::control::Ask;
use crate::wire::commands::{Ended, admin, trail};

pub(super) fn mailer(config: &Path, command: &Mailer, out: &mut dyn Write) -> Ended {
    let config = admin::load(config)?;
    match command {
        Mailer::Reissue { job, reason } => {
            let asked = Ask::Change {
                job: job.clone(),
                change: Change::Reissue {
                    reason: reason.clone(),
                },
                actor: admin::actor(),
            };
            admin::bring_about(&config, &asked, out)
        }
        Mailer::Confirm { codes, json } => trail::confirm(&config, codes, *json, out),
        Mailer::Spoil { job, reason } => trail::spoil(&config, job, reason, out),
        Mailer::Dispatch {
            batch,
            dry_run,
            json,
        } => trail::dispatch(&config, batch, *dry_run, *json, out),
    }
}
