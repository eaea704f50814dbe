//! CBOR as CTAP2 wants it: written in canonical form (CTAP 2.1 §8), read with bounds. Never looks at what a map means.
//!
//! This is the one place where map keys are sorted and where foreign bytes become values.

use ciborium::value::{Integer, Value};

use crate::domain::fault::Fault;

/// Levels of nesting that a key may send. CTAP 2.1 §8 allows four in a message; attestation statements add a few.
const NESTING_LEVELS_MAX: usize = 16;

/// The canonical form of `value`: maps sorted by their encoded keys, on every level.
///
/// # Errors
/// [`Fault::Internal`] when a value cannot be written, which no value that we build does.
pub fn encode(value: &Value) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&canonical(value)?, &mut bytes).map_err(|error| Fault::Internal {
        what: format!("CBOR: {error}"),
    })?;
    Ok(bytes)
}

/// The value of exactly `bytes`.
///
/// # Errors
/// [`Fault::KeyGarbled`] for anything else, trailing bytes included.
pub fn decode(bytes: &[u8]) -> Result<Value, Fault> {
    let (value, rest) = decode_first(bytes)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(garbled(format!("{} bytes behind the CBOR", rest.len())))
    }
}

/// The first value in `bytes`, and what follows it.
///
/// # Errors
/// [`Fault::KeyGarbled`] when no value begins here.
pub fn decode_first(bytes: &[u8]) -> Result<(Value, &[u8]), Fault> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, NESTING_LEVELS_MAX)
        .map_err(|_| {
            // The library's words quote foreign bytes; the place is enough.
            garbled(format!(
                "no CBOR at byte {}",
                bytes.len().saturating_sub(rest.len())
            ))
        })?;
    Ok((value, rest))
}

/// A key that answered something that is not CTAP.
pub fn garbled(what: impl Into<String>) -> Fault {
    Fault::KeyGarbled { what: what.into() }
}

/// A map under construction. Members may come in any order: [`encode`] sorts them.
#[derive(Default)]
pub struct Builder(Vec<(Value, Value)>);

impl Builder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, key: impl Into<Value>, value: impl Into<Value>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    /// Adds a member when there is one.
    #[must_use]
    pub fn with_some(self, key: impl Into<Value>, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Builder> for Value {
    fn from(builder: Builder) -> Self {
        Self::Map(builder.0)
    }
}

/// A foreign map, read member by member. A member of the wrong type is an error, an unknown one is not.
#[derive(Clone, Debug, Default)]
pub struct Map(Vec<(Value, Value)>);

impl Map {
    /// Takes `value` as a map, `what` being its name in errors.
    ///
    /// # Errors
    /// [`Fault::KeyGarbled`] when it is none, or has a key twice.
    pub fn new(value: Value, what: &str) -> Result<Self, Fault> {
        let Value::Map(members) = value else {
            return Err(garbled(format!("{what} is no map")));
        };
        for (index, (key, _)) in members.iter().enumerate() {
            if members
                .iter()
                .skip(index + 1)
                .any(|(other, _)| other == key)
            {
                return Err(garbled(format!("{what} has a member twice")));
            }
        }
        Ok(Self(members))
    }

    /// The member, unread.
    pub fn get(&self, key: impl Into<Value>) -> Option<&Value> {
        let key = key.into();
        self.0
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value)
    }

    /// All members, in the order in which they came.
    pub fn members(&self) -> &[(Value, Value)] {
        &self.0
    }

    /// A byte string.
    pub fn bytes(&self, key: impl Into<Value>, what: &str) -> Result<Option<&[u8]>, Fault> {
        self.typed(key, what, |value| value.as_bytes().map(Vec::as_slice))
    }

    /// A text.
    pub fn text(&self, key: impl Into<Value>, what: &str) -> Result<Option<&str>, Fault> {
        self.typed(key, what, Value::as_text)
    }

    /// True or false.
    pub fn flag(&self, key: impl Into<Value>, what: &str) -> Result<Option<bool>, Fault> {
        self.typed(key, what, Value::as_bool)
    }

    /// A number from 0.
    pub fn unsigned(&self, key: impl Into<Value>, what: &str) -> Result<Option<u64>, Fault> {
        self.typed(key, what, |value| {
            value
                .as_integer()
                .and_then(|n: Integer| u64::try_from(n).ok())
        })
    }

    /// A number.
    pub fn signed(&self, key: impl Into<Value>, what: &str) -> Result<Option<i64>, Fault> {
        self.typed(key, what, |value| {
            value
                .as_integer()
                .and_then(|n: Integer| i64::try_from(n).ok())
        })
    }

    /// An array.
    pub fn array(&self, key: impl Into<Value>, what: &str) -> Result<Option<&[Value]>, Fault> {
        self.typed(key, what, |value| value.as_array().map(Vec::as_slice))
    }

    /// A map.
    pub fn map(&self, key: impl Into<Value>, what: &str) -> Result<Option<Self>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => Self::new(value.clone(), what).map(Some),
        }
    }

    fn typed<'a, T>(
        &'a self,
        key: impl Into<Value>,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(garbled(format!("{what} has the wrong type"))),
            },
        }
    }
}

