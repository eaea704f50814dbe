//! What a policy would do for a chosen person, in the visitor's words. The facts are [`crate::app::forecast`]'s.

use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use crate::app::forecast::{Expected, Language, Subject, forecast};
use crate::app::people::LeftOut;
use crate::domain::authenticator::Attachment;
use crate::domain::model;
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::pin::Alphabet;
use crate::domain::policy::{Address, AttestationRule, DeleteScope, RevokedModels, UsedKeys};
use crate::face::console::office::{self, encoded};
use crate::face::console::page::{self, Shell};
use crate::face::console::people::left_out;
use crate::face::console::visit::{Visit, query};
use crate::face::console::words::Words;
use crate::face::console::wrong::{self, Trouble, Wrong, trouble};
use crate::face::say::{Complaint, ExitCode, clean, people as say};

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    shell: Shell,
    policies: Vec<(String, bool)>,
    user: String,
    /// The address of the part; empty before somebody was chosen.
    part: String,
}

#[derive(Template)]
#[template(path = "part-preview.html")]
struct Part {
    shell: Shell,
    who: String,
    policy: String,
    lines: Vec<String>,
    /// Why the list of the person's passkeys is not known.
    unknown: Option<Trouble>,
}

/// `GET /policies/preview`: `policy`, `user`.
pub(in crate::face::console) async fn preview(visit: Visit, uri: Uri) -> Response {
    let office = match office::office(&visit) {
        Ok(office) => office,
        Err(refusal) => return *refusal,
    };
    let default = office.policies.default_name.clone();
    let policy = query(&uri, "policy").unwrap_or(default);
    let user = query(&uri, "user").unwrap_or_default().trim().to_owned();
    let part = if user.is_empty() {
        String::new()
    } else {
        format!(
            "/policies/preview/expected?policy={}&user={}",
            encoded(&policy),
            encoded(&user)
        )
    };
    let names = office.policies.by_name.keys();
    page::page(
        StatusCode::OK,
        &Preview {
            shell: Shell::of(&visit),
            policies: names.map(|name| (name.clone(), *name == policy)).collect(),
            user,
            part,
        },
    )
}

/// `GET /policies/preview/expected`: `policy`, `user`. It asks Entra, and changes nothing.
pub(in crate::face::console) async fn expected(visit: Visit, uri: Uri) -> Response {
    let name = query(&uri, "policy").unwrap_or_default();
    let user = query(&uri, "user").unwrap_or_default();
    let (asked, words) = (name.clone(), visit.words);
    let found = office::ask(&visit, move |shared, office| {
        let user = crate::face::say::keys::person(&user)?;
        let Some(policy) = office.policies.by_name.get(&asked) else {
            return Err(Complaint::new(
                ExitCode::Usage,
                format!("There is no policy `{}`.", clean(&asked)),
                "Choose one of the list.",
            )
            .into());
        };
        let reader = office.reader(shared.clock.as_ref());
        let person = reader.person(user);
        let person = person.map_err(|fault| Wrong::denied(fault, say::READ_USERS))?;
        let listed = office.tenant.credentials(user);
        let methods = listed.iter().flatten().map(|one| one.method.clone());
        let live = shared.ledger.live_among(&methods.collect::<Vec<_>>())?;
        let subject = Subject {
            person: &person,
            listed: listed.as_deref().ok(),
            live,
            languages: &office.rules.languages,
        };
        let expected = forecast(&office.policies, policy, &subject);
        let lines: Vec<String> = expected.iter().map(|one| line(words, one)).collect();
        let unknown = listed
            .err()
            .map(|fault| Wrong::denied(fault, say::READ_KEYS));
        Ok((clean(person.label()), lines, unknown))
    });
    match found.await {
        Ok((who, lines, unknown)) => page::page(
            StatusCode::OK,
            &Part {
                shell: Shell::of(&visit),
                who,
                policy: clean(&name),
                lines,
                unknown: unknown.map(|wrong| Trouble::of(&wrong, visit.words)),
            },
        ),
        Err(wrong) => trouble(&visit, &wrong),
    }
}

