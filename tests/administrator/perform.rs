//! `keyline entra setup --perform`: from nothing to a tenant in which the station signs in, against the practice tenant. What is there is
//! left alone, a no changes nothing, a cut is made good by running it again, and the sign-in is kept nowhere.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use keyline::adapter::entra::{Api, Delegated, Entra, EntraConfig, Keep, SignInWay};
use keyline::adapter::system::SystemClock;
use keyline::app::tenant_setup::{
    Administrator, Answer, Choice, End, News, Tools, perform, wanted,
};
use keyline::domain::fault::Fault;
use keyline::domain::tenant_setup::course::{Act, Course, Outcome, Step, Stop, Wanted, Wish};
use keyline::domain::tenant_setup::{
    APP_NAME, PublicCertificate, SETUP_CLIENT_ID, SETUP_SCOPES, app_role_id,
};
use keyline::domain::time::Timestamp;
use keyline::face::say;
use keyline::port::{CancelFlag, Clock, OwnCertificate};
use keyline::practice::tenant::{Faults, Operation, SignInAnswer, Tenant, TenantSetup, Trick};
use serde_json::{Value, json};

use crate::{err, files, out};

/// Every request that changes something.
const WRITES: [Operation; 5] = [
    Operation::RegisterApplication,
    Operation::ChangeApplication,
    Operation::MakePrincipal,
    Operation::Assign,
    Operation::ChangePolicy,
];
/// What a station has that nobody asked more for.
const LEAST: [&str; 4] = [
    "UserAuthMethod-Passkey.ReadWrite.All",
    "Policy.Read.All",
    "User.ReadBasic.All",
    "GroupMember.Read.All",
];
/// The steps with a request that changes something, and that request.
const CHANGES: [(Step, Operation); 7] = [
    (Step::Registration, Operation::RegisterApplication),
    (Step::Permissions, Operation::ChangeApplication),
    (Step::Principal, Operation::MakePrincipal),
    (Step::Consent, Operation::Assign),
    (Step::Upload, Operation::ChangeApplication),
    (Step::Policy, Operation::ChangePolicy),
    (Step::SelfService, Operation::ChangePolicy),
];

/// Waits by putting the tenant's clock forward.
struct Hurry(Arc<Tenant>);

impl Clock for Hurry {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn today(&self) -> jiff::civil::Date {
        SystemClock.today()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        self.0
            .advance(i64::try_from(duration.as_millis().div_ceil(1000)).expect("a short wait"));
        !cancel.is_cancelled()
    }
}

/// A certificate in memory.
#[derive(Default)]
struct Pocket(RefCell<Option<PublicCertificate>>);

impl OwnCertificate for Pocket {
    fn there(&self) -> Result<Option<PublicCertificate>, Fault> {
        Ok(self.0.borrow().clone())
    }

    fn make(&self) -> Result<PublicCertificate, Fault> {
        let made = PublicCertificate {
            der: certificate("station"),
            subject: "CN=station".to_owned(),
            thumbprint: "AB".to_owned(),
            valid_until: Timestamp(0),
        };
        *self.0.borrow_mut() = Some(made.clone());
        Ok(made)
    }
}

fn certificate(name: &str) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.self_signed(&key).expect("signed").der().to_vec()
}

/// Says yes to everything but some steps, so often, and remembers what it was asked and told.
struct Person {
    no: Vec<Step>,
    /// After so many a yes it breaks off.
    yes_max: usize,
    asked: Vec<Step>,
    questions: Vec<String>,
    news: Vec<News>,
    /// Permissions about which it was asked, and those that it does not want.
    choices: Vec<&'static str>,
    unwanted: Vec<&'static str>,
    /// Takes nothing for the station's that bears its name.
    no_adoption: bool,
    /// Where somebody else makes an app registration of the name as soon as one shall be made.
    rival: Option<Arc<Tenant>>,
}

impl Person {
    fn agreeing() -> Self {
        Self {
            no: Vec::new(),
            yes_max: usize::MAX,
            asked: Vec::new(),
            questions: Vec::new(),
            news: Vec::new(),
            choices: Vec::new(),
            unwanted: Vec::new(),
            no_adoption: false,
            rival: None,
        }
    }
}

impl Administrator for Person {
    fn agrees(&mut self, course: &Course, act: &Act) -> Answer {
        self.asked.push(act.step());
        let question = say::perform::question(course, act);
        assert!(question.starts_with(&format!("\n{}. ", say::perform::title(act.step()))));
        // Lines that go on are not indented by chance.
        assert!(!question.contains("\n    "), "{question}");
        self.questions.push(question);
        if let (Act::Register { name }, Some(tenant)) = (act, &self.rival) {
            tenant.add_application(name, vec![certificate("rival")], Vec::new());
        }
        let adoption = matches!(act, Act::Adopt(_));
        if self.no.contains(&act.step()) || (adoption && self.no_adoption) {
            return Answer::No;
        }
        if self.yes_max == 0 {
            return Answer::Gone;
        }
        self.yes_max -= 1;
        Answer::Yes
    }

    fn chooses(&mut self, wanted: &Wanted) -> Answer {
        assert!(say::perform::choice(wanted).contains(wanted.name));
        self.choices.push(wanted.name);
        if self.unwanted.contains(&wanted.name) {
            Answer::No
        } else {
            Answer::Yes
        }
    }

