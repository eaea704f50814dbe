//! What went wrong when a page asked for something, as the page says it: in the visitor's language where the words are ours, in
//! English and marked so where they are not. The page around it stays as it is.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::bench::text::{Sentence, Text};
use super::faults;
use super::page::page;
use super::visit::Visit;
use super::words::Words;
use crate::domain::fault::Fault;
use crate::face::say::fault::hint_to_command;
use crate::face::say::{Complaint, clean};

/// Why something could not be done.
#[derive(Debug)]
pub(super) enum Wrong {
    /// In the words of a command.
    Said(Complaint),
    Fault {
        fault: Box<Fault>,
        /// The right that the application lacks, where Entra refuses.
        permission: String,
    },
}

impl Wrong {
    /// A fault of the directory; where a permission is missing, it is this one.
    pub(super) fn denied(fault: Fault, permission: &str) -> Self {
        Self::Fault {
            fault: Box::new(fault),
            permission: permission.to_owned(),
        }
    }
}

impl From<Complaint> for Wrong {
    fn from(complaint: Complaint) -> Self {
        Self::Said(complaint)
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::denied(fault, "")
    }
}

/// One sentence or a part of one, in some language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) text: String,
    /// In English, on a page that is not.
    pub(super) foreign: bool,
}

/// These sentences in these words.
pub(super) fn told(sentences: &[Sentence], words: &Words) -> Vec<Told> {
    let told = |sentence: &Sentence| Told {
        text: sentence.say(words),
        foreign: sentence.is_foreign(words),
    };
    sentences.iter().map(told).collect()
}

/// What a fault says, in these words.
pub(super) fn fault(fault: &Fault, words: &Words) -> Vec<Told> {
    told(&faults::said(fault), words)
}

/// The same as one line of text.
pub(super) fn line(told: &[Told]) -> String {
    let texts: Vec<&str> = told.iter().map(|one| one.text.as_str()).collect();
    texts.join(" ")
}

/// What a page says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: Vec<Told>,
    pub(super) hint: Vec<Told>,
}

impl Trouble {
    /// In these words.
    pub(super) fn of(wrong: &Wrong, words: &Words) -> Self {
        match wrong {
            Wrong::Said(complaint) => Self {
                message: theirs(&complaint.message, words),
                hint: theirs(&complaint.hint, words),
            },
            Wrong::Fault { fault, permission } => Self {
                message: self::fault(fault, words),
                hint: told(&[hint(fault, permission)], words),
            },
        }
    }
}

/// Foreign text is made harmless, line by line.
fn theirs(text: &str, words: &Words) -> Vec<Told> {
    let lines: Vec<String> = text.lines().map(clean).collect();
    let text = lines.join("\n");
    if text.is_empty() {
        return Vec::new();
    }
    told(&[Sentence::Theirs(text)], words)
}

/// What somebody at a page can do about it.
pub(super) fn hint(fault: &Fault, permission: &str) -> Sentence {
    let plain = |key: &str| Sentence::Ours(Text::plain(key));
    if matches!(fault, Fault::Refused { status: 403, .. }) && !permission.is_empty() {
        let permission = clean(permission);
        return Sentence::Ours(Text::with("advice.permission", "permission", permission));
    }
    if matches!(fault, Fault::Throttled { .. }) {
        plain("advice.throttled")
    } else if matches!(fault, Fault::Unreachable { .. }) {
        plain("advice.unreachable")
    } else if matches!(fault, Fault::SignIn { .. }) {
        plain("advice.sign_in")
    } else if matches!(fault, Fault::NotPermitted { .. }) {
        plain("advice.not_permitted")
    } else if matches!(fault, Fault::Clock { .. }) {
        plain("advice.clock")
    } else if matches!(fault, Fault::Refused { .. }) {
        plain("advice.refused")
    } else if matches!(fault, Fault::UserUnknown { .. }) {
        plain("advice.user_unknown")
    } else if matches!(fault, Fault::AnswerUnusable { .. }) {
        plain("advice.answer_unusable")
    } else {
        // What is no matter of the tenant is the station's own, and rare on a page.
        Sentence::Theirs(hint_to_command(fault))
    }
}

#[derive(Template)]
#[template(path = "part-trouble.html")]
struct TroublePart {
    trouble: Trouble,
}

/// A part of a page that says what went wrong.
pub(super) fn trouble(visit: &Visit, wrong: &Wrong) -> Response {
    let trouble = Trouble::of(wrong, visit.words);
    page(StatusCode::OK, &TroublePart { trouble })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fault: Fault, permission: &str, language: &str) -> (String, Vec<Told>) {
        let trouble = Trouble::of(&Wrong::denied(fault, permission), Words::get(language));
        (line(&trouble.message), trouble.hint)
    }

    #[test]
    fn what_entra_keeps_a_page_from_is_told_in_german() {
        let (message, hint) = of(Fault::Throttled { seconds: 90 }, "", "de");
        assert_eq!(message, "Entra bittet die Station, 90 Sekunden zu warten.");
        assert!(
            !hint[0].foreign && hint[0].text.contains("nach dieser Zeit"),
            "{hint:?}"
        );
        let refused = Fault::Refused {
            status: 403,
            code: "Authorization_RequestDenied".to_owned(),
            message: "Insufficient privileges".to_owned(),
            request_id: "r-1".to_owned(),
        };
        let (message, hint) = of(refused, "User.Read.All", "de");
        assert!(
            message.starts_with("Entra hat mit 403 Authorization_RequestDenied abgelehnt: "),
            "{message}"
        );
        assert!(
            !hint[0].foreign && hint[0].text.contains("User.Read.All"),
            "{hint:?}"
        );
    }

    #[test]
    fn what_is_not_ours_is_marked_and_harmless() {
        let complaint = Complaint::usage("a\u{1b}[2J\nb", "");
        let trouble = Trouble::of(&Wrong::Said(complaint.clone()), Words::get("de"));
        let said = Told {
            text: "a\u{FFFD}[2J\nb".to_owned(),
            foreign: true,
        };
        assert_eq!((trouble.message, trouble.hint), (vec![said], Vec::new()));
        let english = Trouble::of(&Wrong::Said(complaint), Words::get("en"));
        assert!(!english.message[0].foreign);
    }
}
