//! Addresses of lists that are filtered and shown page by page. Everything that was asked for stands in the address, so that it
//! can be kept and passed on.

use std::collections::BTreeMap;

use axum::http::Uri;
use url::form_urlencoded;

use crate::face::console::Visit;

/// Characters of one thing that is asked for.
const VALUE_CHARACTERS_MAX: usize = 120;

/// What an address asks for.
#[derive(Clone, Debug, Default)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// What this visit's address asks for. Of two with one name the first counts; a value that is too long is cut.
    pub fn of(visit: &Visit) -> Self {
        Self::in_path(&visit.path)
    }

    /// What an address asks for: its path with its query.
    pub fn in_path(path: &str) -> Self {
        let uri: Option<Uri> = path.parse().ok();
        let query = uri.as_ref().and_then(Uri::query).unwrap_or_default();
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value: String = value.chars().take(VALUE_CHARACTERS_MAX).collect();
            found
                .entry(name.into_owned())
                .or_insert(value.trim().to_owned());
        }
        Self(found)
    }

    /// What is asked for under this name; empty where nothing is.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A number; 1 where there is none.
    pub fn page(&self) -> u64 {
        self.get("page").parse().unwrap_or(1).max(1)
    }

    /// The address at `path` that asks for the same, but for these.
    pub fn with(&self, path: &str, others: &[(&str, &str)]) -> String {
        let mut all = self.0.clone();
        for (name, value) in others {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in all.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }
}
