//! The course of a set-up: what was seen of the tenant, what was done or declined, and the one thing that comes next. Each step is
//! looked at before it is offered, and one that is so already is never done again: a run that was cut is simply begun anew.
//!
//! It asks nobody, sends nothing, and waits for nothing.

use std::collections::BTreeMap;

pub use super::act::{Act, Look, Made, Outcome, Seen, Step};

use super::{ApiPrincipal, AppRole, PublicCertificate, Registration};
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::ObjectId;

/// A permission that the station shall have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub name: &'static str,
    /// Broader ones that do as well, where they were given before.
    pub or: &'static [&'static str],
    /// Keys can be enrolled without it, and nobody named it: whoever is asked may leave it out by itself.
    pub optional: bool,
}

/// What shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The application that the configuration names; `None`: it is looked for by its name, or made.
    pub client_id: Option<String>,
    /// What the app registration is called.
    pub name: String,
    /// Somebody can be asked whether the one of that name is the station's.
    pub may_adopt: bool,
    pub permissions: Vec<Wanted>,
}

/// Why it cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The tenant has no app registration with the client id of the configuration.
    NotInTenant { client_id: String },
    /// Several bear the name, and none is named in the configuration.
    Ambiguous {
        name: String,
        found: Vec<Registration>,
    },
    /// One bears the name, the configuration does not name it, and nobody can be asked whether it is the station's.
    Unconfirmed(Registration),
    /// Microsoft Graph offers no such application permission here.
    NoSuchPermission { name: &'static str },
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the course goes on by whoever carries this out"]
pub enum Next {
    Look(Look),
    Act(Act),
    /// Whether the station shall have a permission that it can do without.
    Choose(Wanted),
    Stop(Stop),
    End,
}

/// One set-up of one tenant.
#[derive(Clone, Debug)]
pub struct Course {
    wish: Wish,
    registrations: Option<Vec<Registration>>,
    own: Option<Registration>,
    api: Option<ApiPrincipal>,
    requested: Option<Vec<String>>,
    principal: Option<Option<ObjectId>>,
    consented: Option<Vec<String>>,
    certificate: Option<Option<PublicCertificate>>,
    uploaded: Option<bool>,
    policy: Option<PasskeyPolicy>,
    /// Optional permissions that were chosen, or left out.
    choices: BTreeMap<&'static str, bool>,
    outcomes: BTreeMap<Step, Outcome>,
}

impl Course {
    /// Nothing is known yet.
    pub fn new(wish: Wish) -> Self {
        Self {
            wish,
            registrations: None,
            own: None,
            api: None,
            requested: None,
            principal: None,
            consented: None,
            certificate: None,
            uploaded: None,
            policy: None,
            choices: BTreeMap::new(),
            outcomes: BTreeMap::new(),
        }
    }

    /// The station's app registration, once there is one.
    pub const fn registration(&self) -> Option<&Registration> {
        self.own.as_ref()
    }

    /// Whether somebody can be asked before an app registration is made or taken.
    pub const fn asks_somebody(&self) -> bool {
        self.wish.may_adopt
    }

    /// The station's certificate, once there is one.
    pub fn certificate(&self) -> Option<&PublicCertificate> {
        self.certificate.as_ref()?.as_ref()
    }

    /// The policy as it was found.
    pub const fn policy(&self) -> Option<&PasskeyPolicy> {
        self.policy.as_ref()
    }

    /// The permissions that the station is to have.
    pub fn permissions(&self) -> impl Iterator<Item = &Wanted> {
        let wanted = self.wish.permissions.iter();
        wanted.filter(|wanted| self.choices.get(wanted.name) != Some(&false))
    }

    /// Whether somebody consented to a permission, or to one of `or`, before.
    pub fn was_given(&self, name: &str, or: &[&str]) -> bool {
        match (&self.api, &self.consented) {
            (Some(api), Some(given)) => gives(api, given, name, or),
            (None, _) | (_, None) => false,
        }
    }

    /// How a step ended; `None`: it has not, or it could not even begin.
    pub fn outcome(&self, step: Step) -> Option<Outcome> {
        self.outcomes.get(&step).copied()
    }

    /// The steps that are not as they shall be.
    pub fn left(&self) -> Vec<Step> {
        let so = |step: &Step| matches!(self.outcome(*step), Some(Outcome::WasSo | Outcome::Done));
        Step::ALL.into_iter().filter(|step| !so(step)).collect()
    }

    /// What comes next. The same until something is seen, done or declined.
    pub fn next(&self) -> Next {
        let open = Step::ALL
            .into_iter()
            .filter(|step| !self.outcomes.contains_key(step));
        for step in open {
            if let Some(next) = self.towards(step) {
                return next;
            }
        }
        Next::End
    }

    /// The next thing for one step; `None` where it rests on a step that was declined.
    fn towards(&self, step: Step) -> Option<Next> {
        match step {
            Step::Registration => Some(self.towards_registration()),
            Step::Permissions => {
                let own = self.registration()?;
                let Some(requested) = &self.requested else {
                    return Some(Next::Look(Look::Requested(own.object.clone())));
                };
                Some(self.with_roles(requested, |_, roles| Act::Request {
                    application: own.object.clone(),
                    roles,
                }))
            }
            Step::Principal => {
                let client_id = self.registration()?.client_id.clone();
                Some(match &self.principal {
                    None => Next::Look(Look::Principal(client_id)),
                    Some(_) => Next::Act(Act::MakePrincipal { client_id }),
                })
            }
            Step::Consent => {
                let principal = self.principal.clone()??;
                let Some(api) = &self.api else {
                    return Some(Next::Look(Look::Api));
                };
                let Some(consented) = &self.consented else {
                    let api = api.object.clone();
                    return Some(Next::Look(Look::Consented { principal, api }));
                };
                Some(self.with_roles(consented, |api, roles| Act::Consent {
                    principal,
                    api,
                    roles,
                }))
            }
            Step::Certificate => {
                // Of no use to a station that has no application.
                self.registration()?;
                Some(match &self.certificate {
                    None => Next::Look(Look::Certificate),
                    Some(_) => Next::Act(Act::MakeCertificate),
                })
            }
            Step::Upload => {
                let application = self.registration()?.object.clone();
                let certificate = self.certificate()?.clone();
                Some(match self.uploaded {
                    None => Next::Look(Look::Uploaded(application, certificate)),
                    Some(_) => Next::Act(Act::Upload {
                        application,
                        certificate,
                    }),
                })
            }
            Step::Policy => Some(self.towards_policy(Act::EnablePolicy)),
            Step::SelfService => Some(self.towards_policy(Act::AllowSelfService)),
        }
    }

    fn towards_registration(&self) -> Next {
        match (self.registrations.as_deref(), &self.wish.client_id) {
            (None, Some(client_id)) => Next::Look(Look::RegistrationOf(client_id.clone())),
            (None, None) => Next::Look(Look::RegistrationsNamed(self.wish.name.clone())),
            (Some([]), Some(client_id)) => Next::Stop(Stop::NotInTenant {
                client_id: client_id.clone(),
            }),
            (Some([]), None) => Next::Act(Act::Register {
                name: self.wish.name.clone(),
            }),
            (Some([one]), None) if self.wish.may_adopt => Next::Act(Act::Adopt(one.clone())),
            (Some([one]), None) => Next::Stop(Stop::Unconfirmed(one.clone())),
            (Some(found), _) => Next::Stop(Stop::Ambiguous {
                name: self.wish.name.clone(),
                found: found.to_vec(),
            }),
        }
    }

    fn towards_policy(&self, act: Act) -> Next {
        match self.policy {
            None => Next::Look(Look::Policy),
            Some(_) => Next::Act(act),
        }
    }

    /// The act for the permissions that are not among `given`, once it is known what Microsoft Graph calls them.
    fn with_roles(
        &self,
        given: &[String],
        act: impl FnOnce(ObjectId, Vec<AppRole>) -> Act,
    ) -> Next {
        let Some(api) = &self.api else {
            return Next::Look(Look::Api);
        };
        let roles = match self.missing(api, given) {
            Ok(roles) => roles,
            Err(name) => return Next::Stop(Stop::NoSuchPermission { name }),
        };
        let open = self.permissions().find(|wanted| {
            wanted.optional
                && !self.choices.contains_key(wanted.name)
                && roles.iter().any(|role| role.value == wanted.name)
        });
        match open {
            Some(wanted) => Next::Choose(*wanted),
            None => Next::Act(act(api.object.clone(), roles)),
        }
    }

    /// The wanted roles that `given` (ids) does not have, also not by a broader one; an error names one that the API does not
    /// offer.
    fn missing(&self, api: &ApiPrincipal, given: &[String]) -> Result<Vec<AppRole>, &'static str> {
        self.permissions()
            .filter(|wanted| !gives(api, given, wanted.name, wanted.or))
            .map(|wanted| {
                let mut roles = api.roles.iter();
                let role = roles.find(|role| role.value == wanted.name);
                role.cloned().ok_or(wanted.name)
            })
            .collect()
    }

    /// Something was seen.
    pub fn saw(&mut self, seen: Seen) {
        match seen {
            Seen::Registrations(found) => {
                // What the configuration names is the station's; a name alone is anybody's.
                if let ([one], Some(_)) = (found.as_slice(), &self.wish.client_id) {
                    self.own = Some(one.clone());
                }
                self.registrations = Some(found);
            }
            Seen::Api(api) => self.api = Some(api),
            Seen::Requested(roles) => self.requested = Some(roles),
            Seen::Principal(principal) => self.principal = Some(principal),
            Seen::Consented(roles) => self.consented = Some(roles),
            Seen::Certificate(certificate) => self.certificate = Some(certificate),
            Seen::Uploaded(is_there) => self.uploaded = Some(is_there),
            Seen::Policy(policy) => self.policy = Some(policy),
        }
        self.conclude();
    }

    /// Somebody said whether the station shall have the optional permission `name`.
    pub fn chose(&mut self, name: &'static str, yes: bool) {
        self.choices.insert(name, yes);
        self.conclude();
    }

    fn conclude(&mut self) {
        for step in Step::ALL {
            if !self.outcomes.contains_key(&step) && self.is_so(step) {
                self.outcomes.insert(step, Outcome::WasSo);
            }
        }
    }

    /// Whether what was seen says that a step needs nothing any more.
    fn is_so(&self, step: Step) -> bool {
        let covers = |given: &Option<Vec<String>>| match (&self.api, given) {
            (Some(api), Some(given)) => self.missing(api, given) == Ok(Vec::new()),
            (None, _) | (_, None) => false,
        };
        match step {
            Step::Registration => self.registration().is_some(),
            Step::Permissions => covers(&self.requested),
            Step::Principal => matches!(self.principal, Some(Some(_))),
            Step::Consent => covers(&self.consented),
            Step::Certificate => self.certificate().is_some(),
            Step::Upload => self.uploaded == Some(true),
            Step::Policy => self.policy.as_ref().is_some_and(|policy| policy.enabled),
            Step::SelfService => self
                .policy
                .as_ref()
                .is_some_and(|policy| policy.self_service),
        }
    }

    /// `act` was done.
    pub fn did(&mut self, act: &Act, made: Made) {
        match made {
            Made::Registration(registration) => self.own = Some(registration),
            Made::Principal(principal) => self.principal = Some(Some(principal)),
            Made::Certificate(certificate) => self.certificate = Some(Some(certificate)),
            Made::So => {}
        }
        let outcome = match act {
            Act::Adopt(_) => Outcome::WasSo,
            Act::Register { .. }
            | Act::Request { .. }
            | Act::MakePrincipal { .. }
            | Act::Consent { .. }
            | Act::MakeCertificate
            | Act::Upload { .. }
            | Act::EnablePolicy
            | Act::AllowSelfService => Outcome::Done,
        };
        self.outcomes.insert(act.step(), outcome);
    }

    /// The administrator said no to `step`.
    pub fn declined(&mut self, step: Step) {
        self.outcomes.insert(step, Outcome::Declined);
    }
}

/// Whether roles (ids) of an API give a permission, by itself or by a broader one.
fn gives(api: &ApiPrincipal, given: &[String], name: &str, or: &[&str]) -> bool {
    let is_given = |name: &str| {
        let mut roles = api.roles.iter().filter(|role| role.value == name);
        roles.any(|role| given.iter().any(|id| id.eq_ignore_ascii_case(&role.id)))
    };
    is_given(name) || or.iter().any(|broader| is_given(broader))
}

#[cfg(test)]
mod tests;
