//! Lines about what happened around the slots: files, network, shifts.

use crate::app::board::{Case, News, Standstill};
use crate::app::provisions::REFUSED_HELD;
use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::paper::Confirm;
use crate::face::say::admin::waits_elsewhere;
use crate::face::say::clean::clean;
use crate::face::say::{fault, notice, preflight, stock};

/// So many people who were refused are named.
const NAMED_MAX: usize = 3;

/// One line, in words.
pub fn line(news: &News) -> String {
    match news {
        News::Ready {
            waiting: 0,
            under_way: 0,
        } => {
            "The station is ready. No job waits: drop a job file into the queue, then insert a key."
                .to_owned()
        }
        News::Ready { waiting, under_way } => ready(*waiting, *under_way),
        News::Admitted { file, jobs } => {
            format!("{} was taken: {}.", clean(file), count(*jobs, "job"))
        }
        News::Rejected { file, reasons } => format!(
            "{} was rejected: {} to mend. {} listed beside it, in rejected/.",
            clean(file),
            count(*reasons, "thing"),
            if *reasons == 1 { "It is" } else { "They are" }
        ),
        News::FileHeld { file, why } => {
            format!("{} waits in hold/: {}", clean(file), sentence(why))
        }
        News::Network { fault } => network(fault),
        News::NetworkBack => "The way to Entra is open again. Work goes on.".to_owned(),
        News::Actor { actor } => format!("At the bench now: {}.", clean(actor)),
        News::TestSettled { user, deleted } => preflight::left_settled(user, *deleted),
        News::Trouble { what } => format!("Trouble: {}", sentence(what)),
        News::LetterOut { envelope, by } => letter_out(&clean(envelope), *by),
        News::Printer(Standstill::WaitsFor(what)) => format!(
            "The printer waits for {} Letters wait with it; keys go on.",
            sentence(what)
        ),
        News::Printer(Standstill::Away(what)) => format!(
            "The printer is away: {} Letters wait for it; keys go on.",
            sentence(what)
        ),
        News::PrinterBack => "The printer goes on.".to_owned(),
        News::VoidMayPrint { fault } => void_may_print(fault),
        News::VoidElsewhere { envelope, astray } => {
            let letter = format!("The void letter L-{}", clean(envelope));
            waits_elsewhere(&letter, astray)
        }
        News::NothingVoidWaits => "No void letter waits in the printer any more.".to_owned(),
        News::Disabled { jobs } => notice::disabled(*jobs),
        News::Enabled { case } => format!(
            "The account of {} is enabled again. Envelope {} goes on.",
            clean(&case.person),
            clean(&case.envelope)
        ),
        News::Notice(notice) => notice::line(notice),
        News::Held { case, fault, why } => held(case, fault, why.as_deref()),
        News::KeyUnlisted { slot, serial } => stock::unlisted(*slot, serial),
        News::KeyWithoutSerial { slot } => stock::without_serial(*slot),
        News::FewSpares { spare, waiting } => stock::few(*spare, *waiting),
        News::Paused { actor, paused } => pause(&by(actor), *paused),
        News::Help { slot, actor } => format!("{} calls for help at {}.", by(actor), at(*slot)),
        News::HelpCame { slot, actor } => {
            format!("Help has come to {} ({}).", at(*slot), by(actor))
        }
        News::OnlyWords {
            bags,
            letters,
            held,
        } => only_words(*bags, *letters, *held),
    }
}

fn pause(actor: &str, paused: bool) -> String {
    if paused {
        format!("Paused by {actor}: no new key is started. Keys in work go on.")
    } else {
        format!("The pause was ended by {actor}.")
    }
}

/// Whoever is signed in at the console stands in the journal with where from, which nobody has to read here.
fn by(actor: &str) -> String {
    clean(actor.strip_prefix("console:").unwrap_or(actor))
}

fn at(slot: Option<Slot>) -> String {
    slot.map_or_else(|| "the bench".to_owned(), |slot| slot.to_string())
}

fn ready(waiting: usize, under_way: usize) -> String {
    let wait = if waiting == 1 {
        "1 job waits".to_owned()
    } else {
        format!("{waiting} jobs wait")
    };
    format!("The station is ready: {wait} for a key, {under_way} under way. Insert a key.")
}

