//! The course from nothing, from the middle, past a no, and where it has to stop.

use super::*;
use crate::domain::time::Timestamp;

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";

fn object(name: &str) -> ObjectId {
    ObjectId(name.to_owned())
}

fn registration() -> Registration {
    Registration {
        object: object("app"),
        client_id: CLIENT.to_owned(),
        name: "keyline station".to_owned(),
    }
}

fn certificate() -> PublicCertificate {
    PublicCertificate {
        der: vec![0x30],
        subject: "CN=keyline station".to_owned(),
        thumbprint: "AB".to_owned(),
        valid_until: Timestamp(1),
    }
}

fn role(value: &str) -> AppRole {
    AppRole {
        id: format!("id-of-{value}"),
        value: value.to_owned(),
    }
}

fn wish() -> Wish {
    let wanted = |name, or| Wanted {
        name,
        or,
        optional: false,
    };
    Wish {
        client_id: None,
        name: "keyline station".to_owned(),
        may_adopt: true,
        permissions: vec![wanted("Keys", &[]), wanted("People.Basic", &["People.All"])],
    }
}

/// A tenant that has what `there` says, and does what it is asked. Counts what was done.
struct Tenant {
    there: Vec<Step>,
    roles: Vec<String>,
    acts: Vec<Step>,
    looks: usize,
}

impl Tenant {
    fn with(there: &[Step]) -> Self {
        Self {
            there: there.to_vec(),
            roles: Vec::new(),
            acts: Vec::new(),
            looks: 0,
        }
    }

    fn has(&self, step: Step) -> bool {
        self.there.contains(&step)
    }

    fn look(&mut self, look: &Look) -> Seen {
        self.looks += 1;
        let roles = |so: bool| {
            let all = ["Keys", "People.Basic"].map(|name| role(name).id);
            let mut given = if so { all.to_vec() } else { Vec::new() };
            given.extend(self.roles.clone());
            given
        };
        match look {
            Look::RegistrationOf(_) | Look::RegistrationsNamed(_) => Seen::Registrations(
                self.has(Step::Registration)
                    .then(registration)
                    .into_iter()
                    .collect(),
            ),
            Look::Api => Seen::Api(ApiPrincipal {
                object: object("graph"),
                roles: ["Keys", "People.Basic", "People.All"].map(role).to_vec(),
            }),
            Look::Requested(_) => Seen::Requested(roles(self.has(Step::Permissions))),
            Look::Principal(_) => {
                Seen::Principal(self.has(Step::Principal).then(|| object("principal")))
            }
            Look::Consented { .. } => Seen::Consented(roles(self.has(Step::Consent))),
            Look::Certificate => Seen::Certificate(self.has(Step::Certificate).then(certificate)),
            Look::Uploaded(..) => Seen::Uploaded(self.has(Step::Upload)),
            Look::Policy => Seen::Policy(PasskeyPolicy {
                enabled: self.has(Step::Policy),
                self_service: self.has(Step::SelfService),
                ..PasskeyPolicy::default()
            }),
        }
    }

    fn act(&mut self, act: &Act) -> Made {
        if let Act::Adopt(registration) = act {
            return Made::Registration(registration.clone());
        }
        self.acts.push(act.step());
        self.there.push(act.step());
        match act {
            Act::Adopt(registration) => Made::Registration(registration.clone()),
            Act::Register { .. } => Made::Registration(registration()),
            Act::MakePrincipal { .. } => Made::Principal(object("principal")),
            Act::MakeCertificate => Made::Certificate(certificate()),
            Act::Request { .. }
            | Act::Consent { .. }
            | Act::Upload { .. }
            | Act::EnablePolicy
            | Act::AllowSelfService => Made::So,
        }
    }

    /// Carries a course out; `agrees` says yes or no, `acts_max` is where it is cut.
    fn run(&mut self, wish: Wish, agrees: impl Fn(Step) -> bool, acts_max: usize) -> Course {
        let mut course = Course::new(wish);
        let mut acts = 0;
        loop {
            match course.next() {
                Next::Look(look) => course.saw(self.look(&look)),
                Next::Act(act) if !agrees(act.step()) => course.declined(act.step()),
                Next::Act(act @ Act::Adopt(_)) => {
                    let made = self.act(&act);
                    course.did(&act, made);
                }
                Next::Choose(wanted) => course.chose(wanted.name, true),
                Next::Act(_) if acts == acts_max => return course,
                Next::Act(act) => {
                    let made = self.act(&act);
                    course.did(&act, made);
                    acts += 1;
                }
                Next::Stop(stop) => panic!("{stop:?}"),
                Next::End => return course,
            }
            assert!(self.looks < 50, "it looks for ever");
        }
    }
}

#[test]
fn from_nothing_every_step_is_done_once_and_in_order_and_the_second_run_does_none() {
    let mut tenant = Tenant::with(&[]);
    let course = tenant.run(wish(), |_| true, 99);
    assert_eq!(tenant.acts, Step::ALL);
    assert!(course.left().is_empty());
    tenant.acts.clear();
    let course = tenant.run(wish(), |_| true, 99);
    assert!(tenant.acts.is_empty(), "{:?}", tenant.acts);
    assert!(
        Step::ALL
            .iter()
            .all(|step| course.outcome(*step) == Some(Outcome::WasSo))
    );
}