    fn hears(&mut self, course: &Course, news: News) {
        assert!(!say::perform::news(course, news).is_empty());
        self.news.push(news);
    }
}

/// A tenant in which nothing is as it shall be, an administrator who has signed in, and a station's pocket.
struct Bench {
    tenant: Arc<Tenant>,
    entra: Entra,
    pocket: Pocket,
}

impl Bench {
    fn new() -> Self {
        let tenant = Tenant::start(TenantSetup {
            page_size: 2,
            ..TenantSetup::default()
        });
        let tenant = Arc::new(tenant.expect("a tenant"));
        let mut policy = tenant.policy();
        policy["state"] = json!("disabled");
        policy["isSelfServiceRegistrationAllowed"] = json!(false);
        tenant.set_policy(policy);
        let config = EntraConfig {
            tenant: "contoso.com".to_owned(),
            client_id: SETUP_CLIENT_ID.to_owned(),
            authority: tenant.url().clone(),
            graph: tenant.url().clone(),
            api: Api::V1_0,
            challenge_timeout_minutes: None,
            timeout: Duration::from_secs(20),
            ca_file: None,
        };
        let way = SignInWay::Delegated(Delegated {
            keep: Keep::nowhere(),
            scopes: SETUP_SCOPES.map(str::to_owned).to_vec(),
        });
        let clock = Arc::new(Hurry(tenant.clone()));
        let entra = Entra::new(config, way, clock, CancelFlag::default()).expect("a client");
        let claims = entra
            .sign_in_by_device_code(&mut |prompt| {
                assert!(tenant.answer_device(&prompt.code, SignInAnswer::Approve));
            })
            .expect("signed in")
            .expect("claims");
        assert_eq!(claims.grants.permissions, SETUP_SCOPES);
        assert_eq!(claims.grants.application.as_deref(), Some(SETUP_CLIENT_ID));
        Self {
            tenant,
            entra,
            pocket: Pocket::default(),
        }
    }

    fn run(&self, person: &mut Person) -> (End, Course) {
        self.run_for(None, person)
    }

    /// With a client id in the configuration.
    fn run_for(&self, client_id: Option<&str>, person: &mut Person) -> (End, Course) {
        self.run_with(client_id, true, person)
    }

    fn run_with(
        &self,
        client_id: Option<&str>,
        may_adopt: bool,
        person: &mut Person,
    ) -> (End, Course) {
        let mut course = Course::new(Wish {
            client_id: client_id.map(str::to_owned),
            name: APP_NAME.to_owned(),
            may_adopt,
            permissions: wanted(&Choice::default()).expect("they are known"),
        });
        let tools = Tools {
            tenant: &self.entra,
            directory: &self.entra,
            certificate: &self.pocket,
            clock: &Hurry(self.tenant.clone()),
            cancel: &CancelFlag::default(),
        };
        let end = perform(&mut course, &tools, person);
        (end, course)
    }

    fn writes(&self) -> BTreeMap<Operation, u64> {
        let each = WRITES.map(|one| (one, self.tenant.requests(one)));
        each.into_iter().collect()
    }

    /// That everything is there, once.
    fn assert_whole(&self, context: &str) {
        let all = self.tenant.applications();
        let [one] = all.as_slice() else {
            panic!("{context}: {all:?}");
        };
        assert_eq!(one.display_name, APP_NAME, "{context}");
        assert!(one.has_principal, "{context}");
        assert_eq!(one.roles, LEAST, "{context}");
        let access = one.asks_for[0]["resourceAccess"].as_array();
        assert_eq!(access.map(Vec::len), Some(LEAST.len()), "{context}");
        let mine = self.pocket.there().expect("it can be read");
        let mine = mine.expect("a certificate").der;
        assert_eq!(one.certificates, [mine], "{context}");
        let policy = self.tenant.policy();
        assert_eq!(policy["state"], "enabled", "{context}");
        assert_eq!(
            policy["isSelfServiceRegistrationAllowed"], true,
            "{context}"
        );
    }
}

#[test]
fn from_nothing_to_a_whole_tenant_and_a_second_run_asks_and_changes_nothing() {
    let bench = Bench::new();
    let before = bench.tenant.policy();
    let mut person = Person::agreeing();
    let (end, course) = bench.run(&mut person);
    assert_eq!(end, End::Through);
    assert_eq!(person.asked, Step::ALL);
    assert!(course.left().is_empty());
    bench.assert_whole("after the first run");
    // Of the policy two switches were changed, each by itself, and nothing else.
    let mut after = bench.tenant.policy();
    after["state"] = before["state"].clone();
    after["isSelfServiceRegistrationAllowed"] = json!(false);
    assert_eq!(after, before);
    // The roles are those that this tenant's Graph names, which are not Microsoft's.
    let access = bench.tenant.applications()[0].asks_for[0]["resourceAccess"].clone();
    assert!(
        !access
            .to_string()
            .contains(app_role_id(LEAST[0]).expect("an id"))
    );
    let writes = bench.writes();
    let expected = [1, 2, 1, 4, 2];
    for (operation, count) in WRITES.into_iter().zip(expected) {
        assert_eq!(writes[&operation], count, "{operation:?}");
    }

    // Once the configuration names the application, there is nothing to ask.
    let client_id = bench.tenant.applications()[0].client_id.clone();
    let mut person = Person::agreeing();
    let (end, course) = bench.run_for(Some(&client_id), &mut person);
    assert_eq!((end, person.asked.as_slice()), (End::Through, &[][..]));
    assert_eq!(bench.writes(), writes);
    let so = |step: &Step| course.outcome(*step) == Some(Outcome::WasSo);
    assert!(Step::ALL.iter().all(so));
    assert_eq!(person.news.len(), Step::ALL.len());
}