fn network(fault: &Fault) -> String {
    let what = if let Fault::NotPermitted { refused, .. } = fault {
        if !refused.is_empty() {
            return one_after_another(refused);
        }
        "No job is held for it; `keyline check --online` names what is missing. "
    } else {
        ""
    };
    format!(
        "No new key is started until this passes: {} {what}Leave the keys where they are.",
        sentence(&fault.to_string())
    )
}

/// Several people were refused by name and nobody was let through: it may be everybody, or just these.
fn one_after_another(refused: &[String]) -> String {
    let named: Vec<String> = refused
        .iter()
        .take(NAMED_MAX)
        .map(|user| clean(user))
        .collect();
    let more = match refused.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "No new key is started until this passes: Entra refused {}{more}, one after another, and let nobody through between them. {} held for it, the others wait. The station asks again every minute, each time for somebody who was not refused yet, and goes on with the first who is not. Look at the role of whoever signed in (may it manage these people?), at administrative units, at Conditional Access and at the permission (`keyline check --online`). Leave the keys where they are.",
        named.join(", "),
        match REFUSED_HELD {
            1 => "1 job is".to_owned(),
            held => format!("{held} jobs are"),
        }
    )
}

fn letter_out(envelope: &str, by: Confirm) -> String {
    match by {
        Confirm::Scan => format!("Letter L-{envelope} is on paper: scan its code."),
        Confirm::Key => {
            format!("Letter L-{envelope} is on paper: look at it, then type `p` and Enter.")
        }
        Confirm::Device => format!("Letter L-{envelope} is on paper."),
    }
}

/// Nobody has to do anything but keep an eye on the tray, unless the printer refuses.
fn void_may_print(fault: &Fault) -> String {
    let next = if matches!(fault, Fault::PrinterAway { .. }) {
        "It is cancelled there as soon as the printer answers."
    } else {
        "The next start of the station tries again."
    };
    format!(
        "A void letter may still come out of the printer: {} {next} If it comes out, destroy it.",
        sentence(&fault.to_string())
    )
}

/// A job that no slot shows any more, and what is to be done about it.
fn held(case: &Case, fault: &Fault, why: Option<&str>) -> String {
    let (number, person) = (clean(&case.envelope), clean(&case.person));
    if *fault == Fault::DeliveryUncertain {
        let why = why.map_or_else(String::new, |why| {
            format!(" ({})", clean(why).trim_end_matches('.'))
        });
        return format!(
            "L-{number} ({person}) is held: nobody knows whether its letter came out{why}. Find it and scan it, or: keyline mailer reissue {number} --reason TEXT"
        );
    }
    format!(
        "Envelope {number} ({person}) is held: {} `keyline status` tells what to do.",
        fault::message(fault)
    )
}

/// How many jobs are left on hold, as a sentence; nothing when there are none.
pub fn held_jobs(held: usize) -> String {
    match held {
        0 => String::new(),
        1 => "1 job is held: `keyline status` tells why.".to_owned(),
        many => format!("{many} jobs are held: `keyline status` tells why."),
    }
}

/// What the station waits for when it has nothing left to do by itself.
fn only_words(bags: usize, letters: usize, held: usize) -> String {
    let what = match (bags, letters) {
        (bags, 0) => count(bags, "bag"),
        (0, letters) => count(letters, "letter"),
        (bags, letters) => format!("{} and {}", count(bags, "bag"), count(letters, "letter")),
    };
    let verb = if bags.saturating_add(letters) == 1 {
        "waits"
    } else {
        "wait"
    };
    let rest = format!("{what} {verb} to be confirmed. The station ends after that.");
    match held {
        0 => format!("Everything else is done: {rest}"),
        held => format!("Nothing else goes on: {rest} {}", held_jobs(held)),
    }
}

/// A number with its noun.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

