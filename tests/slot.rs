//! Which key is in the slot: the wrong one put back, two that were swapped, one that is somebody's, one that is late, one that
//! nobody touches; and firmware of both manners. The ordinary station, real firmware in the keys, and hands that err.

#[path = "slot/bench.rs"]
mod bench;
#[path = "slot/firmware.rs"]
mod firmware;
#[expect(dead_code, reason = "these tests need a part of the line")]
#[path = "weather/line.rs"]
mod line;
#[path = "slot/manner.rs"]
mod manner;
#[path = "slot/tries.rs"]
mod tries;
#[path = "slot/whose.rs"]
mod whose;
#[path = "slot/window.rs"]
mod window;
