//! Who asks for options while Entra may refuse everybody.

use super::*;

/// While everybody may be refused one job asks, whoever was refused last asks last, and the first who is not lets all ask.
#[test]
fn whoever_was_refused_lets_the_others_ask_first() {
    let mut hall = Hall::new(Vec::new());
    let last = i64::try_from(PREPARED_MIN).unwrap() + 2;
    hall.tell(Signal::Jobs((1..=last).map(candidate).collect()));
    let user = |number: i64| candidate(number).user.to_ascii_uppercase();
    let mut refused: Vec<String> = Vec::new();
    let refuse = |hall: &mut Hall, refused: &mut Vec<String>, number: i64| {
        refused.retain(|one| *one != user(number));
        refused.push(user(number));
        hall.tell(Signal::Unprepared {
            job: JobId(number),
            fault: Fault::NotPermitted {
                why: String::new(),
                refused: refused.clone(),
            },
        })
    };
    for number in 1..=last - 2 {
        let orders = refuse(&mut hall, &mut refused, number);
        assert!(!orders.contains(&Order::Prepare { job: JobId(last) }));
    }
    // The one behind them was ordered above already: its answer is that the last one asks, and then the one who was refused longest ago.
    assert_eq!(hall.tell(Signal::Tick), []);
    let orders = refuse(&mut hall, &mut refused, last - 1);
    assert_eq!(orders, [Order::Prepare { job: JobId(last) }]);
    for number in [1, 2] {
        let before = if number == 1 { last } else { number - 1 };
        let orders = refuse(&mut hall, &mut refused, before);
        let job = JobId(number);
        assert_eq!(orders, [Order::Prepare { job }]);
    }
    let opened = hall.tell(Signal::Prepared { job: JobId(2) });
    assert_eq!(opened.len(), PREPARED_MIN - 1, "{opened:?}");
    assert!(opened.contains(&Order::Prepare { job: JobId(1) }));
}

/// Where nobody is named, such as under a policy that is closed, it is not the head of the line that asks again and again.
#[test]
fn where_nobody_is_named_they_ask_one_after_another() {
    let mut hall = Hall::new(Vec::new());
    let last = i64::try_from(PREPARED_MIN).unwrap() + 1;
    hall.tell(Signal::Jobs((1..=last).map(candidate).collect()));
    let mut orders = Vec::new();
    for number in 1..last {
        orders = hall.tell(Signal::Unprepared {
            job: JobId(number),
            fault: Fault::NotPermitted {
                why: String::new(),
                refused: Vec::new(),
            },
        });
    }
    assert_eq!(orders, [Order::Prepare { job: JobId(last) }]);
    let opened = hall.tell(Signal::Prepared { job: JobId(last) });
    assert!(opened.contains(&Order::Prepare { job: JobId(1) }));
}
