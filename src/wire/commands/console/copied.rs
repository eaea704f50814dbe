//! `keyline console --ledger COPY`: the administrator's pages over a copy, until a signal comes. Never over a ledger that a station
//! works on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::adapter::ledger::SqliteLedger;
use crate::face::ask;
use crate::face::say::ExitCode;
use crate::face::say::console as words;
use crate::wire::commands::{Ended, pins};
use crate::wire::config::Config;
use crate::wire::console::copy;
use crate::wire::run;

/// Of this computer alone.
const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Serves the pages over the copy `file`.
pub(super) fn copied(config: &Path, file: &Path, listen: Option<SocketAddr>) -> Ended {
    if pins::own_behind(config, file).is_some() || SqliteLedger::is_in_use(file)? {
        return Err(words::no_copy(file));
    }
    let config = Config::load(config).ok();
    let wish = copy::Wish::at(listen.unwrap_or(FREE_PORT), config.as_ref());
    let console = copy::serve(file, &wish)?;
    ask::say(&words::copy(&console.link, &console.openings));
    run::until_signal()?;
    Ok(ExitCode::Done)
}
