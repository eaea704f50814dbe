//! `keyline mailer …`: a letter is void and is made anew. Like every change of a job it reaches a running station over its
//! socket, and the ledger itself where none runs.

use std::io::Write;
use std::path::Path;

use crate::app::admin::Change;
use crate::face::cli::Mailer;
use crate::face::control::Ask;
use crate::wire::commands::{Ended, admin};

pub(super) fn mailer(config: &Path, command: &Mailer, out: &mut dyn Write) -> Ended {
    let Mailer::Reissue { job, reason } = command;
    let asked = Ask::Change {
        job: job.clone(),
        change: Change::Reissue {
            reason: reason.clone(),
        },
        actor: admin::actor(),
    };
    admin::bring_about(&admin::load(config)?, &asked, out)
}
