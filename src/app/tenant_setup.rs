//! Sets a tenant up with an administrator who is asked before each change: carries out what the course says, waits a while for what
//! was made a moment ago to be known everywhere, and looks again where it is not known whether a change was made.
//!
//! It decides nothing by itself: what comes next is [`Course::next`], and whether it is done is the administrator's to say.

mod choice;

use std::time::Duration;

use crate::domain::fault::Fault;
use crate::domain::tenant_setup::Registration;
use crate::domain::tenant_setup::course::{
    Act, Course, Look, Made, Next, Outcome, Seen, Step, Stop, Wanted,
};
use crate::port::{CancelFlag, Clock, Directory, OwnCertificate, TenantSetup};

pub use choice::{Choice, NoChoice, wanted};

/// The waits for something new to be known everywhere in the tenant, in seconds: a minute in all.
const NEW_WAITS_SECONDS: [u64; 6] = [1, 3, 6, 10, 20, 20];
/// Before each look whether a change was made whose answer was lost, in seconds: the directory's lists lag behind.
const DOUBT_WAITS_SECONDS: [u64; 3] = [1, 4, 10];
/// Before each further look for an app registration that the directory does not list, where nobody is asked before it is made, in
/// seconds: a run a moment ago may have made it.
const UNLISTED_WAITS_SECONDS: [u64; 2] = [2, 5];

/// What is needed for it.
pub struct Tools<'a> {
    pub tenant: &'a dyn TenantSetup,
    pub directory: &'a dyn Directory,
    pub certificate: &'a dyn OwnCertificate,
    pub clock: &'a dyn Clock,
    pub cancel: &'a CancelFlag,
}

/// What an administrator answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// Nobody answers any more.
    Gone,
}

/// What happened, as it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Ended(Step, Outcome),
    /// What an act builds on is not known everywhere yet.
    Waiting {
        step: Step,
        seconds: u64,
    },
    /// Nobody knows whether it was done; it is looked at again.
    Doubtful(Step),
    /// The directory lists no such thing, and nobody is asked before it is made: it is looked for once more.
    Unlisted {
        step: Step,
        seconds: u64,
    },
}

/// Whoever is asked.
pub trait Administrator {
    /// Whether this shall be done.
    fn agrees(&mut self, course: &Course, act: &Act) -> Answer;
    /// Whether the station shall have a permission that it can do without.
    fn chooses(&mut self, wanted: &Wanted) -> Answer;
    /// Is told.
    fn hears(&mut self, course: &Course, news: News);
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// There is nothing more to do or to ask.
    Through,
    Stopped(Stop),
    /// Somebody broke it off; in the middle of a step nobody knows whether that was done.
    BrokenOff {
        during: Option<Step>,
    },
    /// Something went wrong with a step; what was done before is done.
    Failed {
        step: Step,
        fault: Fault,
    },
}

/// Carries a course out to its end.
pub fn perform(course: &mut Course, tools: &Tools<'_>, whom: &mut dyn Administrator) -> End {
    loop {
        if tools.cancel.is_cancelled() {
            return End::BrokenOff { during: None };
        }
        let before = ended(course);
        match course.next() {
            Next::Look(look) => match tools.look(course, &look, whom) {
                Ok(seen) => course.saw(seen),
                Err(Fault::Cancelled) => return End::BrokenOff { during: None },
                Err(fault) => {
                    let step = concerns(&look);
                    return End::Failed { step, fault };
                }
            },
            Next::Act(act) => match whom.agrees(course, &act) {
                Answer::Yes => match tools.act(course, &act, whom) {
                    Ok(Came::Made(made)) => course.did(&act, made),
                    Ok(Came::Found(found)) => course.saw(Seen::Registrations(found)),
                    Err(Fault::Cancelled) => {
                        let during = Some(act.step());
                        return End::BrokenOff { during };
                    }
                    Err(fault) => {
                        let step = act.step();
                        return End::Failed { step, fault };
                    }
                },
                Answer::No => course.declined(act.step()),
                Answer::Gone => return End::BrokenOff { during: None },
            },
            Next::Choose(wanted) => match whom.chooses(&wanted) {
                Answer::Yes => course.chose(wanted.name, true),
                Answer::No => course.chose(wanted.name, false),
                Answer::Gone => return End::BrokenOff { during: None },
            },
            Next::Stop(stop) => return End::Stopped(stop),
            Next::End => return End::Through,
        }
        for (step, outcome) in ended(course) {
            if !before.contains(&(step, outcome)) {
                whom.hears(course, News::Ended(step, outcome));
            }
        }
    }
}

fn ended(course: &Course) -> Vec<(Step, Outcome)> {
    let outcome = |step| course.outcome(step).map(|outcome| (step, outcome));
    Step::ALL.into_iter().filter_map(outcome).collect()
}

