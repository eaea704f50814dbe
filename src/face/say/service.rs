//! One sentence for a service manager, which shows it beside the station's name. No person is named in it: other users of the
//! computer can read it.

use crate::app::board::Counts;
use crate::face::say::news::count;

/// How the work stands.
pub fn standing(counts: Counts) -> String {
    let Counts {
        waiting,
        under_way,
        held,
        done,
    } = counts;
    if (waiting, under_way, held) == (0, 0, 0) {
        return format!("No job waits; {} done since the start.", count(done, "job"));
    }
    format!(
        "{} waiting, {under_way} under way, {held} held; {done} done since the start.",
        count(waiting, "job")
    )
}

/// The station was told to end.
pub fn stopping(counts: Counts) -> String {
    match counts.under_way {
        0 => "Ending.".to_owned(),
        under_way => format!(
            "Ending: the steps in hand are finished first; {} under way.",
            count(under_way, "job")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_counts_what_somebody_may_have_to_see_to() {
        let counts = Counts {
            waiting: 1,
            under_way: 0,
            held: 2,
            done: 7,
        };
        assert_eq!(
            standing(counts),
            "1 job waiting, 0 under way, 2 held; 7 done since the start."
        );
        assert_eq!(
            standing(Counts::default()),
            "No job waits; 0 jobs done since the start."
        );
        assert_eq!(stopping(counts), "Ending.");
    }
}
