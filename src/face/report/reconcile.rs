//! `keyline reconcile`

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::app::reconcile::{Difference, Report};
use crate::face::grid::{self, Side};
use crate::face::report::{json, written};
use crate::face::say::{self, Complaint, clean::clean, fault};
use crate::port::Trial;

/// Writes what differs and what was counted. `test`: a test passkey that may be at Entra.
///
/// # Errors
/// When `to` fails.
pub fn reconcile(
    report: &Report,
    test: Option<&Trial>,
    as_json: bool,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        if as_json {
            json::write(&value(report, test), to)
        } else {
            text(report, test, to)
        }
    })
}

/// Writes, for scripts, why nothing could be compared.
///
/// # Errors
/// When `to` fails.
pub fn not_compared(why: &Complaint, to: &mut dyn Write) -> Result<(), Complaint> {
    let told = json!({ "compared": false, "error": json::error(why) });
    written(to, |to| json::write(&told, to))
}

fn text(report: &Report, test: Option<&Trial>, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{}", say::reconcile::verdict(report, test))?;
    if !report.differences.is_empty() {
        writeln!(to)?;
        let columns = [
            ("user", Side::Left),
            ("job", Side::Right),
            ("passkey", Side::Left),
            ("what", Side::Open),
        ];
        let rows: Vec<[String; 4]> = report.differences.iter().map(cells).collect();
        grid::write(columns, &rows, to)?;
    }
    if !report.failed.is_empty() {
        writeln!(to, "\nNot compared:")?;
        for (user, why) in &report.failed {
            writeln!(to, "  {}: {}", clean(user), fault::message(why))?;
        }
    }
    writeln!(to)?;
    say::reconcile::totals(report)
        .iter()
        .try_for_each(|line| writeln!(to, "{line}"))
}

fn cells(difference: &Difference) -> [String; 4] {
    let dash = || "-".to_owned();
    let name = if difference.display_name.is_empty() {
        difference
            .method
            .as_ref()
            .map_or_else(dash, |id| id.0.clone())
    } else {
        difference.display_name.clone()
    };
    [
        difference.user.clone(),
        difference.job.map_or_else(dash, |job| job.to_string()),
        name,
        say::reconcile::what(difference),
    ]
}

fn value(report: &Report, test: Option<&Trial>) -> Value {
    let differences: Vec<Value> = report.differences.iter().map(of_difference).collect();
    let failed: Vec<Value> = report
        .failed
        .iter()
        .map(|(user, why)| json!({ "user": user, "why": json::held(why) }))
        .collect();
    json!({
        "compared": true,
        "people": report.people,
        "agreeing": report.agreeing,
        "in_flight": report.in_flight,
        "replaced": report.replaced,
        "foreign": {
            "security_keys": report.foreign_keys,
            "other_passkeys": report.foreign_passkeys,
        },
        "differences": differences,
        "failed": failed,
        "test_passkey": test.map(of_test),
    })
}

fn of_test(test: &Trial) -> Value {
    json!({
        "user": test.user,
        "credential": test.credential,
        "name": test.display_name,
        "begun": test.begun,
    })
}