/// The step for which something is looked at.
const fn concerns(look: &Look) -> Step {
    match look {
        Look::RegistrationOf(_) | Look::RegistrationsNamed(_) => Step::Registration,
        Look::Api | Look::Requested(_) => Step::Permissions,
        Look::Principal(_) => Step::Principal,
        Look::Consented { .. } => Step::Consent,
        Look::Certificate => Step::Certificate,
        Look::Uploaded(..) => Step::Upload,
        Look::Policy => Step::Policy,
    }
}

/// What came of an act.
enum Came {
    Made(Made),
    /// App registrations of the name in question, of which one may be the one whose answer was lost, or anybody's: they are seen
    /// to as if they had been there before.
    Found(Vec<Registration>),
}

impl Tools<'_> {
    /// Looks; what was made a moment ago may be missing for a while.
    fn look(
        &self,
        course: &Course,
        look: &Look,
        whom: &mut dyn Administrator,
    ) -> Result<Seen, Fault> {
        if let Look::RegistrationsNamed(name) = look {
            return self.look_for(course, name, whom);
        }
        let mut waits = NEW_WAITS_SECONDS.into_iter();
        loop {
            let seen = self.look_once(look);
            let not_yet = matches!(seen, Err(Fault::Refused { status: 404, .. }));
            match waits.next() {
                Some(seconds) if not_yet => {
                    let step = concerns(look);
                    whom.hears(course, News::Waiting { step, seconds });
                    self.wait(seconds)?;
                }
                Some(_) | None => return seen,
            }
        }
    }

    /// Looks for app registrations by name. An administrator who is asked knows of a run a moment ago; a script does not, and would
    /// make a second one while the list lags.
    fn look_for(
        &self,
        course: &Course,
        name: &str,
        whom: &mut dyn Administrator,
    ) -> Result<Seen, Fault> {
        let mut found = self.tenant.registrations_named(name)?;
        for seconds in UNLISTED_WAITS_SECONDS {
            if course.asks_somebody() || !found.is_empty() {
                break;
            }
            let step = Step::Registration;
            whom.hears(course, News::Unlisted { step, seconds });
            self.wait(seconds)?;
            found = self.tenant.registrations_named(name)?;
        }
        Ok(Seen::Registrations(found))
    }

    fn look_once(&self, look: &Look) -> Result<Seen, Fault> {
        let tenant = self.tenant;
        Ok(match look {
            Look::RegistrationOf(client_id) => {
                Seen::Registrations(tenant.registration_of(client_id)?)
            }
            Look::RegistrationsNamed(name) => {
                Seen::Registrations(tenant.registrations_named(name)?)
            }
            Look::Api => Seen::Api(tenant.api()?),
            Look::Requested(application) => Seen::Requested(tenant.requested(application)?),
            Look::Principal(client_id) => Seen::Principal(tenant.principal(client_id)?),
            Look::Consented { principal, api } => {
                Seen::Consented(tenant.consented(principal, api)?)
            }
            Look::Certificate => Seen::Certificate(self.certificate.there()?),
            Look::Uploaded(application, certificate) => {
                Seen::Uploaded(tenant.has_certificate(application, certificate)?)
            }
            Look::Policy => Seen::Policy(self.directory.passkey_policy()?),
        })
    }

    /// Does it. What takes a request for each permission is done one by one, so that a doubt about one is not one about all.
    fn act(&self, course: &Course, act: &Act, whom: &mut dyn Administrator) -> Result<Came, Fault> {
        if let Act::Register { name } = act {
            return self.register(course, name, whom);
        }
        let Act::Consent {
            principal,
            api,
            roles,
        } = act
        else {
            return self.act_singly(course, act, whom).map(Came::Made);
        };
        for role in roles {
            let single = Act::Consent {
                principal: principal.clone(),
                api: api.clone(),
                roles: vec![role.clone()],
            };
            self.act_singly(course, &single, whom)?;
        }
        Ok(Came::Made(Made::So))
    }

    /// Makes the app registration, once. A refusal is one, whatever bears the name by now: somebody may have put theirs there
    /// meanwhile, and would get all that is consented to. Only the answer says which one was made here; when it is lost, what bears
    /// the name is looked for, and not taken.
    fn register(
        &self,
        course: &Course,
        name: &str,
        whom: &mut dyn Administrator,
    ) -> Result<Came, Fault> {
        let fault = match self.tenant.register(name) {
            Ok(made) => return Ok(Came::Made(Made::Registration(made))),
            Err(fault) => fault,
        };
        if !matches!(
            fault,
            Fault::Unreachable { .. } | Fault::AnswerUnusable { .. }
        ) {
            return Err(fault);
        }
        whom.hears(course, News::Doubtful(Step::Registration));
        for seconds in DOUBT_WAITS_SECONDS {
            self.wait(seconds)?;
            match self.tenant.registrations_named(name) {
                Ok(found) if !found.is_empty() => return Ok(Came::Found(found)),
                Ok(_) | Err(_) => {}
            }
        }
        Err(fault)
    }

    /// Does it, once.
    fn act_singly(
        &self,
        course: &Course,
        act: &Act,
        whom: &mut dyn Administrator,
    ) -> Result<Made, Fault> {
        let is_new = act
            .builds_on()
            .is_some_and(|step| course.outcome(step) == Some(Outcome::Done));
        let mut waits = NEW_WAITS_SECONDS.into_iter();
        loop {
            let fault = match self.act_once(act) {
                Ok(made) => return Ok(made),
                Err(fault) => fault,
            };
            let doubt = matches!(fault, Fault::Unreachable { .. });
            let refused = if let Fault::Refused { status, .. } = &fault {
                Some(*status)
            } else {
                None
            };
            // What is refused because it is so already is done, and of what got no answer nobody knows.
            if (doubt || matches!(refused, Some(400 | 409)))
                && let Some(made) = self.settle(act, doubt, course, whom)?
            {
                return Ok(made);
            }
            let not_yet = match refused {
                Some(404) => act.builds_on().is_some(),
                Some(400) => is_new,
                Some(_) | None => false,
            };
            match waits.next() {
                Some(seconds) if not_yet => {
                    let step = act.step();
                    whom.hears(course, News::Waiting { step, seconds });
                    self.wait(seconds)?;
                }
                Some(_) | None => return Err(fault),
            }
        }
    }

    fn act_once(&self, act: &Act) -> Result<Made, Fault> {
        let tenant = self.tenant;
        match act {
            Act::Register { name } => return tenant.register(name).map(Made::Registration),
            Act::Adopt(registration) => return Ok(Made::Registration(registration.clone())),
            Act::Request { application, roles } => tenant.request(application, roles)?,
            Act::MakePrincipal { client_id } => {
                return tenant.make_principal(client_id).map(Made::Principal);
            }
            Act::Consent {
                principal,
                api,
                roles,
            } => {
                for role in roles {
                    tenant.consent(principal, api, role)?;
                }
            }
            Act::MakeCertificate => return self.certificate.make().map(Made::Certificate),
            Act::Upload {
                application,
                certificate,
            } => tenant.upload(application, certificate)?,
            Act::EnablePolicy => tenant.enable_policy()?,
            Act::AllowSelfService => tenant.allow_self_service()?,
        }
        Ok(Made::So)
    }

    /// Whether it is so already, whoever did it. In doubt it is looked at more than once.
    fn settle(
        &self,
        act: &Act,
        doubt: bool,
        course: &Course,
        whom: &mut dyn Administrator,
    ) -> Result<Option<Made>, Fault> {
        if !doubt {
            return Ok(self.is_so(act).unwrap_or_default());
        }
        whom.hears(course, News::Doubtful(act.step()));
        for seconds in DOUBT_WAITS_SECONDS {
            self.wait(seconds)?;
            if let Ok(Some(made)) = self.is_so(act) {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    fn is_so(&self, act: &Act) -> Result<Option<Made>, Fault> {
        let tenant = self.tenant;
        let so = match act {
            Act::MakePrincipal { client_id } => {
                return Ok(tenant.principal(client_id)?.map(Made::Principal));
            }
            Act::Request { application, roles } => has_all(
                &tenant.requested(application)?,
                roles.iter().map(|role| &role.id),
            ),
            Act::Consent {
                principal,
                api,
                roles,
            } => has_all(
                &tenant.consented(principal, api)?,
                roles.iter().map(|role| &role.id),
            ),
            // Of an app registration the name says nothing: anybody may have made one of that name.
            Act::Register { .. } | Act::Adopt(_) | Act::MakeCertificate => return Ok(None),
            Act::Upload {
                application,
                certificate,
            } => tenant.has_certificate(application, certificate)?,
            Act::EnablePolicy => self.directory.passkey_policy()?.enabled,
            Act::AllowSelfService => self.directory.passkey_policy()?.self_service,
        };
        Ok(so.then_some(Made::So))
    }

    fn wait(&self, seconds: u64) -> Result<(), Fault> {
        if self.clock.wait(Duration::from_secs(seconds), self.cancel) {
            Ok(())
        } else {
            Err(Fault::Cancelled)
        }
    }
}

fn has_all<'a>(given: &[String], mut wanted: impl Iterator<Item = &'a String>) -> bool {
    wanted.all(|id| given.iter().any(|one| one.eq_ignore_ascii_case(id)))
}
