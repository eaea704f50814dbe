//! A browser as a test can be one: signs in, asks for pages, sends forms, reads the stream of events.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use serde_json::Value;

use super::hall::{Hall, PASSPHRASE};

/// Somebody with a session.
pub(crate) struct Guest {
    client: Client,
    home: String,
    pub(crate) cookie: String,
    csrf: String,
}

impl Guest {
    /// Signs in as `name`.
    pub(crate) fn sign_in(hall: &Hall, name: &str) -> Self {
        // A provider that another test has set is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(None)
            .build()
            .expect("a client");
        let mut guest = Self {
            client,
            home: hall.url(""),
            cookie: String::new(),
            csrf: String::new(),
        };
        let answer = guest.post("/sign-in", &[("name", name), ("passphrase", PASSPHRASE)]);
        let location = answer.headers().get(LOCATION);
        assert!(
            location.is_some(),
            "{}: {:?}",
            answer.status(),
            answer.text()
        );
        let cookie = answer.headers().get(SET_COOKIE).expect("a cookie");
        let cookie = cookie.to_str().expect("text").split(';').next();
        guest.cookie = cookie.expect("a cookie").to_owned();
        let page = guest.get("/bench").text().expect("a page");
        let csrf = page.split("data-csrf=\"").nth(1).expect("a token");
        guest.csrf = csrf.split('"').next().expect("a token").to_owned();
        guest
    }

    /// The same browser before anybody signed in.
    pub(crate) fn stranger(&self) -> Self {
        Self {
            client: self.client.clone(),
            home: self.home.clone(),
            cookie: String::new(),
            csrf: String::new(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.home));
        let request = request.header(COOKIE, &self.cookie);
        request
            .header("accept", "text/html")
            .send()
            .expect("an answer")
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.client.post(format!("{}{path}", self.home));
        request
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, &self.home)
            .header("x-keyline-csrf", &self.csrf)
            .form(fields)
            .send()
            .expect("an answer")
    }

    /// What a button told: whether it did anything, and its message.
    pub(crate) fn press(&self, path: &str, fields: &[(&str, &str)]) -> (bool, String) {
        let answer: Value = self.post(path, fields).json().expect("an answer");
        let message = answer["message"].as_str().expect("a message").to_owned();
        (answer["ok"].as_bool().expect("a verdict"), message)
    }

    /// The stream of events of a bench.
    pub(crate) fn events(&self, query: &str) -> Events {
        let answer = self.get(&format!("/bench/events{query}"));
        let kind = answer.headers().get(CONTENT_TYPE).expect("a kind");
        assert_eq!(kind, "text/event-stream", "{}", answer.status());
        Events {
            lines: BufReader::new(answer),
            shown: BTreeMap::new(),
            parts_seen: 0,
        }
    }
}

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// What a window hears, and what it shows after that.
pub(crate) struct Events {
    lines: BufReader<Response>,
    pub(crate) shown: BTreeMap<String, String>,
    parts_seen: usize,
}

impl Events {
    /// The next event; `None`: the stream is over.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let (mut kind, mut data) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            match line.split_once(": ").or_else(|| line.split_once(':')) {
                Some(("event", value)) => value.clone_into(&mut kind),
                Some(("data", value)) => data.push_str(value),
                Some(_) => {}
                None if data.is_empty() => {}
                None => break,
            }
        }
        let data = serde_json::from_str(&data).expect("JSON");
        Some(Event { kind, data })
    }

    /// The names of the parts of the next event that has any. Each is another than what was shown before.
    pub(crate) fn next_parts(&mut self) -> Vec<String> {
        loop {
            let event = self.next().expect("an event");
            if event.kind != "parts" {
                continue;
            }
            let parts = event.data["parts"].as_object().expect("parts");
            for (name, text) in parts {
                let text = text.as_str().expect("HTML").to_owned();
                let before = self.shown.insert(name.clone(), text.clone());
                assert_ne!(before.as_ref(), Some(&text), "{name} was sent again");
            }
            self.parts_seen += 1;
            return parts.keys().cloned().collect();
        }
    }

    /// Reads on until the window shows that. What came meanwhile, part by part.
    pub(crate) fn until(&mut self, part: &str, says: &str) -> Vec<(String, String)> {
        let mut came = Vec::new();
        while !self.shown.get(part).is_some_and(|text| text.contains(says)) {
            for name in self.next_parts() {
                came.push((name.clone(), self.shown[&name].clone()));
            }
        }
        came
    }
}
