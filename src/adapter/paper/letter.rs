//! The words of a letter in one language, read from data. A missing or unknown message is an error, and so is a placeholder
//! where it does not belong.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words::{Field, Words};

/// The words of the PIN letter in one language. Every language has every message: a missing or unknown one is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    pub(super) date: Words,
    pub(super) months: [String; 12],
    pub(super) digits: [String; 10],
    pub(super) capital: Words,
    pub(super) help_default: String,
    pub(super) subject: Words,
    pub(super) salutation: Words,
    pub(super) opening: Vec<Words>,
    pub(super) opening_keep: Words,
    pub(super) opening_change: Words,
    pub(super) pin_label: Words,
    pub(super) pin_label_change: Words,
    pub(super) pin_note: Words,
    pub(super) pin_note_letters: Words,
    pub(super) steps_heading: Words,
    pub(super) steps_keep: [Words; 3],
    pub(super) steps_change: [Words; 3],
    pub(super) change_heading: Words,
    pub(super) change: Words,
    pub(super) opened_heading: Words,
    pub(super) opened: Words,
    pub(super) help: Words,
    pub(super) info: InfoLabels,
    pub(super) spelling: BTreeMap<char, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InfoLabels {
    pub(super) date: String,
    pub(super) envelope: String,
    pub(super) control: String,
    pub(super) batch: String,
    pub(super) key: String,
    pub(super) serial: String,
}

impl Letter {
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(letter) = ('a'..='z').find(|letter| !self.spelling.contains_key(letter)) {
            return Err(format!("[spelling] lacks the letter `{letter}`"));
        }
        let date = [Field::Day, Field::Month, Field::Year];
        self.date.uses_only("date", &date)?;
        self.capital.uses_only("capital", &[Field::Word])?;
        let body = [
            Field::Name,
            Field::Key,
            Field::SignIn,
            Field::Help,
            Field::Control,
            Field::Envelope,
        ];
        let singles = [
            &self.subject,
            &self.salutation,
            &self.opening_keep,
            &self.opening_change,
            &self.pin_label,
            &self.pin_label_change,
            &self.pin_note,
            &self.pin_note_letters,
            &self.steps_heading,
            &self.change_heading,
            &self.change,
            &self.opened_heading,
            &self.opened,
            &self.help,
        ];
        singles
            .into_iter()
            .chain(&self.opening)
            .chain(&self.steps_keep)
            .chain(&self.steps_change)
            .try_for_each(|words| words.uses_only("the letter's text", &body))
    }
}
