//! `keyline mailer …`: a letter is void and is made anew, is confirmed, spoiled, dispatched. Like every change of a job it reaches a
//! running station over its socket, and the ledger itself where none runs.

use std::io::Write;
use std::path::Path;

use crate::app::admin::Change;
use crate::face::cli::Mailer;
use crate::face::control::Ask;
use crate::wire::commands::{Ended, admin, specimen, trail};

pub(super) fn mailer(config: &Path, command: &Mailer, out: &mut dyn Write) -> Ended {
    match command {
        Mailer::Reissue { job, reason, json } => {
            let asked = Ask::Change {
                job: job.clone(),
                change: Change::Reissue {
                    reason: reason.clone(),
                },
                actor: admin::actor(),
            };
            admin::bring_about(&admin::load(config)?, &asked, *json, out)
        }
        Mailer::Confirm { codes, json } => trail::confirm(&admin::load(config)?, codes, *json, out),
        Mailer::Spoil { job, reason, json } => {
            trail::spoil(&admin::load(config)?, job, reason, *json, out)
        }
        Mailer::Dispatch {
            batch,
            dry_run,
            json,
        } => trail::dispatch(&admin::load(config)?, batch, *dry_run, *json, out),
        // The others look at templates alone, and need no station.
        Mailer::Preview {
            profile,
            lang,
            kind,
            name,
            output,
            force,
        } => {
            let wish = specimen::Wish {
                profile,
                language: lang.as_deref(),
                kind: *kind,
                name,
            };
            specimen::preview(config, &wish, &to(output, *force), out)
        }
        Mailer::Calibrate {
            profile,
            output,
            force,
        } => specimen::calibrate(config, profile, &to(output, *force), out),
        Mailer::Check { json } => specimen::check(config, *json, out),
    }
}

const fn to(path: &Path, force: bool) -> specimen::Output<'_> {
    specimen::Output { path, force }
}