/// One expectation as a sentence.
fn line(words: &Words, expected: &Expected) -> String {
    let say = |key: &str| words.say(key).to_owned();
    match expected {
        Expected::NoJob(LeftOut::Guest) => say("preview.guest"),
        Expected::NoJob(LeftOut::Withheld) => say("preview.withheld"),
        Expected::NoJob(why) => wrong::line(&left_out(why, words)),
        Expected::WaitsForAccount => say("preview.waits_for_account"),
        Expected::MadeThoughDisabled => say("preview.made_though_disabled"),
        Expected::Wiped { blank_spared: true } => say("preview.wiped_unless_blank"),
        Expected::Wiped {
            blank_spared: false,
        } => say("preview.wiped"),
        Expected::Kept => say("preview.kept"),
        Expected::Used(UsedKeys::Ask) => say("preview.used_ask"),
        Expected::Used(UsedKeys::Reset) => say("preview.used_reset"),
        Expected::Used(UsedKeys::Refuse) => say("preview.used_refuse"),
        Expected::Models(models) => {
            let names = models
                .iter()
                .map(|one| model::name(*one, Attachment::Pcsc, ""));
            let names: Vec<String> = names.collect();
            words.fill("preview.models", &[("models", names.join(", ").as_str())])
        }
        Expected::Revoked(RevokedModels::Refuse) => say("preview.revoked_refuse"),
        Expected::Revoked(RevokedModels::Warn) => say("preview.revoked_warn"),
        Expected::Attestation(AttestationRule::Verify) => say("preview.attestation_verify"),
        Expected::Attestation(AttestationRule::Warn) => say("preview.attestation_warn"),
        Expected::PinDrawn { length, alphabet } => drawn(words, *length, *alphabet),
        Expected::PinGiven => say("preview.pin_given"),
        Expected::PinShown => say("preview.pin_shown"),
        Expected::PinMinimum(length) => words.count("preview.pin_minimum", *length),
        Expected::PinChangeForced => say("preview.pin_change"),
        Expected::PinAlwaysAsked => say("preview.pin_always"),
        Expected::Named(template) => words.fill("preview.named", &[("template", template)]),
        Expected::Letter {
            language,
            address,
            confirm,
        } => letter(words, language, *address, *confirm),
        Expected::NoLetter => say("preview.no_letter"),
        Expected::Bagged { bagging, gap_days } => bagged(words, *bagging, *gap_days),
        Expected::DeletedAtOnce(names) => deleted(words, "preview.deleted_now", names),
        Expected::DeletedAfterHandOver(names) => deleted(words, "preview.deleted_later", names),
        Expected::Stay(count) => words.count("preview.stay", *count),
        Expected::ListUnknown(DeleteScope::SecurityKeys) => say("preview.unknown_keys"),
        Expected::ListUnknown(DeleteScope::AllPasskeys) => say("preview.unknown_passkeys"),
    }
}

fn drawn(words: &Words, length: usize, alphabet: Alphabet) -> String {
    let key = match alphabet {
        Alphabet::Digits => "preview.pin_digits",
        Alphabet::Alphanumeric => "preview.pin_letters",
    };
    words.count(key, length)
}

fn letter(words: &Words, language: &Language, address: Address, confirm: Confirm) -> String {
    let key = if language.own {
        "preview.letter_own"
    } else {
        "preview.letter"
    };
    let address = match address {
        Address::Required => "preview.address_required",
        Address::InternalMail => "preview.internal_mail",
    };
    let confirm = match confirm {
        Confirm::Scan => "preview.confirm_scan",
        Confirm::Key => "preview.confirm_key",
        Confirm::Device => "preview.confirm_device",
    };
    let letter = words.fill(key, &[("language", language.tag.as_str())]);
    format!("{letter} {} {}", words.say(address), words.say(confirm))
}

fn bagged(words: &Words, bagging: Bagging, gap_days: u32) -> String {
    let key = match bagging {
        Bagging::Scan => "preview.bag_scan",
        Bagging::Key | Bagging::None => "preview.bag_key",
    };
    let days = usize::try_from(gap_days).unwrap_or(usize::MAX);
    format!("{} {}", words.say(key), words.count("preview.gap", days))
}

fn deleted(words: &Words, key: &str, names: &[String]) -> String {
    let shown: Vec<String> = names.iter().map(|name| clean(name)).collect();
    format!("{} {}", words.count(key, names.len()), shown.join(", "))
}