#[test]
fn a_run_that_is_cut_after_any_step_is_made_whole_by_the_next() {
    for cut in 0..Step::ALL.len() {
        let bench = Bench::new();
        let mut person = Person {
            yes_max: cut,
            ..Person::agreeing()
        };
        let (end, _) = bench.run(&mut person);
        assert_eq!(end, End::BrokenOff { during: None });
        let mut person = Person::agreeing();
        let (end, _) = bench.run(&mut person);
        assert_eq!(end, End::Through, "cut after {cut}");
        // One that is found by its name alone is not taken unasked.
        let adopts = if cut > 0 {
            vec![Step::Registration]
        } else {
            Vec::new()
        };
        let asked = [adopts.as_slice(), &Step::ALL[cut..]].concat();
        assert_eq!(person.asked, asked, "cut after {cut}");
        bench.assert_whole(&format!("cut after {cut}"));
    }
}

#[test]
fn a_no_changes_nothing_and_leaves_out_only_what_rests_on_it() {
    let bench = Bench::new();
    let mut person = Person {
        no: Step::ALL.to_vec(),
        ..Person::agreeing()
    };
    let policy = bench.tenant.policy();
    let (end, course) = bench.run(&mut person);
    assert_eq!(end, End::Through);
    assert!(bench.writes().values().all(|count| *count == 0));
    assert_eq!(bench.tenant.policy(), policy);
    assert_eq!(course.left(), Step::ALL);
    for (step, operation) in CHANGES {
        let bench = Bench::new();
        let mut person = Person {
            no: vec![step],
            ..Person::agreeing()
        };
        let (end, course) = bench.run(&mut person);
        assert_eq!(end, End::Through, "{step:?}");
        assert!(course.left().contains(&step), "{step:?}");
        let policy = bench.tenant.policy();
        let done = bench.tenant.applications();
        let is_done = match step {
            Step::Registration => !done.is_empty(),
            Step::Permissions => done[0].asks_for != json!([]),
            Step::Principal => done[0].has_principal,
            Step::Consent => !done[0].roles.is_empty(),
            Step::Certificate | Step::Upload => !done[0].certificates.is_empty(),
            Step::Policy => policy["state"] == "enabled",
            Step::SelfService => policy["isSelfServiceRegistrationAllowed"] == true,
        };
        assert!(!is_done, "{step:?} {operation:?}");
        // The one thing that was left is the one thing that is asked again.
        let mut person = Person::agreeing();
        assert_eq!(bench.run(&mut person).0, End::Through);
        let asked = |one: &&Step| **one == step || **one != Step::Registration;
        assert_eq!(person.asked.iter().find(asked), Some(&step));
        bench.assert_whole(&format!("after a no to {step:?}"));
    }
}

#[test]
fn a_refusal_is_told_in_entras_words_with_the_role_that_it_takes_and_costs_no_step() {
    for (step, operation) in CHANGES {
        let bench = Bench::new();
        // Where a request belongs to two steps, the first of them has been done before.
        let before = CHANGES.iter().take_while(|one| one.0 != step);
        if before.clone().any(|one| one.1 == operation) {
            let mut person = Person {
                yes_max: Step::ALL
                    .iter()
                    .position(|one| *one == step)
                    .expect("a step"),
                ..Person::agreeing()
            };
            assert!(matches!(bench.run(&mut person).0, End::BrokenOff { .. }));
        }
        let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation.","innerError":{"request-id":"c0ffee"}}}"#;
        let refusal = Trick::Answer {
            status: 403,
            body: body.to_owned(),
        };
        bench.tenant.misbehave(operation, 1, refusal);
        let (end, _) = bench.run(&mut Person::agreeing());
        assert!(
            matches!(&end, End::Failed { step: at, fault: Fault::Refused { status: 403, .. } } if *at == step),
            "{step:?}: {end:?}"
        );
        let told = say::perform::complaint(&end).expect("a complaint");
        for words in [
            "403 Authorization_RequestDenied",
            "Insufficient privileges",
            "The request was ",
        ] {
            assert!(told.message.contains(words), "{told:?}");
        }
        let role = match step {
            Step::Consent => "Privileged Role Administrator",
            Step::Policy | Step::SelfService => "Authentication Policy Administrator",
            _ => "Application Administrator",
        };
        assert!(told.hint.contains(role), "{told:?}");
        assert_eq!(told.exit.number(), 6);
        assert_eq!(bench.run(&mut Person::agreeing()).0, End::Through);
        bench.assert_whole(&format!("after a refusal of {step:?}"));
    }
}

