//! The tenant: challenges that run out, a list that lags, and methods that somebody else registered.

use crate::app::world::{Op, World};
use crate::domain::credential::{
    Attestation, CreationOptions, CredentialId, CredentialKind, MethodId, RegisteredCredential,
    RpId, UserHandle,
};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::{Deleted, RelyingParty};

/// Seconds that a challenge lives.
pub(crate) const CHALLENGE_SECONDS: i64 = 600;

#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) user: String,
    pub(crate) id: MethodId,
    pub(crate) credential: CredentialId,
    pub(crate) kind: CredentialKind,
    pub(crate) name: String,
    /// It was there before us.
    pub(crate) foreign: bool,
    pub(super) visible_from: i64,
}

impl Method {
    /// The list shows it only from then on.
    pub(crate) fn hide_until(&mut self, moment: Timestamp) {
        self.visible_from = moment.0;
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TenantState {
    pub(crate) methods: Vec<Method>,
    /// Seconds until a new method shows in the list.
    pub(crate) lag: i64,
    /// The exclude list lags as the list does.
    pub(crate) exclude_lags: bool,
    /// The ids in the list are encodings of nothing.
    pub(crate) opaque: bool,
    pub(crate) names: Vec<String>,
    issued: Vec<(Vec<u8>, i64)>,
    /// How many there ever were: an id is never given twice.
    registered: usize,
}

impl TenantState {
    pub(crate) fn of(&self, user: &str) -> Vec<&Method> {
        self.methods
            .iter()
            .filter(|method| method.user == user)
            .collect()
    }
}

impl World {
    /// A passkey that the user had before us.
    pub(crate) fn add_foreign(&self, user: &str, credential: u8, kind: CredentialKind) -> MethodId {
        let id = MethodId(format!("old-{credential}"));
        self.state().tenant.methods.push(Method {
            user: user.to_owned(),
            id: id.clone(),
            credential: CredentialId(vec![credential; 16]),
            kind,
            name: "a key".to_owned(),
            foreign: true,
            visible_from: 0,
        });
        id
    }
}

fn refused(status: u16) -> Fault {
    Fault::Refused {
        status,
        code: "invalidRequest".to_owned(),
        message: "no".to_owned(),
        request_id: "r-1".to_owned(),
    }
}

impl RelyingParty for World {
    fn ready(&self) -> Result<(), Fault> {
        self.call(Op::Ready, |_| Ok(()))
    }

    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault> {
        self.call(Op::Options, |state| {
            if state.directory.untouchable.contains(user) {
                return Err(refused(403));
            }
            if state.directory.is_closed() {
                return Err(refused(400));
            }
            let number = state.tenant.issued.len() + 1;
            let challenge = format!("challenge {number}").into_bytes();
            let expires = state.now + CHALLENGE_SECONDS * 1000;
            let (now, lags) = (state.now, state.tenant.exclude_lags);
            state.tenant.issued.push((challenge.clone(), expires));
            Ok(CreationOptions {
                rp_id: RpId("login.microsoft.com".to_owned()),
                rp_name: "Microsoft".to_owned(),
                user_handle: UserHandle(user.as_bytes().to_vec()),
                user_name: user.to_owned(),
                user_display_name: user.to_owned(),
                challenge,
                algorithms: vec![-7],
                exclude: state
                    .tenant
                    .of(user)
                    .into_iter()
                    .filter(|method| !lags || method.visible_from <= now)
                    .map(|method| method.credential.clone())
                    .collect(),
                hmac_secret: true,
                credential_protection: None,
                enforce_credential_protection: false,
                expires: Timestamp(expires),
            })
        })
    }

    fn register(
        &self,
        user: &str,
        display_name: &str,
        attestation: &Attestation,
    ) -> Result<MethodId, Fault> {
        self.call(Op::Post, |state| {
            let now = state.now;
            if state.directory.refuses(user, attestation.aaguid) {
                return Err(refused(400));
            }
            let tenant = &mut state.tenant;
            let alive = tenant.issued.iter().any(|(challenge, expires)| {
                *challenge == attestation.attestation_object && now <= *expires
            });
            let known = tenant
                .methods
                .iter()
                .any(|method| method.credential == attestation.credential_id);
            if !alive || known {
                return Err(refused(400));
            }
            tenant.registered += 1;
            let id = MethodId(format!("method-{}", tenant.registered));
            tenant.names.push(display_name.to_owned());
            tenant.methods.push(Method {
                user: user.to_owned(),
                id: id.clone(),
                credential: attestation.credential_id.clone(),
                kind: CredentialKind::SecurityKey,
                name: display_name.to_owned(),
                foreign: false,
                visible_from: now + tenant.lag * 1000,
            });
            Ok(id)
        })
    }

    fn credentials(&self, user: &str) -> Result<Vec<RegisteredCredential>, Fault> {
        self.call(Op::List, |state| {
            let (now, opaque) = (state.now, state.tenant.opaque);
            Ok(state
                .tenant
                .of(user)
                .into_iter()
                .filter(|method| method.visible_from <= now)
                .map(|method| RegisteredCredential {
                    method: method.id.clone(),
                    may_be: (!opaque)
                        .then(|| method.credential.clone())
                        .into_iter()
                        .collect(),
                    display_name: method.name.clone(),
                    aaguid: None,
                    model: String::new(),
                    created: None,
                    kind: method.kind,
                    attested: None,
                    synced: None,
                })
                .collect())
        })
    }

    fn delete(&self, user: &str, method: &MethodId) -> Result<Deleted, Fault> {
        self.call(Op::Delete, |state| {
            let methods = &mut state.tenant.methods;
            let before = methods.len();
            methods.retain(|known| known.user != user || known.id != *method);
            Ok(if methods.len() < before {
                Deleted::Now
            } else {
                Deleted::WasGone
            })
        })
    }
}
