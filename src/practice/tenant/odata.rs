//! The part of OData that the practice tenant understands, and what Graph demands of whoever uses it: the header of advanced
//! queries, the count, quotation marks in their places. Everything else is refused, so that nobody relies on it.

use serde_json::{Map, Value};

use super::http::Visit;
use super::refusal::Refusal;

/// Entries of one page.
const TOP_MAX: usize = 999;
const TOP_DEFAULT: usize = 100;

/// The options of one request.
pub(super) struct Options {
    pairs: Vec<(String, String)>,
    eventual: bool,
}

/// One condition on a property; of several, one has to hold.
pub(super) struct Clause {
    property: String,
    text: String,
    by_word: bool,
}

impl Options {
    /// Reads a query; `visit` has the header.
    pub(super) fn read(query: Option<&str>, visit: &Visit) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self {
            pairs: pairs.into_owned().collect(),
            eventual: visit.header("consistencylevel") == Some("eventual"),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Casts, counts, searches and sorted filters are advanced queries: `ConsistencyLevel: eventual` and `$count=true`.
    pub(super) fn demand_advanced(&self) -> Result<(), Refusal> {
        if self.eventual && self.get("$count") == Some("true") {
            return Ok(());
        }
        Err(Refusal::bad(
            "practiceAdvancedQuery",
            "this needs the header ConsistencyLevel: eventual and $count=true",
        ))
    }

    /// `$top`, and `$skiptoken` as the number of entries before.
    pub(super) fn window(&self) -> Result<(usize, usize), Refusal> {
        let number = |name: &str, default: usize| match self.get(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| bad("a number is none")),
        };
        let (skip, top) = (number("$skiptoken", 0)?, number("$top", TOP_DEFAULT)?);
        if (1..=TOP_MAX).contains(&top) {
            Ok((skip, top))
        } else {
            Err(bad("$top is not between 1 and 999"))
        }
    }

    /// The conditions of `$filter` or `$search`; `None` without either.
    pub(super) fn clauses(&self) -> Result<Option<Vec<Clause>>, Refusal> {
        match (self.get("$filter"), self.get("$search")) {
            (Some(_), Some(_)) => Err(bad("$filter and $search together")),
            (Some(filter), None) => {
                if self.get("$orderby").is_some() {
                    self.demand_advanced()?;
                }
                filters(filter).map(Some)
            }
            (None, Some(search)) => {
                self.demand_advanced()?;
                searches(search).map(Some)
            }
            (None, None) => Ok(None),
        }
    }

    /// Keeps what `$select` names, or `usual`; a name that is none is a 400.
    pub(super) fn select(&self, entry: Value, usual: &[&str]) -> Result<Value, Refusal> {
        let Value::Object(mut all) = entry else {
            return Ok(entry);
        };
        let wanted: Vec<&str> = match self.get("$select") {
            Some(names) => names.split(',').collect(),
            None => usual.to_vec(),
        };
        let mut kept = Map::new();
        for name in wanted {
            let value = all.remove(name).ok_or_else(|| bad("no such property"))?;
            kept.insert(name.to_owned(), value);
        }
        Ok(Value::Object(kept))
    }
}