#[test]
fn a_change_whose_answer_is_lost_is_looked_for_and_not_made_twice() {
    for (step, operation) in CHANGES {
        let bench = Bench::new();
        bench.tenant.misbehave(operation, 1, Trick::CommitThenDrop);
        let mut person = Person::agreeing();
        let (end, _) = bench.run(&mut person);
        assert_eq!(end, End::Through, "{step:?}");
        bench.assert_whole(&format!("after a lost answer to {operation:?}"));
        // What never arrived is no more there than it was: it fails, and the next run does it.
        let bench = Bench::new();
        bench
            .tenant
            .misbehave(operation, 1, Trick::DropBeforeCommit);
        let (end, _) = bench.run(&mut Person::agreeing());
        if end != End::Through {
            assert!(
                matches!(
                    &end,
                    End::Failed {
                        fault: Fault::Unreachable { .. },
                        ..
                    }
                ),
                "{end:?}"
            );
            assert_eq!(bench.run(&mut Person::agreeing()).0, End::Through);
        }
        bench.assert_whole(&format!("after a lost {operation:?}"));
    }
}

/// Before POST applications arrives, somebody else makes an app registration of that name and holds its certificate.
#[test]
fn what_others_put_there_under_that_name_meanwhile_is_never_taken_unasked() {
    let answer = |status| {
        Trick::Answer {
        status,
        body: r#"{"error":{"code":"Request_BadRequest","message":"Another object with the same value."}}"#.to_owned(),
    }
    };
    for trick in [
        answer(400),
        answer(409),
        Trick::Fail { status: 503 },
        Trick::DropBeforeCommit,
    ] {
        let bench = Bench::new();
        // For as often as it may be tried.
        bench
            .tenant
            .misbehave(Operation::RegisterApplication, 9, trick.clone());
        let mut person = Person {
            rival: Some(bench.tenant.clone()),
            no: vec![Step::Policy, Step::SelfService],
            ..Person::agreeing()
        };
        person.no_adoption = true;
        let (end, course) = bench.run(&mut person);
        let theirs = bench.tenant.applications();
        assert_eq!(theirs.len(), 1, "{trick:?}");
        assert!(
            !theirs[0].has_principal && theirs[0].roles.is_empty(),
            "{trick:?}: {theirs:?}"
        );
        assert_eq!(theirs[0].certificates.len(), 1, "{trick:?}");
        assert_eq!(course.registration(), None, "{trick:?}: {end:?}");
        if matches!(trick, Trick::Answer { .. }) {
            assert!(
                matches!(
                    end,
                    End::Failed {
                        step: Step::Registration,
                        fault: Fault::Refused { .. }
                    }
                ),
                "{trick:?}: {end:?}"
            );
        }
    }
    // With nobody to ask, it ends there.
    let bench = Bench::new();
    bench
        .tenant
        .misbehave(Operation::RegisterApplication, 9, Trick::DropBeforeCommit);
    let mut person = Person {
        rival: Some(bench.tenant.clone()),
        ..Person::agreeing()
    };
    let (end, _) = bench.run_with(None, false, &mut person);
    assert!(matches!(end, End::Stopped(Stop::Unconfirmed(_))), "{end:?}");
    assert!(!bench.tenant.applications()[0].has_principal);
}

#[test]
fn the_question_of_the_consent_names_the_application() {
    let bench = Bench::new();
    let mut person = Person::agreeing();
    assert_eq!(bench.run(&mut person).0, End::Through);
    let client_id = bench.tenant.applications()[0].client_id.clone();
    let mut questions = person.questions.iter();
    let consent = questions.find(|question| question.starts_with("\nAdmin consent."));
    assert!(
        consent.is_some_and(|question| question.contains(&client_id)),
        "{consent:?}"
    );
}

#[test]
fn what_was_made_a_moment_ago_is_waited_for_but_not_for_ever() {
    let bench = Bench::new();
    let lag = |seconds| {
        bench.tenant.set_faults(Faults {
            directory_lag_seconds: seconds,
            ..Faults::default()
        });
    };
    lag(15);
    let mut person = Person::agreeing();
    let (end, _) = bench.run(&mut person);
    assert_eq!(end, End::Through);
    assert_eq!(person.asked, Step::ALL);
    bench.assert_whole("with a lag");
    let waited = |news: &News| matches!(news, News::Waiting { .. });
    assert!(person.news.iter().any(waited), "{:?}", person.news);

    let bench = Bench::new();
    bench.tenant.set_faults(Faults {
        directory_lag_seconds: 100_000,
        ..Faults::default()
    });
    let (end, _) = bench.run(&mut Person::agreeing());
    assert!(
        matches!(
            end,
            End::Failed {
                fault: Fault::Refused { .. },
                ..
            }
        ),
        "{end:?}"
    );
}

#[test]
fn a_400_is_waited_out_where_something_is_new_and_told_at_once_where_nothing_is() {
    let not_yet = || Trick::Answer {
        status: 400,
        body: r#"{"error":{"code":"Request_BadRequest","message":"No such application."}}"#
            .to_owned(),
    };
    let bench = Bench::new();
    bench
        .tenant
        .misbehave(Operation::MakePrincipal, 2, not_yet());
    let mut person = Person::agreeing();
    assert_eq!(bench.run(&mut person).0, End::Through);
    let waits = person.news.iter().filter(|news| {
        matches!(
            news,
            News::Waiting {
                step: Step::Principal,
                ..
            }
        )
    });
    assert_eq!(waits.count(), 2);
    bench.assert_whole("after a 400");

    let bench = Bench::new();
    bench
        .tenant
        .add_application(APP_NAME, Vec::new(), Vec::new());
    bench
        .tenant
        .misbehave(Operation::MakePrincipal, 1, not_yet());
    let mut person = Person::agreeing();
    let (end, _) = bench.run(&mut person);
    assert!(
        matches!(
            end,
            End::Failed {
                step: Step::Principal,
                fault: Fault::Refused { status: 400, .. }
            }
        ),
        "{end:?}"
    );
    assert_eq!(bench.tenant.requests(Operation::MakePrincipal), 1);
}

