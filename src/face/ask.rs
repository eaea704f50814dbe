//! Asks whoever sits at the terminal: for a secret, typed without echo, at the terminal itself, never read from a pipe; and before
//! something goes that cannot be brought back. Nobody is asked where there is no terminal, and no script ever.

use std::io::{IsTerminal as _, Write as _};

use rustix::termios::{QueueSelector, tcflush};
use zeroize::Zeroizing;

use crate::face::say::{Complaint, ExitCode};

/// Asks for a secret. `None` when there is no terminal, or nothing was typed.
pub fn secret(question: &str) -> Option<Zeroizing<String>> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let typed = rpassword::prompt_password(format!("{question}: ")).ok()?;
    let typed = Zeroizing::new(typed);
    (!typed.is_empty()).then_some(typed)
}

/// Asks for a text that may be seen. `None` when stdin is no terminal.
pub fn text(question: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    // What was typed before the question was there is no answer to it. A terminal that cannot be emptied is asked all the same: an
    // answer typed ahead has to be a yes, and a guess at what would be asked.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
    say(question);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}

/// Shows a line beside the answers.
pub fn say(line: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Nothing is done unless somebody at the terminal says yes. `json`: a script reads the answer, and is not asked.
///
/// # Errors
/// That nobody agreed, or that nobody could be asked.
pub fn insist(question: &str, json: bool) -> Result<(), Complaint> {
    if json {
        return decided(question, "Nobody is asked with --json", None);
    }
    let answer = text(&format!("{question} Go on? (yes / no)"));
    decided(question, "Nobody can be asked here", answer.as_deref())
}

/// Whether somebody at the terminal says yes. `None`: nobody can be asked.
pub fn agrees(question: &str) -> Option<bool> {
    text(&format!("{question} Go on? (yes / no)")).map(|answer| is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.to_lowercase().as_str(), "y" | "yes")
}

/// What an `answer` means; `nobody`: why there is none.
fn decided(question: &str, nobody: &str, answer: Option<&str>) -> Result<(), Complaint> {
    let Some(answer) = answer else {
        return Err(Complaint::usage(
            format!("{question} {nobody}, so nothing was changed."),
            "Add --yes when that is what you want.",
        ));
    };
    if is_yes(answer) {
        return Ok(());
    }
    Err(Complaint::new(
        ExitCode::Interrupted,
        "Nothing was changed.",
        "Type the same again when you are sure.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        let ended = |answer| {
            let decided = decided("It goes.", "Nobody is here", answer);
            decided.map_err(|complaint| complaint.exit)
        };
        for yes in ["y", "yes", "YES"] {
            assert_eq!(ended(Some(yes)), Ok(()));
        }
        for no in ["", "no", "n", "yes please", "ja"] {
            assert_eq!(ended(Some(no)), Err(ExitCode::Interrupted), "{no}");
        }
        assert_eq!(ended(None), Err(ExitCode::Usage));
        let asked = insist("It goes.", true).expect_err("no script is asked");
        assert_eq!(
            asked.message,
            "It goes. Nobody is asked with --json, so nothing was changed."
        );
    }
}