/// Text of another's, made harmless, as a sentence: it ends with a full stop.
pub fn sentence(text: &str) -> String {
    let mut text = clean(text.trim());
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::world::stage::case;

    #[test]
    fn news_reads_as_sentences() {
        for (news, text) in [
            (
                News::Admitted {
                    file: "onboarding.csv".into(),
                    jobs: 24,
                },
                "onboarding.csv was taken: 24 jobs.",
            ),
            (
                News::Rejected {
                    file: "a\u{1b}]0;x.csv".into(),
                    reasons: 1,
                },
                "a\u{FFFD}]0;x.csv was rejected: 1 thing to mend. It is listed beside it, in rejected/.",
            ),
            (
                News::Trouble {
                    what: "the queue folder fails: gone".into(),
                },
                "Trouble: the queue folder fails: gone.",
            ),
            (
                News::Actor {
                    actor: "4711".into(),
                },
                "At the bench now: 4711.",
            ),
            (
                News::LetterOut {
                    envelope: "0042".into(),
                    by: Confirm::Scan,
                },
                "Letter L-0042 is on paper: scan its code.",
            ),
            (
                News::Printer(Standstill::WaitsFor("paper in tray 2".into())),
                "The printer waits for paper in tray 2. Letters wait with it; keys go on.",
            ),
            (
                News::Printer(Standstill::Away("no route to 192.0.2.7".into())),
                "The printer is away: no route to 192.0.2.7. Letters wait for it; keys go on.",
            ),
            (
                News::VoidMayPrint {
                    fault: Fault::PrinterAway {
                        what: "no route to 192.0.2.7".to_owned(),
                    },
                },
                "A void letter may still come out of the printer: the printer is away: no route to 192.0.2.7. It is cancelled there as soon as the printer answers. If it comes out, destroy it.",
            ),
            (
                News::OnlyWords {
                    bags: 1,
                    letters: 0,
                    held: 0,
                },
                "Everything else is done: 1 bag waits to be confirmed. The station ends after that.",
            ),
            (
                News::OnlyWords {
                    bags: 1,
                    letters: 3,
                    held: 0,
                },
                "Everything else is done: 1 bag and 3 letters wait to be confirmed. The station ends after that.",
            ),
        ] {
            assert_eq!(line(&news), text);
        }
    }

    #[test]
    fn a_line_that_stands_still_names_those_who_were_refused() {
        let refused = (1..=4).map(|number| format!("user{number}@contoso.com"));
        let fault = Fault::NotPermitted {
            why: String::new(),
            refused: refused.collect(),
        };
        assert_eq!(
            line(&News::Network { fault }),
            "No new key is started until this passes: Entra refused user1@contoso.com, user2@contoso.com, user3@contoso.com and 1 more, one after another, and let nobody through between them. 2 jobs are held for it, the others wait. The station asks again every minute, each time for somebody who was not refused yet, and goes on with the first who is not. Look at the role of whoever signed in (may it manage these people?), at administrative units, at Conditional Access and at the permission (`keyline check --online`). Leave the keys where they are."
        );
    }

    #[test]
    fn a_held_job_is_told_with_what_to_do() {
        for (news, text) in [
            (
                News::OnlyWords {
                    bags: 0,
                    letters: 2,
                    held: 1,
                },
                "Nothing else goes on: 2 letters wait to be confirmed. The station ends after that. 1 job is held: `keyline status` tells why.",
            ),
            (
                News::Held {
                    case: case("Jürgen Müller"),
                    fault: Fault::DeliveryUncertain,
                    why: None,
                },
                "L-0042 (Jürgen Müller) is held: nobody knows whether its letter came out. Find it and scan it, or: keyline mailer reissue 0042 --reason TEXT",
            ),
            (
                News::Held {
                    case: case("Jürgen Müller"),
                    fault: Fault::DeliveryUncertain,
                    why: Some("the printer gave the job up.".to_owned()),
                },
                "L-0042 (Jürgen Müller) is held: nobody knows whether its letter came out (the printer gave the job up). Find it and scan it, or: keyline mailer reissue 0042 --reason TEXT",
            ),
            (
                News::Held {
                    case: case("Jürgen Müller"),
                    fault: Fault::Mailer {
                        what: "no address".to_owned(),
                    },
                    why: None,
                },
                "Envelope 0042 (Jürgen Müller) is held: The letter could not be made: no address. `keyline status` tells what to do.",
            ),
        ] {
            assert_eq!(line(&news), text);
        }
    }

    #[test]
    fn whoever_wishes_something_at_the_bench_is_named() {
        for (news, text) in [
            (
                News::Paused {
                    actor: "console:ines".into(),
                    paused: true,
                },
                "Paused by ines: no new key is started. Keys in work go on.",
            ),
            (
                News::Help {
                    slot: Some(Slot(3)),
                    actor: "console:ines".into(),
                },
                "ines calls for help at slot 3.",
            ),
            (
                News::HelpCame {
                    slot: None,
                    actor: "console:adam".into(),
                },
                "Help has come to the bench (adam).",
            ),
        ] {
            assert_eq!(line(&news), text);
        }
    }
}