#[test]
fn what_others_have_put_there_stays() {
    let bench = Bench::new();
    let (theirs, another) = (
        certificate("theirs"),
        "11111111-2222-4333-8444-555555555555",
    );
    let asks_for = json!({
        "resourceAppId": another,
        "resourceAccess": [{ "id": another, "type": "Scope" }],
    });
    bench
        .tenant
        .add_application(APP_NAME, vec![theirs.clone()], vec![asks_for.clone()]);
    let mut person = Person::agreeing();
    let (end, _) = bench.run(&mut person);
    assert_eq!(
        (end, person.asked.as_slice()),
        (End::Through, &Step::ALL[..])
    );
    let all = bench.tenant.applications();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].certificates.len(), 2);
    assert_eq!(all[0].certificates[0], theirs);
    assert_eq!(all[0].asks_for[0], asks_for);
    assert_eq!(all[0].asks_for.as_array().map(Vec::len), Some(2));
}

#[test]
fn where_nobody_is_asked_a_second_run_does_not_take_a_list_that_lags_for_an_empty_one() {
    let bench = Bench::new();
    bench.tenant.set_faults(Faults {
        directory_lag_seconds: 6,
        ..Faults::default()
    });
    let mut person = Person {
        no: vec![Step::Permissions, Step::Certificate],
        ..Person::agreeing()
    };
    bench
        .tenant
        .misbehave(Operation::MakePrincipal, 1, Trick::DropBeforeCommit);
    let (end, _) = bench.run_with(None, false, &mut person);
    assert!(matches!(end, End::Failed { .. }), "{end:?}");
    assert!(matches!(person.news.first(), Some(News::Unlisted { .. })));
    let (end, _) = bench.run_with(None, false, &mut Person::agreeing());
    assert!(matches!(end, End::Stopped(Stop::Unconfirmed(_))), "{end:?}");
    assert_eq!(bench.tenant.applications().len(), 1);
    // Whoever is asked is not kept waiting.
    let other = Bench::new();
    let mut person = Person::agreeing();
    assert_eq!(other.run(&mut person).0, End::Through);
    let looked_again = |news: &News| matches!(news, News::Unlisted { .. });
    assert!(!person.news.iter().any(looked_again));
}

#[test]
fn of_several_of_one_name_none_is_taken_unless_the_configuration_names_it() {
    let bench = Bench::new();
    for _ in 0..3 {
        bench
            .tenant
            .add_application(APP_NAME, Vec::new(), Vec::new());
    }
    let mut person = Person::agreeing();
    let (end, _) = bench.run(&mut person);
    assert!(person.asked.is_empty());
    assert!(bench.writes().values().all(|count| *count == 0));
    let told = say::perform::complaint(&end).expect("a complaint").message;
    let all = bench.tenant.applications();
    assert!(
        all.iter().all(|one| told.contains(&one.client_id)),
        "{told}"
    );
    assert!(matches!(end, End::Stopped(Stop::Ambiguous { found, .. }) if found.len() == 3));

    let named = all[1].client_id.as_str();
    let (end, _) = bench.run_for(Some(named), &mut Person::agreeing());
    assert_eq!(end, End::Through);
    let roles: Vec<usize> = bench
        .tenant
        .applications()
        .iter()
        .map(|one| one.roles.len())
        .collect();
    assert_eq!(roles, [0, LEAST.len(), 0]);
    // One that is not there is not made in its place.
    let (end, _) = bench.run_for(Some(SETUP_CLIENT_ID), &mut Person::agreeing());
    assert!(
        matches!(end, End::Stopped(Stop::NotInTenant { .. })),
        "{end:?}"
    );
}

/// A station's folder, as typed in it.
struct Station {
    home: tempfile::TempDir,
    tenant: Tenant,
}

impl Station {
    fn new() -> Self {
        Self::in_tenant("contoso.com")
    }

    /// Of a tenant of this name.
    fn in_tenant(name: &str) -> Self {
        let tenant = Tenant::start(TenantSetup {
            device_interval_seconds: 1,
            tenant: name.to_owned(),
            ..TenantSetup::default()
        })
        .expect("a tenant");
        let station = Self {
            home: tempfile::tempdir().expect("a folder"),
            tenant,
        };
        let made = station.run(&["init", "--practice-identity", "identity.txt"]);
        assert!(made.status.success(), "{}", err(&made));
        let url = station.tenant.url();
        station.configure(&[
            ("tenant = \"\"", &format!("tenant = \"{name}\"")),
            (
                "authority = \"https://login.microsoftonline.com\"",
                &format!("authority = \"{url}\""),
            ),
            (
                "graph = \"https://graph.microsoft.com\"",
                &format!("graph = \"{url}\""),
            ),
        ]);
        station
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn configure(&self, changes: &[(&str, &str)]) {
        let file = self.path("config/station.toml");
        let mut text = fs::read_to_string(&file).expect("a configuration");
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text = text.replace(from, to);
        }
        fs::write(file, text).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyline"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_remove("KEYLINE_LOG")
            .env_remove("CREDENTIALS_DIRECTORY")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program")
    }