/// `value`, or an error that says that the key left `what` out.
pub fn required<T>(value: Option<T>, what: &str) -> Result<T, Fault> {
    value.ok_or_else(|| garbled(format!("{what} is missing")))
}

fn canonical(value: &Value) -> Result<Value, Fault> {
    if let Some(members) = value.as_map() {
        let mut sorted = Vec::with_capacity(members.len());
        for (key, member) in members {
            sorted.push((encode(key)?, canonical(key)?, canonical(member)?));
        }
        // Shorter encodings first, then byte by byte: among keys of one type that is CTAP 2.1 §8's order, and a smaller
        // major type makes a smaller first byte.
        sorted.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        Ok(Value::Map(
            sorted
                .into_iter()
                .map(|(_, key, member)| (key, member))
                .collect(),
        ))
    } else if let Some(items) = value.as_array() {
        items
            .iter()
            .map(canonical)
            .collect::<Result<_, _>>()
            .map(Value::Array)
    } else {
        Ok(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_sorted_on_every_level() {
        let value = Value::from(
            Builder::new().with("up", true).with("rk", false).with(
                "alg",
                Builder::new()
                    .with(-2, 1)
                    .with(3, 2)
                    .with(-1, 3)
                    .with(1, 4)
                    .with(24, 5),
            ),
        );
        let hex: String = encode(&value)
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // {"rk": false, "up": true, "alg": {1: 4, 3: 2, 24: 5, -1: 3, -2: 1}}
        assert_eq!(
            hex,
            "a362726bf4627570f563616c67a501040302181805200321 01".replace(' ', "")
        );
    }

    #[test]
    fn trailing_bytes_and_deep_nests_are_refused() {
        assert!(decode(&[0xA0]).is_ok());
        assert!(matches!(
            decode(&[0xA0, 0x00]),
            Err(Fault::KeyGarbled { .. })
        ));
        assert!(matches!(decode(&[]), Err(Fault::KeyGarbled { .. })));
        assert!(matches!(
            decode(&[0x81; 4000]),
            Err(Fault::KeyGarbled { .. })
        ));
        assert!(matches!(
            decode(&[0x5B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            Err(Fault::KeyGarbled { .. })
        ));
    }

    #[test]
    fn a_member_twice_is_refused() {
        let twice = decode(&[0xA2, 0x01, 0x01, 0x01, 0x02]).unwrap();
        assert!(Map::new(twice, "a map").is_err());
    }

    #[test]
    fn the_first_value_leaves_the_rest() {
        let (value, rest) = decode_first(&[0x43, 1, 2, 3, 0xF5, 0xF4]).unwrap();
        assert_eq!(value, Value::Bytes(vec![1, 2, 3]));
        assert_eq!(rest, [0xF5, 0xF4]);
    }
}
