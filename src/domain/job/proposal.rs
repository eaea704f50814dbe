//! A row that keyline itself puts into a job file, for somebody whom the directory knows. It is checked as every row is, before
//! there is a file; what the directory says of a person and a job file cannot hold is left out. Never has a PIN.

use super::Draft;
use super::column::Column;
use super::row::{self, BadRow, Cell, RawRow, Rules, TEXT_CHARS_MAX};
use crate::domain::person::{ObjectId, Person};

/// One row, by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// For whoever reads the file: the directory's own id, which outlives a change of name.
    pub object_id: Option<ObjectId>,
    cells: Vec<(Column, String)>,
}

impl Proposal {
    /// A row for whoever is called `user`, as typed.
    pub fn new(user: &str) -> Self {
        Self {
            object_id: None,
            cells: vec![(Column::User, user.to_owned())],
        }
    }

    /// A row for a person of the directory. The user is the UPN, or where there is none, or none that a job file can have, the
    /// object id. A language without letters is left out, and so is everything else that a row would be refused for.
    pub fn of(person: &Person, rules: &Rules) -> Self {
        let upn = person.user_principal_name.as_deref();
        let mut row = Self::new(upn.unwrap_or(&person.id.0));
        row.object_id = Some(person.id.clone());
        row.set(Column::Name, &one_line(person.display_name.as_deref()));
        row.set(Column::Department, &one_line(person.department.as_deref()));
        row.set(Column::Mail, person.mail.as_deref().unwrap_or_default());
        let language = person.preferred_language.as_deref().unwrap_or_default();
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        let primary = primary.to_lowercase();
        if rules.languages.contains(&primary) {
            row.set(Column::Language, &primary);
        }
        for bad in row.check(rules).err().into_iter().flatten() {
            for column in [Column::Name, Column::Department, Column::Mail] {
                if bad.column.as_deref() == Some(column.word()) {
                    row.set(column, "");
                }
            }
            if bad.column.as_deref() == Some(Column::User.word()) {
                row.set(Column::User, &person.id.0);
            }
        }
        row
    }

    /// Writes a cell, or empties it.
    pub fn set(&mut self, column: Column, text: &str) {
        self.cells.retain(|(known, _)| *known != column);
        if !text.is_empty() && !column.is_secret() {
            self.cells.push((column, text.to_owned()));
        }
    }

    /// What stands in a cell; empty where nothing does.
    pub fn get(&self, column: Column) -> &str {
        let mut cells = self.cells.iter();
        cells
            .find(|(known, _)| *known == column)
            .map_or("", |(_, text)| text.as_str())
    }

    /// The row as the intake will read it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(&self, rules: &Rules) -> Result<Draft, Vec<BadRow>> {
        let cells = self.cells.iter();
        let raw = RawRow {
            line: 1,
            cells: cells
                .map(|(column, text)| (*column, Cell::text(text.as_str())))
                .collect(),
            refused: false,
        };
        row::check(&raw, rules)
    }
}

/// Control characters of a directory become spaces, and what is too long is cut: a letter has one line for it.
fn one_line(text: Option<&str>) -> String {
    let text: String = text
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::UserType;

    fn rules() -> Rules {
        Rules {
            policies: vec!["standard".to_owned()],
            default_policy: Some("standard".to_owned()),
            languages: vec!["de".to_owned(), "en".to_owned()],
        }
    }

    fn person(upn: &str, name: &str) -> Person {
        Person {
            id: ObjectId("c0a70500-0000-4000-8000-000000000001".to_owned()),
            user_principal_name: (!upn.is_empty()).then(|| upn.to_owned()),
            display_name: Some(name.to_owned()),
            mail: Some("anna@contoso.com".to_owned()),
            department: None,
            employee_id: None,
            preferred_language: Some("de-AT".to_owned()),
            enabled: Some(true),
            user_type: UserType::Member,
        }
    }

    fn check(upn: &str, name: &str, user: &str, written: &str) {
        let row = Proposal::of(&person(upn, name), &rules());
        assert_eq!(
            (row.get(Column::User), row.get(Column::Name)),
            (user, written)
        );
        let draft = row.check(&rules()).expect("a row that is taken");
        assert_eq!(draft.request.name.unwrap_or_default(), written);
        assert_eq!(draft.request.language.as_deref(), Some("de"));
    }

    #[test]
    fn whatever_a_directory_says_becomes_a_row_that_is_taken() {
        let id = "c0a70500-0000-4000-8000-000000000001";
        let plain = "anna@contoso.com";
        check(plain, "Anna Lang", plain, "Anna Lang");
        check("", "Anna", id, "Anna");
        check(
            "o'brien+x@contoso.com",
            "=cmd|' /C calc'!A0",
            "o'brien+x@contoso.com",
            "=cmd|' /C calc'!A0",
        );
        check(
            "a#ext#@contoso.com",
            "\"Shay\" O'Brien; x",
            "a#ext#@contoso.com",
            "\"Shay\" O'Brien; x",
        );
        check("jürgen@contoso.com", "Jürgen", id, "Jürgen");
        check(
            &format!("{}@contoso.com", "a".repeat(110)),
            "Anna",
            id,
            "Anna",
        );
        check(plain, "Anna\r\n\tLang\u{0}\u{7}", plain, "Anna Lang");
        check(plain, &"ü".repeat(300), plain, &"ü".repeat(256));
        check(plain, &format!("Anna{}", "\u{301}".repeat(60)), plain, "");
    }

    #[test]
    fn a_mail_or_a_language_that_a_row_cannot_have_is_left_out() {
        let mut anna = person("anna@contoso.com", "Anna");
        anna.mail = Some("Anna <anna@contoso.com>".to_owned());
        anna.preferred_language = Some("tlh".to_owned());
        let row = Proposal::of(&anna, &rules());
        assert_eq!((row.get(Column::Mail), row.get(Column::Language)), ("", ""));
        assert_eq!(row.get(Column::Name), "Anna");
    }
}
