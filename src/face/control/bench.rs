//! What the bench of a running station offers, asked of its loop and told in words. Nothing is looked up by what somebody typed: the
//! job is named by its number, and the loop knows whether its card offers that.

use std::sync::Arc;

use crate::app::station::Handle;
use crate::app::station::offers::{AtBench, Offered};
use crate::domain::job::JobId;
use crate::face::control::trail::told;
use crate::face::control::{Answer, Told, ended, void};
use crate::face::report::name;
use crate::face::say::{self, Complaint, ExitCode};
use crate::port::{JobRecord, Ledger, Press};

/// Has the station do it.
pub(super) fn done(
    ledger: &dyn Ledger,
    station: &Handle,
    press: &Arc<dyn Press>,
    offered: &Offered,
    actor: &str,
) -> Result<Answer, Complaint> {
    let came = station.at_bench(*offered, actor.to_owned());
    let record = record(ledger, offered.job)?;
    match came.ok_or_else(ended)? {
        AtBench::Changed(Ok(changed)) => {
            let press = || Ok(Arc::clone(press));
            let told: Told = void::told(ledger, changed, &record, &press);
            Ok(Ok::<_, Complaint>(told).into())
        }
        AtBench::Changed(Err(why)) => Err(say::admin::refused(&why, &name(&record))),
        AtBench::Acted(Ok(acted)) => Ok(told(&acted, None)),
        AtBench::Acted(Err(why)) => Err(say::trail::refused(&why, Some(&record))),
    }
}

/// No station runs, so nobody stands at a bench.
pub(super) fn nobody_works() -> Complaint {
    Complaint::new(
        ExitCode::Refused,
        "No station is running, so there is no bench, and nothing was changed.",
        "`keyline run` starts one.",
    )
}

fn record(ledger: &dyn Ledger, job: JobId) -> Result<JobRecord, Complaint> {
    // A job that is not there stands on no card.
    ledger.job(job)?.ok_or_else(say::admin::not_offered)
}
