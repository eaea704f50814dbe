//! Whether the letters of a configuration can be made at all, in each of its languages and for each of its policies, and which
//! setting is to be mended where not. Sets sheets and throws them away; writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::paper::{Composer, Letterhead, Templates};
use crate::app::Policies;
use crate::domain::fault::Fault;
use crate::domain::mailer::SheetKind;
use crate::face::report::specimen::{Outcome, Trial};
use crate::face::say::news::sentence;
use crate::wire::config::Config;
use crate::wire::trials::{Bench, Sample};

/// An organisation that any layout has room for.
const SHORT_ORGANISATION: &str = "Contoso";

/// What stands in the way of letters.
#[derive(Debug, Default)]
pub(super) struct Unsettable {
    /// In the station's own language.
    pub(super) objections: Vec<String>,
    /// As `objections`, of a policy's PIN.
    pub(super) policies: Vec<String>,
    /// In another language, which a job file may name.
    pub(super) warnings: Vec<String>,
}

/// A setting, and why no letter can be made with it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Blame {
    setting: String,
    is_policy: bool,
    why: String,
}

/// Sets the PIN letter in every language for every policy. A language for whose script there is no font is told of where jobs have
/// `asked_for` it: otherwise nobody needs it, and a job file that names it is told of when it comes. `composer` is the configuration's; afterwards it is of no more use.
///
/// # Errors
/// What is no matter of the letter.
pub(super) fn examine(
    config: &Config,
    templates: &Templates,
    composer: Composer,
    policies: &Policies,
    asked_for: &BTreeSet<String>,
) -> Result<Unsettable, Fault> {
    let mut examiner = Examiner {
        config,
        asked_for,
        templates,
        composer,
        policies,
    };
    let mut blamed: BTreeMap<Blame, Vec<String>> = BTreeMap::new();
    for language in templates.languages() {
        for blame in examiner.blame(language)? {
            blamed.entry(blame).or_default().push(language.to_owned());
        }
    }
    let mut found = Unsettable::default();
    for (blame, languages) in blamed {
        let told = format!(
            "{}: no letter in {} can be made: {}",
            blame.setting,
            languages.join(", "),
            sentence(&blame.why)
        );
        if !languages.contains(&config.letters.language) {
            found.warnings.push(told);
        } else if blame.is_policy {
            found.policies.push(told);
        } else {
            found.objections.push(told);
        }
    }
    Ok(found)
}

struct Examiner<'a> {
    config: &'a Config,
    asked_for: &'a BTreeSet<String>,
    templates: &'a Templates,
    composer: Composer,
    policies: &'a Policies,
}

