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
        to_print,
        to_confirm,
        spare: _,
    } = counts;
    if (waiting, under_way, held) == (0, 0, 0) {
        return format!("No job waits; {} done since the start.", count(done, "job"));
    }
    let letters = match (to_print, to_confirm) {
        (0, 0) => String::new(),
        (to_print, to_confirm) => format!(
            " {} to print, {to_confirm} to confirm.",
            count(to_print, "letter")
        ),
    };
    format!(
        "{} waiting, {under_way} under way, {held} held; {done} done since the start.{letters}",
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

/// The console cannot be served; the station works without it.
pub fn no_console(address: &str, error: &std::io::Error) -> String {
    let why = if error.kind() == std::io::ErrorKind::AddrInUse {
        "another program listens there; end it, or name another address under [console] listen"
            .to_owned()
    } else {
        error.to_string()
    };
    format!("There is no console at {address}: {why}. The station works without it.")
}

/// The console ended before the station.
pub fn console_ended(why: &str) -> String {
    format!(
        "The console has ended: {why}. The station goes on without it; its log says more, and its next start brings the console back."
    )
}

/// Where the console is, and the link that makes its first account.
pub fn console(address: &str, first_link: Option<&str>) -> String {
    match first_link {
        None => format!("Console: {address}\n"),
        Some(link) => format!(
            "Console: {address}\nNobody has an account there yet. Whoever opens this link makes the first one; it works once:\n  {link}\n"
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
            ..Counts::default()
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
        let letters = Counts {
            under_way: 4,
            to_print: 1,
            to_confirm: 3,
            ..counts
        };
        assert_eq!(
            standing(letters),
            "1 job waiting, 4 under way, 2 held; 7 done since the start. 1 letter to print, 3 to confirm."
        );
    }
}
