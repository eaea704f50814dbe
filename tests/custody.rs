//! The ledger in the hands of an administrator, by the real program: a backup while the line works, an audit, a second station, a
//! disk that takes nothing, a file that is damaged.

#[path = "custody/backup.rs"]
mod backup;
#[path = "custody/refusals.rs"]
mod refusals;
#[path = "support/small_disk.rs"]
mod small_disk;
#[path = "custody/station.rs"]
mod station;