fn of_difference(difference: &Difference) -> Value {
    json!({
        "user": difference.user,
        "what": say::reconcile::word(difference.kind),
        "job": difference.job,
        "credential": difference.credential,
        "method": difference.method,
        "name": difference.display_name,
        "removal": difference.removal.map(say::reconcile::removal),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::app::reconcile::{Kind, Removal};
    use crate::domain::credential::{CredentialId, MethodId};
    use crate::domain::fault::Fault;
    use crate::domain::job::JobId;
    use crate::domain::time::Timestamp;
    use crate::face::say::ExitCode;

    fn differs(kind: Kind, removal: Option<Removal>) -> Difference {
        let known = kind != Kind::Unclaimed;
        Difference {
            user: "anna@contoso.com".to_owned(),
            kind,
            job: known.then_some(JobId(7)),
            credential: known.then(|| CredentialId(vec![0xAB; 4])),
            method: Some(MethodId("q6urqw2".to_owned())),
            display_name: if kind == Kind::Missing {
                String::new()
            } else {
                "32070001 Key\u{1b}[2J".to_owned()
            },
            removal,
        }
    }

    fn report(differences: Vec<Difference>) -> Report {
        Report {
            people: 1,
            agreeing: 1,
            in_flight: 1,
            replaced: 2,
            foreign_keys: 1,
            foreign_passkeys: 3,
            differences,
            failed: Vec::new(),
        }
    }

    fn told(report: &Report) -> String {
        let mut text = Vec::new();
        reconcile(report, None, false, &mut text).expect("room");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn every_difference_is_told_in_a_line_of_its_own() {
        let mut all = report(vec![
            differs(Kind::Missing, None),
            differs(Kind::Abandoned, None),
            differs(Kind::Abandoned, Some(Removal::Deleted)),
            differs(Kind::Abandoned, Some(Removal::HandedOver)),
            differs(Kind::Abandoned, Some(Removal::Left)),
            differs(Kind::Returned, None),
            differs(Kind::Unclaimed, None),
            differs(Kind::Ambiguous, None),
        ]);
        let fault = Fault::UserUnknown {
            request_id: "r-9".to_owned(),
            code: String::new(),
            message: String::new(),
        };
        all.failed.push(("bo@contoso.com".to_owned(), fault));
        expect![[r#"
            7 differences between the ledger and the tenant.

            user              job  passkey           what
            anna@contoso.com    7  q6urqw2           registered in the ledger, but not at Entra
            anna@contoso.com    7  32070001 Key�[2J  given up in the journal, but at Entra
            anna@contoso.com    7  32070001 Key�[2J  given up in the journal, but at Entra: deleted now
            anna@contoso.com    7  32070001 Key�[2J  given up in the journal, but at Entra: the running station deletes it
            anna@contoso.com    7  32070001 Key�[2J  given up in the journal, but at Entra: left alone, it is no longer there or may be in use
            anna@contoso.com    7  32070001 Key�[2J  deleted in the ledger, but at Entra
            anna@contoso.com    -  32070001 Key�[2J  named like a key of this station, but not in the ledger
            anna@contoso.com    7  32070001 Key�[2J  one of several that could be the same passkey of the ledger

            Not compared:
              bo@contoso.com: The tenant does not know this user. The request was r-9.

            1 person compared: 1 passkey agrees, 1 being enrolled, 2 about to be deleted by the station because a newer key takes its place.
            Not of this station, and not judged: 1 security key, 3 passkeys in phones or computers.
        "#]].assert_eq(&told(&all));
        assert_eq!(say::reconcile::hints(&all).len(), 5);
        assert_eq!(say::reconcile::exit(&all), ExitCode::Waiting);
        let mut text = Vec::new();
        reconcile(&all, None, true, &mut text).expect("room");
        let value: Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(value["differences"][3]["removal"], "handed_over");
        assert_eq!(value["failed"][0]["user"], "bo@contoso.com");
    }

    #[test]
    fn a_test_passkey_that_may_be_left_is_no_agreement() {
        let test = Trial {
            user: "test@contoso.com".to_owned(),
            credential: CredentialId(vec![1; 4]),
            display_name: "keyline test 1\u{1b}".to_owned(),
            begun: Timestamp(0),
        };
        let told = |report: &Report, as_json| {
            let mut text = Vec::new();
            reconcile(report, Some(&test), as_json, &mut text).expect("room");
            String::from_utf8(text).expect("text")
        };
        let alike = told(&report(Vec::new()), false);
        expect![[r#"
            The ledger and the tenant agree, but for a test passkey that may be at Entra: keyline test 1�, of test@contoso.com.

            1 person compared: 1 passkey agrees, 1 being enrolled, 2 about to be deleted by the station because a newer key takes its place.
            Not of this station, and not judged: 1 security key, 3 passkeys in phones or computers.
        "#]].assert_eq(&alike);
        let differs = told(&report(vec![differs(Kind::Missing, None)]), false);
        assert!(
            differs.starts_with("1 difference between the ledger and the tenant, and a test"),
            "{differs}"
        );
        let value: Value = serde_json::from_str(&told(&report(Vec::new()), true)).expect("JSON");
        assert_eq!(value["test_passkey"]["user"], "test@contoso.com");
        assert_eq!(value["test_passkey"]["name"], "keyline test 1\u{1b}");
    }

    #[test]
    fn what_was_deleted_no_longer_differs() {
        let done = report(vec![differs(Kind::Abandoned, Some(Removal::Deleted))]);
        assert!(told(&done).starts_with("The ledger and the tenant agree.\n"));
        assert_eq!(say::reconcile::exit(&done), ExitCode::Done);
        assert_eq!(say::reconcile::hints(&done), Vec::<&str>::new());
    }
}
