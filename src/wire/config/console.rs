//! What `[console]` and `[bench]` say: where the pages are served, to whom, and which slots stand together. It reads no secret.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::Path;

use serde::Deserialize;

use super::Config;
use crate::adapter::entra::SecretSource;
use crate::domain::authenticator::Slot;
use crate::face::console::routes::is_no_bench;
use crate::face::console::words::Words;

/// Characters of a bench's name.
const BENCH_CHARACTERS_MAX: usize = 32;
/// Minutes: a day.
const IDLE_MINUTES_MAX: u32 = 24 * 60;
/// Hours: a week.
const SESSION_HOURS_MAX: u32 = 7 * 24;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleSection {
    pub listen: String,
    #[serde(default)]
    pub certificate: Option<SecretSource>,
    #[serde(default)]
    pub key: Option<SecretSource>,
    pub hosts: Vec<String>,
    pub language: String,
    pub sounds: bool,
    pub idle_minutes: u32,
    pub session_hours: u32,
}

/// Slots that stand together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchSection {
    pub slots: Vec<u16>,
}

impl ConsoleSection {
    /// Paths from the root.
    pub(super) fn root(&mut self, root: &Path) {
        for source in [&mut self.certificate, &mut self.key].into_iter().flatten() {
            if let SecretSource::File(file) = source {
                *file = root.join(&*file);
            }
        }
    }

    /// The address that it is served at; `None`: at none.
    ///
    /// # Errors
    /// In words, when that is no address.
    pub fn address(&self) -> Result<Option<SocketAddr>, String> {
        let listen = self.listen.trim();
        if listen.is_empty() {
            return Ok(None);
        }
        listen.parse().map(Some).map_err(|_| {
            format!(
                "[console] listen is `{}`; it takes an address and a port, such as \"127.0.0.1:8137\" or \"[::1]:8137\", or \"\" for no console",
                listen.escape_debug()
            )
        })
    }
}

impl Config {
    /// Which slots stand on which bench.
    pub fn benches(&self) -> BTreeMap<String, Vec<Slot>> {
        let slots = |bench: &BenchSection| bench.slots.iter().copied().map(Slot).collect();
        self.bench
            .iter()
            .map(|(name, bench)| (name.clone(), slots(bench)))
            .collect()
    }

    /// What of the console could not work, or would be dangerous.
    pub fn check_console(&self) -> Vec<String> {
        let console = &self.console;
        let mut objections = Vec::new();
        let whole = match (&console.certificate, &console.key) {
            (Some(_), Some(_)) => true,
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => {
                objections.push(
                    "[console] certificate and key go together; name both, or none".to_owned(),
                );
                true
            }
        };
        match console.address() {
            // Passphrases and the work of the bench would cross the network in clear.
            Ok(Some(address)) if !address.ip().is_loopback() && !whole => objections.push(format!(
                "[console] listen is `{address}`, which others reach, and that takes TLS; name certificate and key, or listen at 127.0.0.1"
            )),
            // Each browser calls a server by a name, and a name that is not ours gets no answer.
            Ok(Some(address)) if address.ip().is_unspecified() && console.hosts.is_empty() => {
                objections.push(format!(
                    "[console] listen is `{address}`, all addresses of this computer; name in hosts how browsers call it, such as [\"bench1.contoso.com\"]"
                ));
            }
            Ok(_) => {}
            Err(objection) => objections.push(objection),
        }
        for host in &console.hosts {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            let v6 = host
                .strip_prefix('[')
                .and_then(|inner| inner.strip_suffix(']'))
                .is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
            if !v6 && (host.is_empty() || !host.chars().all(plain)) {
                objections.push(format!(
                    "[console] hosts has `{}`; it takes names without https://, port and path, such as \"bench1.contoso.com\"",
                    host.escape_debug()
                ));
            }
        }
        if Words::of(&console.language).is_none() {
            let known: Vec<&str> = Words::languages().map(|(tag, _)| tag).collect();
            objections.push(format!(
                "[console] language is `{}`, and the console does not speak it; there are {}",
                console.language.escape_debug(),
                known.join(", ")
            ));
        }
        let limits = [
            ("idle_minutes", console.idle_minutes, IDLE_MINUTES_MAX),
            ("session_hours", console.session_hours, SESSION_HOURS_MAX),
        ];
        for (setting, value, most) in limits {
            if !(1..=most).contains(&value) {
                objections.push(format!(
                    "[console] {setting} is {value}; it takes 1 to {most}"
                ));
            }
        }
        objections.extend(self.check_benches());
        objections
    }

