//! The bench of the console from outside: the stream of events over real HTTP, what its buttons do, and a real browser in which
//! cards are followed until their keys are done. The station is the ordinary one; keys and tenant are simulated.

#[path = "bench/browser.rs"]
mod browser;
#[path = "bench/driver.rs"]
mod driver;
#[path = "bench/hall.rs"]
mod hall;
#[path = "bench/http.rs"]
mod http;
#[path = "support/line.rs"]
mod line;
#[path = "bench/stream.rs"]
mod stream;
