//! A text that is still to be said in some language: its key and what fills its placeholders. Plain data, so that what a card
//! says can be compared without a language.

use crate::face::console::words::Words;

/// The key of a text, with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    key: String,
    values: Vec<(&'static str, String)>,
}

impl Text {
    /// A text without placeholders.
    pub(super) fn plain(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            values: Vec::new(),
        }
    }

    /// A text with one placeholder.
    pub(super) fn with(key: &str, name: &'static str, value: String) -> Self {
        Self::plain(key).and(name, value)
    }

    /// `bench.KEY.PART`.
    pub(super) fn built(key: &str, part: &str) -> Self {
        Self::plain(&format!("bench.{key}.{part}"))
    }

    /// The same with one value more.
    pub(super) fn and(mut self, name: &'static str, value: String) -> Self {
        self.values.push((name, value));
        self
    }

    /// In these words.
    pub(super) fn say(&self, words: &Words) -> String {
        let values: Vec<(&str, &str)> = self
            .values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        words.fill(&self.key, &values)
    }

    /// Its key.
    #[cfg(test)]
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

/// One sentence on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sentence {
    /// In the language of the page.
    Ours(Text),
    /// Of a fault: in English, whatever the page speaks.
    Theirs(String),
}

impl Sentence {
    /// In these words.
    pub(super) fn say(&self, words: &Words) -> String {
        match self {
            Self::Ours(text) => text.say(words),
            Self::Theirs(sentence) => sentence.clone(),
        }
    }

    /// Whether its language is another than the page's.
    pub(super) fn is_foreign(&self, words: &Words) -> bool {
        match self {
            Self::Ours(_) => false,
            Self::Theirs(_) => words.language() != "en",
        }
    }
}
