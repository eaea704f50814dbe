//! A value of a TOML or JSON file. Unlike the libraries' own it keeps the order, shows double keys and wipes its texts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use zeroize::Zeroizing;

use crate::domain::job::row::Cell;

pub(super) enum Node {
    Null,
    Flag(bool),
    /// As digits, so that a long serial is not rounded.
    Number(Zeroizing<String>),
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Zeroizing::new(text.to_owned()))
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as a cell; `None` for null, which is an absent cell.
    pub(super) fn into_cell(self) -> Option<Cell> {
        match self {
            Self::Null => None,
            Self::Flag(flag) => Some(Cell::Flag(flag)),
            Self::Number(number) => Some(Cell::Number(number)),
            Self::Text(text) => Some(Cell::Text(text)),
            Self::List(list) => {
                let lines: Option<Vec<String>> = list
                    .into_iter()
                    .map(|node| match node {
                        Self::Text(text) => Some(text.as_str().to_owned()),
                        Self::Null
                        | Self::Flag(_)
                        | Self::Number(_)
                        | Self::List(_)
                        | Self::Map(_) => None,
                    })
                    .collect();
                Some(lines.map_or(Cell::Other, Cell::Lines))
            }
            Self::Map(_) => Some(Cell::Other),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            // Back as a number where it is one; as a text where it would be rounded.
            Self::Number(digits) => match digits.parse() {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.serialize_str(digits),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                for node in list {
                    seq.serialize_element(node)?;
                }
                seq.end()
            }
            Self::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(Zeroizing::new(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(Zeroizing::new(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        // With an exponent, so that a rounded serial is recognised as one.
        let text = if number.abs() >= 1e15 {
            format!("{number:E}").replace('E', "E+")
        } else {
            number.to_string()
        };
        Ok(Node::Number(Zeroizing::new(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::text(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = seq.next_element()? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Map(fields))
    }
}