    fn check_benches(&self) -> Vec<String> {
        let mut objections = Vec::new();
        let mut stands: BTreeMap<u16, &str> = BTreeMap::new();
        for (name, bench) in &self.bench {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name.len() > BENCH_CHARACTERS_MAX || !name.chars().all(plain) {
                objections.push(format!(
                    "[bench] has `{}`; the name of a bench is part of an address: small letters, digits and hyphens, {BENCH_CHARACTERS_MAX} at most",
                    name.escape_debug()
                ));
            }
            if is_no_bench(name) {
                objections.push(format!(
                    "[bench] has `{name}`, which is something else under /bench; give the bench another name"
                ));
            }
            for slot in &bench.slots {
                if *slot == 0 {
                    objections.push(format!("[bench] {name} has slot 0; slots count from 1"));
                } else if let Some(other) = stands.insert(*slot, name) {
                    objections.push(format!(
                        "[bench] {name} has slot {slot}, which {}; a slot stands on one bench",
                        if other == name {
                            "stands there twice".to_owned()
                        } else {
                            format!("{other} has as well")
                        }
                    ));
                }
            }
        }
        objections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str =
        "[entra]\ntenant = \"contoso.com\"\nclient_id = \"5f0f1c2e-8f0f-4c5e-9f3c-0a1b2c3d4e5f\"\n";

    fn objections(text: &str) -> Vec<String> {
        Config::parse(&format!("{TENANT}{text}"))
            .expect("it parses")
            .check()
    }

    fn refused(text: &str, words: &[&str]) {
        let told = objections(text);
        assert_eq!(told.len(), words.len(), "{told:?}");
        for (told, words) in told.iter().zip(words) {
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn the_usual_console_is_for_this_computer_alone() {
        let config = Config::parse(TENANT).expect("it parses");
        let address = config.console.address().expect("an address");
        assert_eq!(address, Some(([127, 0, 0, 1], 8137).into()));
        assert!(config.benches().is_empty());
        let none = Config::parse("[console]\nlisten = \"\"\n").expect("it parses");
        assert_eq!(none.console.address(), Ok(None));
    }

    #[test]
    fn others_reach_it_only_under_tls() {
        refused(
            "[console]\nlisten = \"0.0.0.0:8137\"\n",
            &["that takes TLS"],
        );
        refused("[console]\nlisten = \"[::]:8137\"\n", &["that takes TLS"]);
        refused(
            "[console]\nlisten = \"10.0.0.1:8137\"\ncertificate = { file = \"c.pem\" }\n",
            &["go together"],
        );
        let whole = "[console]\nlisten = \"10.0.0.1:8137\"\ncertificate = { file = \"c.pem\" }\nkey = { credential = \"k\" }\n";
        assert_eq!(objections(whole), Vec::<String>::new());
        refused(
            &whole.replace("10.0.0.1", "0.0.0.0"),
            &["name in hosts how browsers call it"],
        );
        assert_eq!(
            objections("[console]\nlisten = \"[::1]:8137\"\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        refused(
            "[console]\nlisten = \"localhost\"\nhosts = [\"https://a.example\", \"a.example:1\", \"[::1]\"]\nlanguage = \"tlh\"\nidle_minutes = 0\nsession_hours = 9999\n",
            &[
                "listen is `localhost`",
                "hosts has `https://a.example`",
                "hosts has `a.example:1`",
                "there are de, en",
                "idle_minutes is 0",
                "session_hours is 9999",
            ],
        );
    }

    #[test]
    fn a_slot_stands_on_one_bench() {
        let config = Config::parse("[bench.left]\nslots = [1, 2]\n[bench.right]\nslots = [3]\n");
        let benches = config.expect("it parses").benches();
        assert_eq!(benches["left"], [Slot(1), Slot(2)]);
        assert_eq!(benches["right"], [Slot(3)]);
        refused(
            "[bench]\nleft = { slots = [1, 1, 2] }\nright = { slots = [2, 0] }\n\"a/b\" = { slots = [] }\n",
            &[
                "[bench] has `a/b`",
                "left has slot 1, which stands there twice",
                "right has slot 2, which left has as well",
                "right has slot 0",
            ],
        );
        for name in ["events", "answer", "line"] {
            refused(
                &format!("[bench.{name}]\nslots = [1]\n"),
                &["which is something else under /bench"],
            );
        }
        let typo = Config::parse("[bench.left]\nslot = [1]\n").expect_err("a typo must not run");
        assert!(typo.contains("`left`") && typo.contains("slot"), "{typo}");
    }

    #[test]
    fn a_key_in_the_configuration_is_refused_and_not_repeated() {
        let told = Config::parse("[console]\nkey = \"-----BEGIN PRIVATE KEY-----\"\n")
            .expect_err("a secret has no place there");
        assert!(
            !told.contains("BEGIN") && told.starts_with("line 2"),
            "{told}"
        );
    }
}
