//! The bench: its stream of events and its buttons over real HTTP, and a real browser in which cards are followed until their keys
//! are done. The station is the ordinary one; keys and tenant are simulated.

mod browser;
pub(crate) mod driver;
mod hall;
mod http;
mod press;
mod stream;
