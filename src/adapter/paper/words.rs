//! Messages with placeholders, parsed once and closed: a placeholder that does not exist is an error, and what is filled in is
//! never read as one.

use serde::Deserialize;

/// What a message may leave open. There is no field for the PIN: it stands in its box and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Key,
    SignIn,
    Help,
    Control,
    Envelope,
    Bag,
    Day,
    Month,
    Year,
    Word,
}

const FIELDS: [(&str, Field); 11] = [
    ("name", Field::Name),
    ("key", Field::Key),
    ("sign_in", Field::SignIn),
    ("help", Field::Help),
    ("control", Field::Control),
    ("envelope", Field::Envelope),
    ("bag", Field::Bag),
    ("day", Field::Day),
    ("month", Field::Month),
    ("year", Field::Year),
    ("word", Field::Word),
];

/// A message with its placeholders resolved to fields.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Words(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Field(Field),
}

impl Words {
    /// The message with each field filled in. What a field says is never read as a placeholder.
    pub(super) fn fill<'a>(&'a self, value: impl Fn(Field) -> &'a str) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Field(field) => value(*field),
            })
            .collect()
    }

    /// What stands in it whatever its fields say.
    pub(super) fn fixed(&self) -> String {
        self.fill(|_| "")
    }

    /// Whether nothing would be seen of it.
    pub(super) fn is_blank(&self) -> bool {
        let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
        self.0.iter().all(is_text) && self.fixed().trim().is_empty()
    }

    pub(super) fn uses(&self, field: Field) -> bool {
        let is_it = |piece: &Piece| matches!(piece, Piece::Field(used) if *used == field);
        self.0.iter().any(is_it)
    }

    /// Refuses a message that says nothing, and one with a field that is not `allowed`.
    pub(super) fn uses_only(&self, message: &str, allowed: &[Field]) -> Result<(), String> {
        if self.is_blank() {
            return Err(format!("`{message}` is empty"));
        }
        for piece in &self.0 {
            if let Piece::Field(field) = piece
                && !allowed.contains(field)
            {
                let name = |field: &Field| {
                    let known = FIELDS.iter().find(|(_, known)| known == field);
                    known.map_or("", |(name, _)| *name)
                };
                let allowed: Vec<&str> = allowed.iter().map(name).collect();
                return Err(format!(
                    "`{message}` cannot use the placeholder {{{}}}; it may use {}",
                    name(field),
                    allowed.join(", ")
                ));
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Words {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| format!("`{{{after}` has no closing brace"))?;
            if name == "pin" {
                return Err(
                    "{pin} stands in a text; the PIN is set in its box and nowhere else".to_owned(),
                );
            }
            let field = FIELDS
                .iter()
                .find_map(|(known, field)| (*known == name).then_some(*field))
                .ok_or_else(|| {
                    let known = FIELDS.map(|(known, _)| known).join(", ");
                    format!("there is no placeholder {{{name}}}; there are {known}")
                })?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Field(field));
            rest = tail;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }
}
