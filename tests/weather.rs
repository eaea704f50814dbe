//! The line in bad weather: a tenant that throttles, fails, lags, drops connections, is slow, has the wrong time, or is not
//! there. No key is wiped without need, the slots say what they wait for, work resumes by itself, and in the end every
//! person has exactly one credential, which is on their key.

#[path = "weather/disk.rs"]
mod disk;
#[path = "weather/duties.rs"]
mod duties;
#[path = "weather/keys.rs"]
mod keys;
#[path = "weather/line.rs"]
mod line;
#[path = "weather/outage.rs"]
mod outage;
#[path = "weather/people.rs"]
mod people;
#[path = "weather/reissue.rs"]
mod reissue;
#[path = "weather/reply.rs"]
mod reply;
#[path = "weather/restart.rs"]
mod restart;
#[path = "support/small_disk.rs"]
#[expect(
    dead_code,
    reason = "the weather needs a full disk, not a read-only one"
)]
mod small_disk;
#[path = "weather/stop.rs"]
mod stop;
#[path = "weather/storm.rs"]
mod storm;
#[path = "weather/tricks.rs"]
mod tricks;
