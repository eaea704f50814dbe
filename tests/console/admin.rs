//! The administrator's pages over real HTTP, with a ledger that has jobs in every standing.

mod audit;
mod browser;
mod desk;
mod looks;
mod queue;
