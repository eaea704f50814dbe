//! What waits for a person's word beside the slots: letters that came out, or may have. One at a time is shown, the oldest, with
//! its two ways and what each means. Made from the board alone.

use crate::app::board::{Awaited, Unconfirmed, View};
use crate::domain::job::JobId;
use crate::domain::paper::Confirm;
use crate::face::console::bench::text::Text;
use crate::face::say::clean::clean;

/// A letter that somebody has to say a word to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) job: JobId,
    /// As lists call it: `L-0042`.
    pub(super) number: String,
    pub(super) person: String,
    pub(super) says: Text,
    pub(super) yes: Yes,
    /// What the other button is for, and what it means.
    pub(super) no: No,
}

/// How the letter is said to be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Yes {
    /// Its code is scanned, or its number typed.
    Scan,
    /// One button is enough.
    Button,
}

/// What is done when it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum No {
    /// It lies there and is torn or misprinted: it is void.
    Spoiled,
    /// Nobody finds it: the same key gets a new PIN and a new letter.
    Reissue,
}

impl No {
    /// Its word in forms and in the keys of its texts.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Spoiled => "spoiled",
            Self::Reissue => "reissue",
        }
    }
}

/// The letters that wait, oldest job first.
pub(super) fn of(view: &View) -> Vec<Letter> {
    view.unconfirmed.iter().filter_map(letter).collect()
}

fn letter(one: &Unconfirmed) -> Option<Letter> {
    let Awaited::Letter { by, doubtful, .. } = &one.awaited else {
        // A bag is asked for at its slot.
        return None;
    };
    let (says, yes) = match (by, doubtful) {
        (_, true) => ("bench.letter.doubt", Yes::Scan),
        (Confirm::Key, false) => ("bench.letter.look", Yes::Button),
        (Confirm::Scan | Confirm::Device, false) => ("bench.letter.scan", Yes::Scan),
    };
    Some(Letter {
        job: one.case.job,
        number: format!("L-{}", clean(&one.case.envelope)),
        person: clean(&one.case.person),
        says: Text::plain(says),
        yes,
        no: if *doubtful { No::Reissue } else { No::Spoiled },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::board::Board;
    use crate::app::world::stage;
    use crate::domain::authenticator::Slot;
    use crate::domain::paper::Bagging;

    #[test]
    fn each_letter_has_two_ways_and_a_bag_stands_at_its_slot() {
        let letter = |by, doubtful| Awaited::Letter {
            control: "12345678".to_owned(),
            by,
            doubtful,
        };
        let board = Board::default();
        let bag = Awaited::Bag {
            slot: Slot(1),
            by: Bagging::Scan,
        };
        let waiting = [
            bag,
            letter(Confirm::Scan, false),
            letter(Confirm::Key, false),
            letter(Confirm::Key, true),
        ];
        let waiting = (1..).zip(waiting);
        let waiting = waiting.map(|(job, awaited)| stage::unconfirmed(job, awaited));
        stage::await_words(&board, waiting.collect());
        let told: Vec<_> = of(&board.view())
            .into_iter()
            .map(|one| (one.number, one.says.key().to_owned(), one.yes, one.no))
            .collect();
        let row = |number: &str, key: &str, yes, no| (number.to_owned(), key.to_owned(), yes, no);
        assert_eq!(
            told,
            [
                row("L-0002", "bench.letter.scan", Yes::Scan, No::Spoiled),
                row("L-0003", "bench.letter.look", Yes::Button, No::Spoiled),
                // One key says nothing of a sheet that nobody has found.
                row("L-0004", "bench.letter.doubt", Yes::Scan, No::Reissue),
            ]
        );
    }
}
