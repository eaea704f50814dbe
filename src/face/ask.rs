//! Asks whoever sits at the terminal for a secret: typed without echo, at the terminal itself, never read from a pipe. Nobody
//! is asked where there is no terminal.

use std::io::{IsTerminal as _, Write as _};

use zeroize::Zeroizing;

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

/// Asks whether to go on. `None` when nobody can be asked.
pub fn agrees(question: &str) -> Option<bool> {
    let answer = text(&format!("{question} Go on? (yes / no)"))?;
    Some(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}
