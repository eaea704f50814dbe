//! What sets a tenant up: looked at and changed in an administrator's name. Every method is one look or one change; whoever calls
//! has asked before each change.

use crate::domain::fault::Fault;
use crate::domain::person::ObjectId;
use crate::domain::tenant_setup::{ApiPrincipal, AppRole, PublicCertificate, Registration};

/// App registrations, consent and the passkey policy over Microsoft Graph. A lacking right or role is [`Fault::Refused`] with 403,
/// something that is not there (yet) with 404. A change whose answer is lost is [`Fault::Unreachable`].
pub trait TenantSetup: Send + Sync {
    /// GET applications, by `appId`.
    ///
    /// # Errors
    /// As above.
    fn registration_of(&self, client_id: &str) -> Result<Vec<Registration>, Fault>;

    /// GET applications, by `displayName`.
    ///
    /// # Errors
    /// As above.
    fn registrations_named(&self, name: &str) -> Result<Vec<Registration>, Fault>;

    /// POST applications: for this tenant alone, without any permission.
    ///
    /// # Errors
    /// As above.
    fn register(&self, name: &str) -> Result<Registration, Fault>;

    /// GET servicePrincipals: Microsoft Graph's own, with its `appRoles`.
    ///
    /// # Errors
    /// As above; [`Fault::AnswerUnusable`] when the tenant has none.
    fn api(&self) -> Result<ApiPrincipal, Fault>;

    /// The ids of Microsoft Graph's application permissions in `requiredResourceAccess`.
    ///
    /// # Errors
    /// As above.
    fn requested(&self, application: &ObjectId) -> Result<Vec<String>, Fault>;

    /// Adds to `requiredResourceAccess`; what is there stays.
    ///
    /// # Errors
    /// As above.
    fn request(&self, application: &ObjectId, roles: &[AppRole]) -> Result<(), Fault>;

    /// GET servicePrincipals, by `appId`.
    ///
    /// # Errors
    /// As above.
    fn principal(&self, client_id: &str) -> Result<Option<ObjectId>, Fault>;

    /// POST servicePrincipals.
    ///
    /// # Errors
    /// As above; [`Fault::Refused`] with 400 while the app registration is not known everywhere.
    fn make_principal(&self, client_id: &str) -> Result<ObjectId, Fault>;

    /// GET appRoleAssignments: the ids of the roles of `api` that were given.
    ///
    /// # Errors
    /// As above.
    fn consented(&self, principal: &ObjectId, api: &ObjectId) -> Result<Vec<String>, Fault>;

    /// POST appRoleAssignments.
    ///
    /// # Errors
    /// As above; [`Fault::Refused`] with 400 when it was given before.
    fn consent(&self, principal: &ObjectId, api: &ObjectId, role: &AppRole) -> Result<(), Fault>;

    /// Whether the certificate is among the `keyCredentials`.
    ///
    /// # Errors
    /// As above.
    fn has_certificate(
        &self,
        application: &ObjectId,
        certificate: &PublicCertificate,
    ) -> Result<bool, Fault>;

    /// Adds to the `keyCredentials`; what is there stays.
    ///
    /// # Errors
    /// As above.
    fn upload(&self, application: &ObjectId, certificate: &PublicCertificate) -> Result<(), Fault>;

    /// PATCH of the passkey policy: `state` becomes `enabled`.
    ///
    /// # Errors
    /// As above.
    fn enable_policy(&self) -> Result<(), Fault>;

    /// PATCH of the passkey policy: `isSelfServiceRegistrationAllowed` becomes true.
    ///
    /// # Errors
    /// As above.
    fn allow_self_service(&self) -> Result<(), Fault>;
}

/// The certificate that the station signs in with, at this computer.
pub trait OwnCertificate {
    /// The one that is there.
    ///
    /// # Errors
    /// [`Fault::SignIn`] when there is one that cannot be used.
    fn there(&self) -> Result<Option<PublicCertificate>, Fault>;

    /// Makes one with its private key, over nothing that is there.
    ///
    /// # Errors
    /// [`Fault::StationKeys`] when it cannot be written.
    fn make(&self) -> Result<PublicCertificate, Fault>;
}
