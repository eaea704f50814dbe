//! A passkey of a person in the visitor's words: what it is, what this station has to do with it, what is lost with it, what came of
//! deleting it. The facts are [`crate::app::keys`]'.

use jiff::tz::TimeZone;

use crate::app::keys::{Enrolled, Gone, PersonsKey};
use crate::domain::credential::CredentialKind;
use crate::face::console::admin::queue::standing_said;
use crate::face::console::bench::text::{Sentence, Text};
use crate::face::console::faults;
use crate::face::console::words::Words;
use crate::face::console::wrong::{self, Told};
use crate::face::say::{clean, keys as say, moment};

/// Where it lives: the key of the text.
pub(super) const fn kind(key: &PersonsKey) -> &'static str {
    match (key.credential.kind, key.credential.synced) {
        (CredentialKind::SecurityKey, Some(false)) => "keys.kind_bound_key",
        (CredentialKind::SecurityKey, Some(true) | None) => "keys.kind_key",
        (CredentialKind::OtherPasskey, Some(true)) => "keys.kind_synced",
        (CredentialKind::OtherPasskey, Some(false) | None) => "keys.kind_device",
    }
}

/// Whether its model was proved: the key of the word.
pub(super) const fn attested(key: &PersonsKey) -> &'static str {
    match key.credential.attested {
        Some(true) => "keys.attested_yes",
        Some(false) => "keys.attested_no",
        None => "keys.attested_untold",
    }
}

/// What this station has to do with it.
pub(super) fn enrolled(words: &'static Words, enrolled: Option<&Enrolled>) -> String {
    let Some(enrolled) = enrolled else {
        return words.say("keys.not_here").to_owned();
    };
    let serial = enrolled
        .serial
        .as_deref()
        .map_or_else(String::new, |serial| {
            words.fill("keys.of_serial", &[("serial", clean(serial).as_str())])
        });
    let standing = if enrolled.given_up {
        words.say("keys.given_up")
    } else {
        standing_said(words, enrolled.standing)
    };
    words.fill(
        "keys.is_here",
        &[
            ("envelope", enrolled.envelope.to_string().as_str()),
            ("batch", clean(&enrolled.batch.0).as_str()),
            ("serial", serial.as_str()),
            ("job", enrolled.job.to_string().as_str()),
            ("standing", standing),
        ],
    )
}

/// What is lost, in a line.
pub(super) fn lost(words: &'static Words, key: &PersonsKey) -> String {
    let mut parts = vec![format!("{}: {}", say::name(key), say::model(key))];
    if let Some(at) = key.credential.created {
        let at = moment::local(at, &TimeZone::system());
        parts.push(words.fill("keys.was_added", &[("at", at.as_str())]));
    }
    if let Some(one) = &key.enrolled {
        let here = enrolled(words, Some(one));
        parts.push(words.fill("keys.was_enrolled", &[("here", here.as_str())]));
    }
    parts.join(", ")
}

/// A job counts on it.
pub(super) fn counted_on(words: &'static Words, key: &PersonsKey) -> String {
    let here = enrolled(words, key.enrolled.as_ref());
    let name = say::name(key);
    words.fill(
        "keys.counted_on",
        &[("name", name.as_str()), ("here", here.as_str())],
    )
}

/// What came of one.
pub(super) fn came(words: &Words, key: &PersonsKey, gone: &Gone) -> Vec<Told> {
    let ours = |text: &str| vec![Sentence::Ours(Text::with(text, "name", say::name(key)))];
    let said = match gone {
        Gone::Deleted => ours("keys.came_deleted"),
        Gone::WasGone => ours("keys.came_gone"),
        Gone::Untried => ours("keys.came_untried"),
        Gone::Failed(why) => {
            let mut said = ours(if why.leaves_doubt() {
                "keys.came_doubt"
            } else {
                "keys.came_failed"
            });
            said.extend(faults::said(why));
            said
        }
    };
    wrong::told(&said, words)
}

/// What is to be done about those that are left.
pub(super) fn hint(words: &Words, all: &[Gone]) -> Vec<Told> {
    let failed = all.iter().find_map(|gone| match gone {
        Gone::Failed(why) => Some(why),
        Gone::Deleted | Gone::WasGone | Gone::Untried => None,
    });
    failed.map_or_else(Vec::new, |why| wrong::told(&[wrong::hint(why, "")], words))
}
