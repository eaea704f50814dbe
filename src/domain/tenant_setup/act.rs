//! The words of a set-up: its steps, what is looked at for them, what is done, and what comes of either. Plain data.

use super::{ApiPrincipal, AppRole, PublicCertificate, Registration};
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::ObjectId;

/// One thing that has to be so, in the order in which it is seen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// There is an app registration.
    Registration,
    /// It asks for its permissions (`requiredResourceAccess`), so that the portal shows them.
    Permissions,
    /// The tenant knows it as an application that may sign in (`servicePrincipal`).
    Principal,
    /// Somebody consented to its permissions (`appRoleAssignments`).
    Consent,
    /// The station has a certificate.
    Certificate,
    /// The app registration knows the certificate (`keyCredentials`).
    Upload,
    /// The passkey policy is on.
    Policy,
    /// It lets keys be registered (`isSelfServiceRegistrationAllowed`).
    SelfService,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Registration,
        Self::Permissions,
        Self::Principal,
        Self::Consent,
        Self::Certificate,
        Self::Upload,
        Self::Policy,
        Self::SelfService,
    ];
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was so before.
    WasSo,
    Done,
    /// The administrator said no.
    Declined,
}

/// What is looked at. Changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The app registrations with this client id.
    RegistrationOf(String),
    /// Those with this name.
    RegistrationsNamed(String),
    /// Microsoft Graph's own service principal.
    Api,
    /// The roles of Microsoft Graph that an app registration asks for.
    Requested(ObjectId),
    /// The service principal of this client id.
    Principal(String),
    /// The roles of an API that a service principal was given.
    Consented {
        principal: ObjectId,
        api: ObjectId,
    },
    /// The station's own certificate.
    Certificate,
    /// Whether an app registration knows a certificate.
    Uploaded(ObjectId, PublicCertificate),
    Policy,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Registrations(Vec<Registration>),
    Api(ApiPrincipal),
    /// Ids of roles.
    Requested(Vec<String>),
    Principal(Option<ObjectId>),
    /// Ids of roles.
    Consented(Vec<String>),
    Certificate(Option<PublicCertificate>),
    Uploaded(bool),
    Policy(PasskeyPolicy),
}

/// What changes something. Nobody does it without being asked, or told that all may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an act that nobody carries out leaves the course where it is"]
pub enum Act {
    Register {
        name: String,
    },
    /// Takes the one of that name for the station's. Nothing is changed by that alone, but all else is done for it, and anybody in
    /// a tenant may have made it.
    Adopt(Registration),
    Request {
        application: ObjectId,
        roles: Vec<AppRole>,
    },
    MakePrincipal {
        client_id: String,
    },
    Consent {
        principal: ObjectId,
        api: ObjectId,
        roles: Vec<AppRole>,
    },
    MakeCertificate,
    Upload {
        application: ObjectId,
        certificate: PublicCertificate,
    },
    EnablePolicy,
    AllowSelfService,
}

impl Act {
    /// The step that it completes.
    pub const fn step(&self) -> Step {
        match self {
            Self::Register { .. } | Self::Adopt(_) => Step::Registration,
            Self::Request { .. } => Step::Permissions,
            Self::MakePrincipal { .. } => Step::Principal,
            Self::Consent { .. } => Step::Consent,
            Self::MakeCertificate => Step::Certificate,
            Self::Upload { .. } => Step::Upload,
            Self::EnablePolicy => Step::Policy,
            Self::AllowSelfService => Step::SelfService,
        }
    }

    /// The step that has to be known throughout the tenant for it: what was made a moment ago is not, everywhere.
    pub const fn builds_on(&self) -> Option<Step> {
        match self {
            Self::Request { .. } | Self::MakePrincipal { .. } | Self::Upload { .. } => {
                Some(Step::Registration)
            }
            Self::Consent { .. } => Some(Step::Principal),
            Self::Register { .. }
            | Self::Adopt(_)
            | Self::MakeCertificate
            | Self::EnablePolicy
            | Self::AllowSelfService => None,
        }
    }
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    Registration(Registration),
    Principal(ObjectId),
    Certificate(PublicCertificate),
    /// It is as it shall be; there is nothing to remember of it.
    So,
}