    /// `--perform --yes` and the sign-in that it waits for.
    fn perform(&self, more: &[&str]) -> Output {
        let arguments = [
            &["entra", "setup", "--perform", "--yes", "--device-code"],
            more,
        ];
        let mut child: Child = self
            .command(&arguments.concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut said = String::new();
        let code = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).expect("text") > 0, "{said}");
            said.push_str(&line);
            if let Some(code) = line.strip_prefix("and type") {
                break code.trim().to_owned();
            }
        };
        assert!(self.tenant.answer_device(&code, SignInAnswer::Approve));
        stderr.read_to_string(&mut said).expect("text");
        let mut output = child.wait_with_output().expect("an end");
        output.stderr = said.into_bytes();
        output
    }

    fn writes(&self) -> u64 {
        WRITES.iter().map(|one| self.tenant.requests(*one)).sum()
    }
}

#[test]
fn the_lines_that_it_prints_sign_the_station_in_and_no_token_is_left_anywhere() {
    let station = Station::new();
    let mut policy = station.tenant.policy();
    policy["isSelfServiceRegistrationAllowed"] = json!(false);
    station.tenant.set_policy(policy);
    let done = station.perform(&["--also", "Member.Read.Hidden"]);
    assert!(done.status.success(), "{}", err(&done));
    let (said, lines) = (err(&done), out(&done));
    for words in [
        "Microsoft Graph Command Line Tools",
        "Application.ReadWrite.All",
        "App registration: done",
        "Passkey policy: is so already.",
        "It concerns all users of the tenant",
        "--also User.Read.All",
        "stays in the tenant: Microsoft Graph Command Line Tools",
        "Remove-MgOauth2PermissionGrant",
    ] {
        assert!(said.contains(words), "{words} is missing:\n{said}");
    }
    assert!(!said.contains("--also Member.Read.Hidden"), "{said}");
    assert!(!said.contains("PRIVATE KEY") && !lines.contains("PRIVATE KEY"));
    let tokens = [station.tenant.tokens(), station.tenant.refresh_tokens()].concat();
    assert!(!tokens.is_empty(), "the sign-in gave a token");
    // None that would outlive the command was asked for.
    assert!(station.tenant.refresh_tokens().is_empty());
    for file in files::below(station.home.path())
        .into_iter()
        .filter(|one| one.is_file())
    {
        let bytes = fs::read(&file).expect("bytes");
        let text = String::from_utf8_lossy(&bytes);
        let has = tokens.iter().any(|token| text.contains(token.as_str()));
        assert!(!has, "a token is in {}", file.display());
    }
    let shown = tokens
        .iter()
        .any(|token| said.contains(token.as_str()) || lines.contains(token.as_str()));
    assert!(!shown, "a token was shown");

    // As a person copies them.
    let value = |name: &str| {
        let line = lines.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("{name} is missing:\n{lines}"))
            .to_owned()
    };
    station.configure(&[
        ("tenant = \"contoso.com\"", &value("tenant = ")),
        ("client_id = \"\"", &value("client_id = ")),
        (
            "\nmethod = \"client_secret\"",
            &format!("\n{}\n{}", value("method = "), value("certificate = ")),
        ),
    ]);
    let whoami = station.run(&["entra", "whoami", "--json"]);
    assert!(whoami.status.success(), "{}", err(&whoami));
    let whoami: Value = serde_json::from_slice(&whoami.stdout).expect("JSON");
    let permissions = whoami["permissions"].as_array().expect("a list");
    assert_eq!(permissions.len(), LEAST.len() + 1, "{whoami}");
    for name in LEAST.into_iter().chain(["Member.Read.Hidden"]) {
        assert!(permissions.contains(&json!(name)), "{name}: {whoami}");
    }

    let (writes, pem) = (station.writes(), fs::read(station.path("keys/entra.pem")));
    let again = station.perform(&["--also", "Member.Read.Hidden"]);
    assert!(again.status.success(), "{}", err(&again));
    assert!(out(&again).contains("says so already"), "{}", out(&again));
    assert_eq!(
        err(&again).matches("is so already").count(),
        Step::ALL.len()
    );
    assert_eq!(station.writes(), writes);
    assert!(fs::read(station.path("keys/entra.pem")).ok() == pem.ok());
}

