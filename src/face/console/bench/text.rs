//! A text that is still to be said in some language: its key and what fills its placeholders. Plain data, so that what a card
//! says can be compared without a language.

use crate::face::console::words::Words;

/// The key of a text, with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::face::console) struct Text {
    key: String,
    values: Vec<(&'static str, String)>,
}

impl Text {
    /// A text without placeholders.
    pub(in crate::face::console) fn plain(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            values: Vec::new(),
        }
    }

    /// A text with one placeholder.
    pub(in crate::face::console) fn with(key: &str, name: &'static str, value: String) -> Self {
        Self::plain(key).and(name, value)
    }

    /// `KEY.one` or `KEY.other`, with the placeholder `{count}`.
    pub(in crate::face::console) fn count(key: &str, count: u64) -> Self {
        let form = if count == 1 { "one" } else { "other" };
        Self::with(&format!("{key}.{form}"), "count", count.to_string())
    }

    /// `bench.KEY.PART`.
    pub(in crate::face::console) fn built(key: &str, part: &str) -> Self {
        Self::plain(&format!("bench.{key}.{part}"))
    }

    /// The same with one value more.
    pub(in crate::face::console) fn and(mut self, name: &'static str, value: String) -> Self {
        self.values.push((name, value));
        self
    }

    /// In these words.
    pub(in crate::face::console) fn say(&self, words: &Words) -> String {
        let values: Vec<(&str, &str)> = self
            .values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        words.fill(&self.key, &values)
    }

    /// Its key.
    #[cfg(test)]
    pub(in crate::face::console) fn key(&self) -> &str {
        &self.key
    }
}

/// One sentence on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::face::console) enum Sentence {
    /// In the language of the page.
    Ours(Text),
    /// Somebody else's: in English, whatever the page speaks.
    Theirs(String),
}

impl Sentence {
    /// In these words.
    pub(in crate::face::console) fn say(&self, words: &Words) -> String {
        match self {
            Self::Ours(text) => text.say(words),
            Self::Theirs(sentence) => sentence.clone(),
        }
    }

    /// Whether its language is another than the page's.
    pub(in crate::face::console) fn is_foreign(&self, words: &Words) -> bool {
        match self {
            Self::Ours(_) => false,
            Self::Theirs(_) => words.language() != "en",
        }
    }
}
