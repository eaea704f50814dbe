//! What waits for a person's word beside the slots: letters that came out, or may have. One at a time is shown, the oldest, with
//! its two ways and what each means. Made from the board alone.

use crate::app::board::{Awaited, Unconfirmed, View};
use crate::app::station::offers::{self, Offer};
use crate::domain::job::JobId;
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
    /// One button says that it is good; otherwise its code is scanned, or its number typed.
    pub(super) is_by_button: bool,
    /// What the other button is for.
    pub(super) no: Offer,
}

/// The letters that wait, oldest job first.
pub(super) fn of(view: &View) -> Vec<Letter> {
    view.unconfirmed.iter().filter_map(letter).collect()
}

fn letter(one: &Unconfirmed) -> Option<Letter> {
    let Awaited::Letter { doubtful, .. } = &one.awaited else {
        // A bag is asked for at its slot.
        return None;
    };
    let offers = offers::of_letter(&one.awaited);
    let no = offers.iter().find(|offer| **offer != Offer::Good)?;
    let is_by_button = offers.contains(&Offer::Good);
    let says = match (doubtful, is_by_button) {
        (true, _) => "bench.letter.doubt",
        (false, true) => "bench.letter.look",
        (false, false) => "bench.letter.scan",
    };
    Some(Letter {
        job: one.case.job,
        number: format!("L-{}", clean(&one.case.envelope)),
        person: clean(&one.case.person),
        says: Text::plain(says),
        is_by_button,
        no: *no,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::board::Board;
    use crate::app::world::stage;
    use crate::domain::authenticator::Slot;
    use crate::domain::paper::{Bagging, Confirm};

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
            .map(|one| {
                (
                    one.number,
                    one.says.key().to_owned(),
                    one.is_by_button,
                    one.no,
                )
            })
            .collect();
        let row = |number: &str, key: &str, yes, no| (number.to_owned(), key.to_owned(), yes, no);
        assert_eq!(
            told,
            [
                row("L-0002", "bench.letter.scan", false, Offer::Spoiled),
                row("L-0003", "bench.letter.look", true, Offer::Spoiled),
                // One key says nothing of a sheet that nobody has found.
                row("L-0004", "bench.letter.doubt", false, Offer::Reissue),
            ]
        );
    }
}
