//! Parts of the sentences about faults: statuses and numbers. They say nothing by themselves.

use crate::domain::fault::CtapStatus;
use crate::face::say::news::count;

pub(super) fn status_words(status: CtapStatus) -> String {
    format!("status {status}")
}

pub(super) fn count_u64(number: u64, noun: &str) -> String {
    usize::try_from(number).map_or_else(|_| format!("{number} {noun}s"), |n| count(n, noun))
}