#[test]
fn a_run_that_was_cut_anywhere_goes_on_where_it_was() {
    for cut in 0..Step::ALL.len() {
        let mut tenant = Tenant::with(&[]);
        tenant.run(wish(), |_| true, cut);
        assert_eq!(tenant.acts.len(), cut);
        let course = tenant.run(wish(), |_| true, 99);
        assert_eq!(tenant.acts, Step::ALL, "after {cut}");
        assert!(course.left().is_empty());
    }
}

#[test]
fn a_no_leaves_out_what_rests_on_it_and_nothing_else() {
    let acts = |no: Step| {
        let mut tenant = Tenant::with(&[]);
        let course = tenant.run(wish(), |step| step != no, 99);
        assert!(course.left().contains(&no));
        tenant.acts
    };
    use Step::*;
    assert_eq!(acts(Registration), [Policy, SelfService]);
    assert_eq!(
        acts(Principal),
        [
            Registration,
            Permissions,
            Certificate,
            Upload,
            Policy,
            SelfService
        ]
    );
    assert_eq!(
        acts(Certificate),
        [
            Registration,
            Permissions,
            Principal,
            Consent,
            Policy,
            SelfService
        ]
    );
    assert_eq!(
        acts(Policy),
        [
            Registration,
            Permissions,
            Principal,
            Consent,
            Certificate,
            Upload,
            SelfService
        ]
    );
    let mut tenant = Tenant::with(&[]);
    let course = tenant.run(wish(), |_| false, 99);
    assert!(tenant.acts.is_empty());
    assert_eq!(course.left(), Step::ALL);
}

#[test]
fn only_the_permissions_that_are_missing_are_asked_for_and_a_broader_one_does() {
    let mut tenant = Tenant::with(&[Step::Registration, Step::Principal]);
    tenant.roles = vec![role("People.All").id.to_uppercase()];
    let mut course = Course::new(wish());
    let mut asked = Vec::new();
    loop {
        match course.next() {
            Next::Look(look) => course.saw(tenant.look(&look)),
            Next::Act(Act::Adopt(one)) => {
                course.did(&Act::Adopt(one.clone()), Made::Registration(one));
            }
            Next::Act(act) => {
                if let Act::Request { roles, .. } | Act::Consent { roles, .. } = &act {
                    asked.push(roles.clone());
                }
                course.declined(act.step());
            }
            Next::Choose(wanted) => course.chose(wanted.name, true),
            Next::Stop(stop) => panic!("{stop:?}"),
            Next::End => break,
        }
    }
    assert_eq!(asked, [vec![role("Keys")], vec![role("Keys")]]);
}

#[test]
fn it_stops_rather_than_guess_whose_application_it_is() {
    let mut course = Course::new(wish());
    course.saw(Seen::Registrations(vec![registration(), registration()]));
    assert!(matches!(course.next(), Next::Stop(Stop::Ambiguous { found, .. }) if found.len() == 2));
    // The one that is configured is asked for by its id, and never made in its place.
    let mut course = Course::new(Wish {
        client_id: Some(CLIENT.to_owned()),
        ..wish()
    });
    assert_eq!(
        course.next(),
        Next::Look(Look::RegistrationOf(CLIENT.to_owned()))
    );
    course.saw(Seen::Registrations(Vec::new()));
    assert!(matches!(
        course.next(),
        Next::Stop(Stop::NotInTenant { .. })
    ));
}

#[test]
fn a_name_alone_makes_no_application_the_stations() {
    // Anybody may have made it, and would get what is consented to for it.
    let mut course = Course::new(wish());
    course.saw(Seen::Registrations(vec![registration()]));
    assert_eq!(course.registration(), None);
    assert_eq!(course.next(), Next::Act(Act::Adopt(registration())));
    course.declined(Step::Registration);
    assert_eq!(course.next(), Next::Look(Look::Policy));
    let mut course = Course::new(Wish {
        may_adopt: false,
        ..wish()
    });
    course.saw(Seen::Registrations(vec![registration()]));
    assert_eq!(course.next(), Next::Stop(Stop::Unconfirmed(registration())));
    // One that the configuration names is.
    let mut course = Course::new(Wish {
        client_id: Some(CLIENT.to_owned()),
        may_adopt: false,
        ..wish()
    });
    course.saw(Seen::Registrations(vec![registration()]));
    assert_eq!(course.registration(), Some(&registration()));
}

#[test]
fn a_permission_that_the_tenant_does_not_offer_is_no_step_that_is_done() {
    let mut course = Course::new(Wish {
        client_id: Some(CLIENT.to_owned()),
        ..wish()
    });
    course.saw(Seen::Registrations(vec![registration()]));
    course.saw(Seen::Requested(Vec::new()));
    course.saw(Seen::Api(ApiPrincipal {
        object: object("graph"),
        roles: vec![role("Keys")],
    }));
    assert_eq!(
        course.next(),
        Next::Stop(Stop::NoSuchPermission {
            name: "People.Basic"
        })
    );
}
