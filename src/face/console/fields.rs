//! What a form sent. It may hold a passphrase or a PIN, so it has no `Debug`, is wiped on drop, and is never logged.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;
use zeroize::{Zeroize, Zeroizing};

/// The fields of a form, by name; of fields with one name all, in their order.
#[derive(Clone, Default)]
pub struct Fields(Arc<BTreeMap<String, Vec<Zeroizing<String>>>>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`, and wipes what it read where nobody else holds it.
    pub(super) fn read(body: Bytes) -> Self {
        let mut fields: BTreeMap<String, Vec<Zeroizing<String>>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&body) {
            let value = Zeroizing::new(value.into_owned());
            fields.entry(name.into_owned()).or_default().push(value);
        }
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        Self(Arc::new(fields))
    }

    /// The field with this name; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or("")
    }

    /// All fields with this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        values.iter().map(|value| value.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for Fields {
    type Rejection = Infallible;

    /// The guard read them; a request that is no form has none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_what_is_missing_is_empty() {
        let fields = Fields::read(Bytes::from_static(b"name=anna&say=a+b%26c&say=2"));
        assert_eq!(fields.get("name"), "anna");
        assert_eq!(fields.all("say").collect::<Vec<_>>(), ["a b&c", "2"]);
        assert_eq!(fields.get("nothing"), "");
    }
}