impl Examiner<'_> {
    /// What has to be mended before letters in `language` can be made; empty when they can.
    fn blame(&mut self, language: &str) -> Result<Vec<Blame>, Fault> {
        let all = || std::iter::once(Sample::usual()).chain(Sample::drawn(self.policies));
        let as_configured = self.config.letterhead();
        let pins = all().collect();
        let failed = self.failure(as_configured, language, pins)?;
        let Some(failed) = failed else {
            return Ok(Vec::new());
        };
        if let Outcome::NoFont(why) = failed.outcome {
            if language == self.config.letters.language {
                return Ok(vec![blame("[letters] language", why)]);
            }
            if !self.asked_for.contains(language) {
                return Ok(Vec::new());
            }
            let why = format!(
                "{why}. Open jobs ask for it and are held until there is one: name a font file that has the script (of the Noto family, for example) in `fonts`, or cancel those jobs and drop them in another language"
            );
            return Ok(vec![blame("[paper] fonts", why)]);
        }
        // Each setting alone, with nothing else that could be in the way.
        let mut found = Vec::new();
        for (setting, head) in self.heads() {
            if let Some(why) = self.why(head, language, Sample::usual())? {
                found.push(blame(setting, why));
            }
        }
        if let Some(why) = self.why(plain(), language, Sample::usual())? {
            return Ok(vec![blame("[paper] profile", why)]);
        }
        let drawn: Vec<Sample> = Sample::drawn(self.policies).collect();
        for sample in drawn {
            let Some(name) = sample.policy.clone() else {
                continue;
            };
            if let Some(why) = self.why(plain(), language, sample)? {
                let folder = &self.config.queue.policies;
                let file = self.config.path(folder).join(format!("{name}.toml"));
                found.push(Blame {
                    setting: format!("{}: [pin] length", file.display()),
                    is_policy: true,
                    why,
                });
            }
        }
        if found.is_empty() {
            let Outcome::Fails(why) = failed.outcome else {
                return Ok(found);
            };
            found.push(blame("[letters]", why));
        }
        Ok(found)
    }

    /// Letterheads in which nothing is long but one setting.
    fn heads(&self) -> [(&'static str, Letterhead); 4] {
        let own = self.config.letterhead();
        let organisation = own.organisation;
        [
            (
                "[letters] organisation",
                Letterhead {
                    organisation,
                    ..plain()
                },
            ),
            (
                "[letters] return_line",
                Letterhead {
                    return_line: own.return_line,
                    ..plain()
                },
            ),
            (
                "[letters] help",
                Letterhead {
                    help: own.help,
                    ..plain()
                },
            ),
            (
                "[letters] sign_in",
                Letterhead {
                    sign_in: own.sign_in,
                    ..plain()
                },
            ),
        ]
    }

    fn why(
        &mut self,
        head: Letterhead,
        language: &str,
        pin: Sample,
    ) -> Result<Option<String>, Fault> {
        let failed = self.failure(head, language, vec![pin])?;
        Ok(failed.and_then(|trial| match trial.outcome {
            Outcome::Fits => None,
            Outcome::NoFont(why) | Outcome::Fails(why) => Some(why),
        }))
    }

    /// The first letter that cannot be set.
    fn failure(
        &mut self,
        head: Letterhead,
        language: &str,
        pins: Vec<Sample>,
    ) -> Result<Option<Trial>, Fault> {
        self.composer.set_letterhead(head);
        let bench = Bench {
            composer: &self.composer,
            templates: self.templates,
            profile: &self.config.paper.profile,
            pins,
            whole: false,
        };
        let tried = bench.tried(SheetKind::Pin, language)?;
        let fits = |trial: &Trial| trial.outcome == Outcome::Fits;
        Ok(tried.into_iter().find(|trial| !fits(trial)))
    }
}

fn plain() -> Letterhead {
    Letterhead::of(SHORT_ORGANISATION)
}

fn blame(setting: &str, why: String) -> Blame {
    Blame {
        setting: setting.to_owned(),
        is_policy: false,
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::stationery;

    fn warnings(asked_for: &[&str]) -> Vec<String> {
        let config = Config::parse("").expect("the defaults");
        let templates = || stationery::templates(&config).expect("templates");
        let composer = stationery::composer(&config, templates()).expect("a composer");
        let policies = Policies {
            by_name: BTreeMap::new(),
            default_name: "standard".to_owned(),
            default_language: "en".to_owned(),
        };
        let asked_for = asked_for.iter().map(|one| (*one).to_owned()).collect();
        let found = examine(&config, &templates(), composer, &policies, &asked_for);
        found.expect("no matter of the ledger").warnings
    }

    #[test]
    fn a_script_without_a_font_is_told_of_where_a_job_needs_it_with_what_to_do() {
        assert_eq!(warnings(&[]), Vec::<String>::new());
        assert_eq!(warnings(&["de", "ar"]), Vec::<String>::new());
        let told = warnings(&["de", "ja"]);
        let [told] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert!(
            told.starts_with("[paper] fonts: no letter in ja can be made")
                && told.contains("name a font file"),
            "{told}"
        );
    }
}
