//! Simulated authenticators and the practice tenant. What is in here is practice, and says so.

pub mod authenticator;
pub mod metadata;
pub mod tenant;
