//! What a configuration says against itself, without a look at the station's folders.

use std::collections::BTreeSet;

use url::Url;

use super::Config;
use crate::domain::mailer::SheetKind;
use crate::wire::{WireFault, metadata, stationery};

impl Config {
    /// Everything that could not work, whatever the station finds: the tenant, the language and the address of the letters,
    /// places that stand there twice. All objections at once; none when it may run.
    pub fn check(&self) -> Vec<String> {
        let mut objections = self.check_entra();
        objections.extend(self.check_templates());
        objections.extend(self.check_sign_in());
        objections.extend(self.check_paper());
        objections.extend(self.check_console());
        objections.extend(metadata::objection(self));
        if !self.slots.hid && !self.slots.readers {
            objections.push(
                "[slots] hid and readers are both false, so no key would ever be seen; set one of them to true".to_owned(),
            );
        }
        let mut seen = BTreeSet::new();
        for place in &self.slots.places {
            if !seen.insert(place) {
                objections.push(format!(
                    "[slots] places has `{place}` twice; one place is one slot"
                ));
            }
        }
        objections
    }

    /// The templates, the language and the layout of the letters.
    pub fn check_templates(&self) -> Vec<String> {
        let templates = match stationery::templates(self) {
            Ok(templates) => templates,
            Err(WireFault::Config(fault)) => return vec![fault.what],
            Err(fault) => return vec![fault.to_string()],
        };
        let mut objections = Vec::new();
        let known: Vec<&str> = templates.languages().collect();
        let language = self.letters.language.as_str();
        if !known.contains(&language) {
            objections.push(format!(
                "[letters] language is `{language}`, and no letter has it; there are {}",
                known.join(", ")
            ));
        }
        let known: Vec<&str> = templates
            .profiles()
            .filter(|(_, kinds)| kinds.contains(&SheetKind::Pin))
            .map(|(name, _)| name)
            .collect();
        let profile = self.paper.profile.as_str();
        if !known.contains(&profile) {
            let why = format!(
                "is `{}`, and no profile of PIN letters has that name; there are {}",
                profile.escape_debug(),
                known.join(", ")
            );
            objections.push(self.about_paper("profile", &why));
        }
        objections
    }

    /// The letter sends people there to sign in: only https proves where they are.
    fn check_sign_in(&self) -> Option<String> {
        let address = self.letters.sign_in.as_str();
        let fits = Url::parse(address).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        (!fits).then(|| {
            format!(
                "[letters] sign_in is `{address}`; it takes an address that begins with https://"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objections(text: &str) -> Vec<String> {
        Config::parse(text).expect("it parses").check()
    }

    #[test]
    fn a_filled_in_template_has_no_objection() {
        let text = "[entra]\ntenant = \"contoso.com\"\nclient_id = \"5f0f1c2e-8f0f-4c5e-9f3c-0a1b2c3d4e5f\"\n";
        assert_eq!(objections(text), Vec::<String>::new());
    }

    #[test]
    fn all_that_cannot_work_is_told_at_once() {
        let told = objections(
            "[letters]\nlanguage = \"tlh\"\nsign_in = \"http://contoso.com\"\n[slots]\nhid = false\nreaders = false\nplaces = [\"a\", \"b\", \"a\"]\n",
        );
        let beginnings = [
            "[entra] tenant is not filled in",
            "[entra] client_id is not filled in",
            "[letters] language is `tlh`, and no letter has it; there are ar, de, en, es, fr, he, it, ja, nl, pl, pt, sv",
            "[letters] sign_in is `http://contoso.com`",
            "[slots] hid and readers are both false",
            "[slots] places has `a` twice",
        ];
        assert_eq!(told.len(), beginnings.len(), "{told:?}");
        for (told, beginning) in told.iter().zip(beginnings) {
            assert!(told.starts_with(beginning), "{told}");
        }
    }
}
