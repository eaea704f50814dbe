//! The words of the pages, by language: `templates/console/words/LANGUAGE.toml`, one text per key, with `{placeholder}`s.
//! Never sentences about faults: those are [`crate::face::say`]'s, in English.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::Embed;

/// The language that has every word, and that stands in where another has none.
pub const FALLBACK: &str = "en";

/// More languages than anybody reads: what a browser asks for beyond them is not looked at.
const WISHES_MAX: usize = 16;

#[derive(Embed)]
#[folder = "templates/console/words"]
struct Files;

static BOOK: LazyLock<BTreeMap<String, Words>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|file| {
            let language = file.strip_suffix(".toml")?.to_owned();
            let text = String::from_utf8(Files::get(&file)?.data.into_owned()).ok()?;
            Some((language.clone(), Words::parse(&language, &text).ok()?))
        })
        .collect()
});

static NONE: LazyLock<Words> = LazyLock::new(Words::default);

/// The words of one language.
#[derive(Debug, Default)]
pub struct Words {
    language: String,
    texts: BTreeMap<String, String>,
}

impl Words {
    /// The words of `language`, such as `de`; of `de-AT` those of `de`. `None` where there is no such language.
    pub fn of(language: &str) -> Option<&'static Self> {
        let language = language.trim().to_ascii_lowercase();
        let plain = language.split(['-', '_']).next().unwrap_or_default();
        BOOK.get(&language).or_else(|| BOOK.get(plain))
    }

    /// As [`Words::of`], in English where there is no such language.
    pub fn get(language: &str) -> &'static Self {
        Self::of(language)
            .or_else(|| BOOK.get(FALLBACK))
            .unwrap_or(&NONE)
    }

    /// The languages that there are, and their names in themselves.
    pub fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
        BOOK.values()
            .map(|words| (words.language.as_str(), words.say("language.name")))
    }

    /// The best of what a browser asks for in `Accept-Language` (RFC 9110 §12.5.4), if one is there.
    pub fn accepted(header: &str) -> Option<&'static Self> {
        let mut wishes: Vec<(u32, &str)> = header
            .split(',')
            .take(WISHES_MAX)
            .filter_map(|wish| {
                let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
                let weight = thousandths(weight.trim().strip_prefix("q=")?)?;
                (weight > 0).then_some((weight, tag.trim()))
            })
            .collect();
        // The sort is stable: of equal wishes the first one wins.
        wishes.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        wishes.into_iter().find_map(|(_, tag)| Self::of(tag))
    }

    /// The tag for `<html lang>`.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// `ltr` or `rtl`, for `<html dir>`.
    pub fn direction(&self) -> &str {
        self.say("language.direction")
    }

    /// The text of `key`. A key that nobody wrote a text for is shown itself: better than nothing on the page.
    pub fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts
            .get(key)
            .or_else(|| BOOK.get(FALLBACK)?.texts.get(key))
            .map_or(key, String::as_str)
    }

    /// The text of `key`, its placeholders filled.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        // In one pass, so that a value that looks like a placeholder stays what it is.
        let mut rest = self.say(key);
        let mut filled = String::with_capacity(rest.len());
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => filled.push_str(value),
                None => filled.push_str(&format!("{{{name}}}")),
            }
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }

    /// `KEY.one` for 1, else `KEY.other`; `{count}` is the number.
    pub fn count(&self, key: &str, count: usize) -> String {
        let form = if count == 1 { "one" } else { "other" };
        self.fill(
            &format!("{key}.{form}"),
            &[("count", count.to_string().as_str())],
        )
    }

    fn parse(language: &str, text: &str) -> Result<Self, toml::de::Error> {
        let mut texts = BTreeMap::new();
        flatten("", text.parse::<toml::Table>()?, &mut texts);
        Ok(Self {
            language: language.to_owned(),
            texts,
        })
    }
}

/// A weight (RFC 9110 §12.4.2) in thousandths: `0.5` is 500.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !["0", "1"].contains(&whole) || fraction.len() > 3 || !are_digits(fraction) {
        return None;
    }
    let thousandths = format!("{whole}{fraction:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
}

/// `[sign_in] title` is `sign_in.title`.
fn flatten(above: &str, table: toml::Table, texts: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if above.is_empty() {
            key
        } else {
            format!("{above}.{key}")
        };
        if let toml::Value::Table(below) = value {
            flatten(&key, below, texts);
        } else if let Some(text) = value.as_str() {
            texts.insert(key, text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