#[test]
fn what_cannot_work_is_refused_before_anybody_signs_in() {
    let station = Station::new();
    let refused = |arguments: &[&str], words: &str| {
        let output = station.run(&[&["entra", "setup"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(err(&output).contains(words), "{}", err(&output));
        assert_eq!(station.tenant.requests(Operation::DeviceCode), 0);
    };
    refused(&["--perform"], "there is nobody to ask");
    refused(
        &["--perform", "--yes", "--also", "Directory.ReadWrite.All"],
        "no permission that the station makes use of",
    );
    refused(
        &[
            "--perform",
            "--yes",
            "--without",
            "UserAuthMethod-Passkey.ReadWrite.All",
        ],
        "No key can be enrolled without",
    );
    refused(&["--perform", "--yes", "--name", ""], "--name");
    refused(&["--perform", "--yes", "--name", "a\u{1b}[2Jb"], "control");
    refused(
        &[
            "--perform",
            "--yes",
            "--certificate",
            "/nonexistent/one.pem",
        ],
        "/nonexistent/one.pem",
    );
    fs::write(station.path("broken.pem"), "no certificate").expect("written");
    refused(
        &["--perform", "--yes", "--certificate", "broken.pem"],
        "broken.pem",
    );
    refused(&["--perform", "--json"], "cannot be used with");
    refused(&["--yes"], "--perform");
    refused(
        &["--perform", "--yes", "--client", "keyline"],
        "'--client <ID>': not an application id",
    );
    for anybody in ["common", "organizations"] {
        let line = format!("tenant = \"{anybody}\"");
        station.configure(&[("tenant = \"contoso.com\"", &line)]);
        refused(
            &["--perform", "--yes"],
            "whatever tenant somebody belongs to",
        );
        station.configure(&[(&line, "tenant = \"contoso.com\"")]);
    }
    station.configure(&[("\nmethod = \"client_secret\"", "\nmethod = \"delegated\"")]);
    refused(&["--perform", "--yes"], "method = \"delegated\"");
}

#[test]
fn a_refusal_of_the_tenant_ends_it_with_what_was_done_and_what_to_do() {
    let station = Station::new();
    let refusal = Trick::Answer {
        status: 403,
        body: r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges."}}"#.to_owned(),
    };
    station.tenant.misbehave(Operation::Assign, 1, refusal);
    let output = station.perform(&[]);
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    for words in [
        "App registration: done",
        "Admin consent: Entra refused with 403 Authorization_RequestDenied: Insufficient privileges.",
        "Privileged Role Administrator",
        "What was done stays done",
    ] {
        assert!(err(&output).contains(words), "{words}:\n{}", err(&output));
    }
    // The application is there already, so its id is worth copying.
    let made = &station.tenant.applications()[0];
    assert!(out(&output).contains(&made.client_id), "{}", out(&output));
    assert!(!out(&output).contains("certificate ="), "{}", out(&output));
    // What is half done is not called whole.
    assert!(
        out(&output).contains("not set up yet") && !out(&output).contains("whoami"),
        "{}",
        out(&output)
    );
    let left = "Not done: Admin consent, Certificate of the station,";
    assert!(err(&output).contains(left), "{}", err(&output));
}

#[test]
fn a_sign_in_to_another_tenant_than_the_configurations_changes_nothing() {
    let station = Station::in_tenant("11111111-2222-4333-8444-555555555555");
    let output = station.perform(&[]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    for words in [
        "7e4a4700-0000-4000-8000-000000000001",
        "11111111-2222-4333-8444-555555555555",
    ] {
        assert!(err(&output).contains(words), "{words}:\n{}", err(&output));
    }
    assert_eq!(station.writes(), 0);
}

#[test]
fn each_permission_that_is_not_needed_is_asked_for_by_itself_and_can_be_left_out() {
    let bench = Bench::new();
    let mut person = Person {
        unwanted: vec![LEAST[1], LEAST[3]],
        ..Person::agreeing()
    };
    let (end, course) = bench.run(&mut person);
    assert_eq!(end, End::Through);
    assert!(course.left().is_empty());
    assert_eq!(person.choices, LEAST[1..]);
    let all = bench.tenant.applications();
    assert_eq!(all[0].roles, [LEAST[0], LEAST[2]]);
    let access = all[0].asks_for[0]["resourceAccess"].as_array();
    assert_eq!(access.map(Vec::len), Some(2));
    let without = say::perform::goes_without(&course).expect("some are left out");
    assert!(without.contains(LEAST[1]) && without.contains(LEAST[3]));
    assert!(!without.contains(LEAST[2]), "{without}");
    // What is there is not asked about again; a no to all that is missing leaves nothing to do.
    let client_id = all[0].client_id.clone();
    let mut person = Person {
        unwanted: LEAST[1..].to_vec(),
        ..Person::agreeing()
    };
    let (end, _) = bench.run_for(Some(&client_id), &mut person);
    assert_eq!((end, person.asked.as_slice()), (End::Through, &[][..]));
    assert_eq!(person.choices, [LEAST[1], LEAST[3]]);
}

#[test]
fn a_script_leaves_permissions_out_and_adds_none_to_what_is_configured_unless_told_to() {
    let station = Station::new();
    let done = station.perform(&[
        "--without",
        "policy.read.all",
        "--without",
        "GroupMember.Read.All",
    ]);
    assert!(done.status.success(), "{}", err(&done));
    let roles = || station.tenant.applications()[0].roles.clone();
    assert_eq!(roles(), [LEAST[0], LEAST[2]]);
    let client_id = station.tenant.applications()[0].client_id.clone();
    let line = format!("client_id = \"{client_id}\"");
    station.configure(&[("client_id = \"\"", &line)]);
    let again = station.perform(&[]);
    assert!(again.status.success(), "{}", err(&again));
    assert_eq!(roles(), [LEAST[0], LEAST[2]]);
    assert!(
        err(&again).contains("--also Policy.Read.All"),
        "{}",
        err(&again)
    );
    let told = station.perform(&["--also", "Policy.Read.All"]);
    assert!(told.status.success(), "{}", err(&told));
    assert_eq!(roles(), [LEAST[0], LEAST[2], LEAST[1]]);
}

#[test]
fn a_certificate_that_somebody_elses_change_swept_away_is_added_again_or_told() {
    let swept = Trick::Answer {
        status: 204,
        body: String::new(),
    };
    let bench = Bench::new();
    let theirs = certificate("theirs");
    bench
        .tenant
        .add_application(APP_NAME, vec![theirs.clone()], Vec::new());
    let mut person = Person {
        no: vec![Step::Permissions],
        ..Person::agreeing()
    };
    bench
        .tenant
        .misbehave(Operation::ChangeApplication, 1, swept.clone());
    assert_eq!(bench.run(&mut person).0, End::Through);
    let all = bench.tenant.applications();
    let mine = bench.pocket.there().expect("it can be read");
    assert_eq!(
        all[0].certificates,
        [theirs, mine.expect("a certificate").der]
    );

    let bench = Bench::new();
    bench
        .tenant
        .add_application(APP_NAME, Vec::new(), Vec::new());
    bench
        .tenant
        .misbehave(Operation::ChangeApplication, 99, swept);
    let mut person = Person {
        no: vec![Step::Permissions],
        ..Person::agreeing()
    };
    let (end, _) = bench.run(&mut person);
    let told = say::perform::complaint(&end).expect("a complaint");
    assert!(told.message.contains("1 of the certificates"), "{told:?}");
    assert!(told.hint.contains("Certificates & secrets"), "{told:?}");
    assert_eq!(bench.tenant.requests(Operation::ChangeApplication), 3);
}

#[test]
fn a_sign_in_that_ended_meanwhile_is_told_as_the_one_of_this_command() {
    let bench = Bench::new();
    bench
        .tenant
        .misbehave(Operation::MakePrincipal, 1, Trick::ExpireTokens);
    let (end, _) = bench.run(&mut Person::agreeing());
    let told = say::perform::complaint(&end).expect("a complaint");
    let words = format!("{} {}", told.message, told.hint);
    assert!(words.contains("Sign in anew"), "{words}");
    assert!(!words.contains("entra login"), "{words}");
}

#[test]
fn an_application_of_that_name_that_nobody_vouched_for_gets_nothing() {
    let bench = Bench::new();
    let theirs = certificate("theirs");
    bench
        .tenant
        .add_application(APP_NAME, vec![theirs], Vec::new());
    let mut person = Person {
        no: vec![Step::Registration],
        ..Person::agreeing()
    };
    assert_eq!(bench.run(&mut person).0, End::Through);
    assert_eq!(
        person.asked,
        [Step::Registration, Step::Policy, Step::SelfService]
    );
    let all = bench.tenant.applications();
    assert!(all.len() == 1 && !all[0].has_principal && all[0].roles.is_empty());

    let station = Station::new();
    station
        .tenant
        .add_application(APP_NAME, Vec::new(), Vec::new());
    let refused = station.perform(&[]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    let told = err(&refused);
    let client_id = station.tenant.applications()[0].client_id.clone();
    assert!(
        told.contains(&client_id) && told.contains("not taken unasked"),
        "{told}"
    );
    assert_eq!(station.writes(), 0);
    // Another one is made when it is given a name of its own.
    let made = station.perform(&["--name", "keyline in hall 2"]);
    assert!(made.status.success(), "{}", err(&made));
    assert!(!out(&made).contains(&client_id));
    assert_eq!(station.tenant.applications().len(), 2);
}

#[test]
fn at_a_terminal_each_step_is_asked_and_ctrl_c_between_two_leaves_what_is_done() {
    let station = Station::new();
    // util-linux's `script` is the terminal.
    let typed = format!(
        "'{}' entra setup --perform --device-code",
        env!("CARGO_BIN_EXE_keyline")
    );
    let mut child = Command::new("script")
        .args(["-q", "-e", "-c", &typed, "/dev/null"])
        .current_dir(station.home.path())
        .env_remove("KEYLINE_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script is installed (Debian's package bsdutils)");
    let mut keyboard = child.stdin.take().expect("a pipe");
    let mut screen = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut said = String::new();
    let mut until = |words: &str| {
        loop {
            let mut line = String::new();
            assert!(screen.read_line(&mut line).expect("text") > 0, "{said}");
            said.push_str(&line);
            if line.contains(words) {
                return line;
            }
        }
    };
    let line = until("and type");
    let code = line.trim().rsplit(' ').next().expect("a code").to_owned();
    // What is typed before a question is there is no answer to it.
    for number in 1..=20 {
        keyboard
            .write_all(format!("ahead {number}\n").as_bytes())
            .expect("typed");
    }
    until("ahead 20");
    assert!(station.tenant.answer_device(&code, SignInAnswer::Approve));
    until("App registration. Make");
    until("(yes / no)");
    keyboard.write_all(b"yes\n").expect("typed");
    until("App registration: done");
    for name in &LEAST[1..] {
        until(name);
        until("(yes / no)");
        keyboard.write_all(b"yes\n").expect("typed");
    }
    until("Permissions that it asks for. Add");
    until("(yes / no)");
    keyboard.write_all(b"no\n").expect("typed");
    until("Permissions that it asks for: left as it is.");
    until("(yes / no)");
    keyboard.write_all(b"\x03").expect("typed");
    until("Broken off between two steps.");
    until("What was done stays done.");
    let end = child.wait().expect("an end");
    assert_eq!(end.code(), Some(130));
    let done = station.tenant.applications();
    assert_eq!(done.len(), 1);
    assert!(!done[0].has_principal && done[0].asks_for == json!([]));
    assert_eq!(station.writes(), 1);
}