impl Clause {
    /// Whether an entry meets it.
    pub(super) fn holds(&self, entry: &Value) -> bool {
        let Some(value) = entry.get(&self.property).and_then(Value::as_str) else {
            return false;
        };
        let (value, text) = (value.to_lowercase(), self.text.to_lowercase());
        if !self.by_word || self.property != "displayName" {
            return value.starts_with(&text);
        }
        let words = |text: &str| -> Vec<String> {
            let parts = text.split(|c: char| !c.is_alphanumeric());
            let parts = parts.filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let (has, wanted) = (words(&value), words(&text));
        !wanted.is_empty()
            && wanted
                .iter()
                .all(|word| has.iter().any(|one| one.starts_with(word.as_str())))
    }
}

/// `startswith(displayName,'O''Reilly') or startswith(mail,'x')`.
fn filters(mut text: &str) -> Result<Vec<Clause>, Refusal> {
    let wrong = || bad("this $filter is not understood");
    let mut clauses = Vec::new();
    loop {
        let rest = text.strip_prefix("startswith(").ok_or_else(wrong)?;
        let (property, rest) = rest.split_once(",'").ok_or_else(wrong)?;
        let (value, rest) = quoted(rest, '\'', |next| next == '\'').ok_or_else(wrong)?;
        clauses.push(Clause {
            property: property.to_owned(),
            text: value,
            by_word: false,
        });
        text = match rest.strip_prefix(')').ok_or_else(wrong)? {
            "" => return Ok(clauses),
            rest => rest.strip_prefix(" or ").ok_or_else(wrong)?,
        };
    }
}

/// `"displayName:Vertrieb" OR "mail:x"`.
fn searches(mut text: &str) -> Result<Vec<Clause>, Refusal> {
    let wrong = || bad("this $search is not understood");
    let mut clauses = Vec::new();
    loop {
        let rest = text.strip_prefix('"').ok_or_else(wrong)?;
        let (value, rest) = quoted(rest, '\\', |next| next == '"' || next == '\\')
            .filter(|(value, _)| !value.is_empty())
            .ok_or_else(wrong)?;
        let (property, value) = value.split_once(':').ok_or_else(wrong)?;
        clauses.push(Clause {
            property: property.to_owned(),
            text: value.to_owned(),
            by_word: true,
        });
        text = match rest {
            "" => return Ok(clauses),
            rest => rest.strip_prefix(" OR ").ok_or_else(wrong)?,
        };
    }
}

/// Up to the closing mark, which is `'` where `escape` is one, and `"` otherwise; and what comes behind it.
fn quoted(text: &str, escape: char, escapes: impl Fn(char) -> bool) -> Option<(String, &str)> {
    let closing = if escape == '\'' { '\'' } else { '"' };
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        let next = text.get(at..)?.chars().nth(1);
        if letter == escape && next.is_some_and(&escapes) {
            value.extend(next);
            letters.next();
        } else if letter == closing {
            return Some((value, text.get(at + closing.len_utf8()..)?));
        } else {
            value.push(letter);
        }
    }
    None
}

fn bad(why: &str) -> Refusal {
    Refusal::bad("practiceQuery", why)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(clauses: Result<Vec<Clause>, Refusal>) -> Option<(String, String)> {
        let clause = clauses.ok()?.into_iter().next()?;
        Some((clause.property, clause.text))
    }

    #[test]
    fn quotation_marks_are_read_where_they_belong_and_nowhere_else() {
        let some = |property: &str, text: &str| Some((property.to_owned(), text.to_owned()));
        assert_eq!(
            first(filters("startswith(mail,'O''Reilly') or startswith(a,'b')")),
            some("mail", "O'Reilly")
        );
        assert_eq!(
            first(searches(r#""displayName:a \"b\\ c" OR "mail:x""#)),
            some("displayName", r#"a "b\ c"#)
        );
        for wrong in ["startswith(mail,'O'Reilly')", "mail eq 'x'", ""] {
            assert!(filters(wrong).is_err(), "{wrong}");
        }
        for wrong in [r#"displayName:x"#, r#""displayName:a"b""#, r#""x""#] {
            assert!(searches(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_search_knows_the_words_of_a_name_and_the_beginning_of_everything_else() {
        let entry = json!({ "displayName": "Vertrieb Nord", "mail": "nord@contoso.com" });
        let holds = |text: &str| {
            let clauses = searches(text).unwrap();
            clauses.iter().any(|clause| clause.holds(&entry))
        };
        assert!(holds(r#""displayName:nord""#) && holds(r#""mail:nord""#));
        assert!(!holds(r#""displayName:ord""#) && !holds(r#""mail:contoso""#));
    }
}
