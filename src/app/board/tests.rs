//! What the board keeps for faces.

use super::*;
use crate::app::world::stage::{case, finished_by};

#[test]
fn news_are_kept_for_faces_that_come_later_and_are_bounded() {
    let board = Board::default();
    for number in 0..(NEWS_KEPT_MAX + 5) {
        board.announce(News::Trouble {
            what: number.to_string(),
        });
    }
    // The terminal takes its own; the log stays.
    assert_eq!(board.take_news().len(), NEWS_KEPT_MAX + 5);
    let all = board.news_since(0);
    assert_eq!(all.len(), NEWS_KEPT_MAX);
    assert_eq!(all.first().map(|(number, _)| *number), Some(6));
    let last = all.last().map_or(0, |(number, _)| *number);
    assert_eq!(board.news_since(last), []);
    board.announce(News::NetworkBack);
    assert_eq!(board.news_since(last), [(last + 1, News::NetworkBack)]);
}

#[test]
fn a_touch_is_counted_from_its_first_blink() {
    let board = Board::default();
    board.set_slot(Slot(1), &SlotState::Reading, Some(case("Anna Lang")));
    let since = || board.view().slots[&Slot(1)].touch_since;
    board.set_touch(Slot(1), true);
    let first = since();
    assert!(first.is_some());
    board.set_touch(Slot(1), true);
    assert_eq!(since(), first, "a second keepalive is the same touch");
    board.set_touch(Slot(1), false);
    assert_eq!(since(), None);
}

#[test]
fn a_key_and_its_plan_leave_the_board_together() {
    let board = Board::default();
    let key = KeyInSlot {
        aaguid: Aaguid([1; 16]),
        model: "Practice Key".to_owned(),
        serial: Some("123".to_owned()),
        certification: None,
    };
    board.set_key(Slot(1), Some(key.clone()));
    board.set_plan(Slot(1), &[Step::Reset]);
    assert_eq!(board.view().keys.get(&Slot(1)), Some(&key));
    assert_eq!(board.view().plans.get(&Slot(1)), Some(&vec![Step::Reset]));
    board.set_key(Slot(1), None);
    assert!(board.view().keys.is_empty() && board.view().plans.is_empty());
}

#[test]
fn only_the_last_finishes_tell_the_pace() {
    let board = Board::default();
    for _ in 0..(FINISHES_MAX + 3) {
        board.add_finished(finished_by("Anna Lang"));
    }
    assert_eq!(board.view().finishes.len(), FINISHES_MAX);
}
