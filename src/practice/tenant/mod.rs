//! The practice tenant: a small server on a loopback port that checks what Entra checks, answers in Entra's shape, and
//! misbehaves on request. For `keyline demo`, for training and for tests.
//!
//! It is no Entra: what it says when it refuses is invented and says so, and it never leaves this machine.

mod admin;
mod applications;
mod assertion;
mod authorize;
mod batch;
mod bodies;
mod climate;
mod directory;
mod encoding;
mod faults;
mod http;
mod jwt;
mod line;
mod odata;
mod people;
mod policy;
mod refusal;
mod registration;
mod rights;
mod setup;
mod shapes;
mod sign_ins;
mod state;
mod store;
mod token;
mod tokens;
mod verify;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;
use zeroize::Zeroizing;

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{CredentialId, MethodId};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

pub use applications::PracticeApplication;
pub use climate::Climate;
pub use directory::PracticeGroup;
pub use faults::{Faults, Misbehaviour, Operation, Trick};
pub use people::Person;
pub use rights::EVERY_PERMISSION;
pub use sign_ins::SignInAnswer;
pub use state::TenantCredential;
pub use verify::PublicKey;

use state::State;

/// How long a stop waits for requests that are being served.
const STOP_MILLIS_MAX: u64 = 500;

/// Which models the tenant takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AaguidPolicy {
    #[default]
    Any,
    Allow(Vec<Aaguid>),
    Block(Vec<Aaguid>),
}

/// How the tenant writes the id of a new method: as a credential id in one of the ways that were seen, or as one that tells
/// nothing of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MethodIds {
    /// base64url and the number of missing padding characters.
    #[default]
    PaddingCount,
    /// Unpadded base64url.
    Plain,
    /// Standard base64 with padding.
    Standard,
    /// A GUID.
    Opaque,
}

/// How the tenant is set up. The default is what the demo uses. No `Debug`: it holds the client secret.
pub struct TenantSetup {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    pub tenant: String,
    pub client_id: String,
    pub client_secret: Zeroizing<String>,
    /// Certificates (DER) that the application may sign in with.
    pub certificates: Vec<Vec<u8>>,
    /// What was consented, for the application and for whoever signs in.
    pub permissions: Vec<String>,
    /// Who signs in: UPN and name.
    pub administrator: (String, String),
    /// How long a device code counts, and how often it may be asked about, in seconds.
    pub device_code_seconds: i64,
    pub device_interval_seconds: i64,
    /// A refresh token counts once. Entra's counts on.
    pub refresh_tokens_rotate: bool,
    pub rp_id: String,
    /// Where the mixture of id encodings begins, and whether `timeout` is 0 (even) or 60000 (odd).
    pub seed: u64,
    /// How long a challenge lives on v1.0.
    pub challenge_seconds: i64,
    pub token_seconds: i64,
    /// Entries of one page of a list.
    pub page_size: usize,
    pub passkeys_per_user_max: usize,
    /// Whoever has so many is refused creation options already, not only the registration.
    pub limit_at_options: bool,
    pub aaguids: AaguidPolicy,
    pub method_ids: MethodIds,
    /// Only attestations with a certificate are taken.
    pub attestation_enforced: bool,
    /// creationOptions under `value`, as one page of Microsoft's documentation has it.
    pub wrapped_options: bool,
    /// Keeps passkeys and challenges over a restart.
    pub state_file: Option<PathBuf>,
    /// People beyond those of the sample.
    pub crowd: u32,
    /// How many times faster its clock goes than the one on the wall.
    pub hurry: u32,
}

impl Default for TenantSetup {
    fn default() -> Self {
        Self {
            port: 0,
            tenant: "contoso.com".to_owned(),
            client_id: "0c0ffee0-0000-4000-8000-000000000001".to_owned(),
            client_secret: Zeroizing::new("practice~secret-of-no-value".to_owned()),
            certificates: Vec::new(),
            administrator: (
                "admin@contoso.com".to_owned(),
                "Practice Administrator".to_owned(),
            ),
            device_code_seconds: 900,
            device_interval_seconds: 5,
            refresh_tokens_rotate: false,
            rp_id: "login.microsoft.com".to_owned(),
            seed: 0,
            challenge_seconds: 300,
            token_seconds: 3599,
            page_size: 100,
            passkeys_per_user_max: 10,
            limit_at_options: false,
            aaguids: AaguidPolicy::Any,
            method_ids: MethodIds::PaddingCount,
            attestation_enforced: false,
            permissions: vec!["UserAuthMethod-Passkey.ReadWrite.All".to_owned()],
            wrapped_options: false,
            state_file: None,
            crowd: 0,
            hurry: 1,
        }
    }
}

/// A passkey that was there before we came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    pub display_name: String,
    pub aaguid: Aaguid,
    /// Drawn when absent.
    #[serde(default)]
    pub credential_id: Option<CredentialId>,
    /// Length of a drawn id; 32 when absent.
    #[serde(default)]
    pub id_bytes: Option<usize>,
    /// The credential id with its padding count when absent.
    #[serde(default)]
    pub method: Option<MethodId>,
    /// Ninety days ago when absent.
    #[serde(default)]
    pub created: Option<Timestamp>,
    #[serde(default)]
    pub synced: bool,
}

/// A sign-in that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub credential_id: CredentialId,
    pub sign_count: u32,
    /// The challenge in clientDataJSON, which whoever made it compares.
    pub challenge: String,
}

/// What the server and the handle share.
pub(crate) struct Inner(Mutex<State>);

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running practice tenant. Dropping it stops it.
pub struct Tenant {
    inner: Arc<Inner>,
    url: Url,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Tenant {
    /// Starts the server on 127.0.0.1, on a thread of its own; it answers when this returns.
    ///
    /// # Errors
    /// [`Fault::Internal`] when the port is taken or the state file cannot be read.
    pub fn start(setup: TenantSetup) -> Result<Self, Fault> {
        let cannot = |error: &dyn std::fmt::Display| Fault::Internal {
            what: format!("the practice tenant does not start: {error}"),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot(&error))?;
        let listener = runtime
            .block_on(TcpListener::bind(SocketAddr::from((
                Ipv4Addr::LOCALHOST,
                setup.port,
            ))))
            .map_err(|error| cannot(&error))?;
        let address = listener.local_addr().map_err(|error| cannot(&error))?;
        let url = Url::parse(&format!("http://{address}/")).map_err(|error| cannot(&error))?;

        let inner = Arc::new(Inner(Mutex::new(State::open(setup, url.to_string())?)));
        let (stop, stopped) = oneshot::channel();
        let service =
            http::router(inner.clone()).into_make_service_with_connect_info::<line::Scissors>();
        let thread = std::thread::Builder::new()
            .name("practice-tenant".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let serving = axum::serve(line::Lines(listener), service).into_future();
                    tokio::select! {
                        // Serving ends only with the runtime.
                        _ = serving => {}
                        _ = stopped => {}
                    }
                });
                runtime.shutdown_timeout(Duration::from_millis(STOP_MILLIS_MAX));
            })
            .map_err(|error| cannot(&error))?;
        Ok(Self {
            inner,
            url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address for both `authority` and `graph`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Everybody in the directory.
    pub fn people(&self) -> Vec<Person> {
        self.inner.state().people.clone()
    }

    /// The passkeys of a user (UPN or object id), those included that the list does not show yet.
    ///
    /// # Errors
    /// [`Fault::UserUnknown`].
    pub fn credentials(&self, user: &str) -> Result<Vec<TenantCredential>, Fault> {
        let state = self.inner.state();
        let list = state.credentials(user).map_err(fault)?;
        Ok(list.to_vec())
    }

    /// Adds a passkey that was there before.
    ///
    /// # Errors
    /// [`Fault::UserUnknown`]; [`Fault::Refused`] for a duplicate or one too many.
    pub fn add_existing(&self, user: &str, existing: Existing) -> Result<TenantCredential, Fault> {
        self.inner
            .state()
            .add_existing(user, existing)
            .map_err(fault)
    }

    /// Every token that is good now, or was and was never taken back: for tests that look for them where none may be.
    pub fn tokens(&self) -> Vec<Zeroizing<String>> {
        let state = self.inner.state();
        state
            .tokens()
            .map(|token| Zeroizing::new(token.to_owned()))
            .collect()
    }

    /// Every refresh token that counts: for tests that look for them where none may be.
    pub fn refresh_tokens(&self) -> Vec<Zeroizing<String>> {
        let state = self.inner.state();
        let tokens = state.sign_ins.refresh_tokens().iter();
        tokens.map(|token| Zeroizing::new(token.clone())).collect()
    }

    /// Somebody types a device code and answers. `false`: there is no such code, or it is over.
    pub fn answer_device(&self, user_code: &str, answer: SignInAnswer) -> bool {
        let mut state = self.inner.state();
        let now = state.now();
        state.sign_ins.answer_device(user_code, answer, now)
    }

    /// Ends every sign-in of a person, as an administrator of the tenant does with "revoke sessions".
    pub fn revoke_sign_ins(&self) {
        self.inner.state().sign_ins.revoke();
    }

    /// Replaces everything that is wrong with the tenant.
    pub fn set_faults(&self, faults: Faults) {
        self.inner.state().faults = faults;
    }

    /// The next `times` requests of this kind are struck by `trick`.
    pub fn misbehave(&self, on: Operation, times: u32, trick: Trick) {
        self.inner
            .state()
            .faults
            .next
            .push(Misbehaviour { on, times, trick });
    }

    /// Replaces the passkey (FIDO2) policy, in the words of Graph's `fido2AuthenticationMethodConfiguration`.
    pub fn set_policy(&self, policy: serde_json::Value) {
        self.inner.state().policy = policy;
    }

    /// The policy as it is now, to change something in it.
    pub fn policy(&self) -> serde_json::Value {
        self.inner.state().policy.clone()
    }

    /// Replaces what the application may do; counts for tokens that are issued from now on.
    pub fn set_permissions(&self, permissions: &[&str]) {
        self.inner.state().setup.permissions =
            permissions.iter().map(|&one| one.to_owned()).collect();
        self.permit(permissions);
    }

    /// Puts the tenant's clock forward, so that challenges and tokens expire and lag ends without waiting.
    pub fn advance(&self, seconds: i64) {
        let mut state = self.inner.state();
        state.ahead_seconds = state.ahead_seconds.saturating_add(seconds);
    }

    /// How many requests of a kind have come, struck ones included.
    pub fn requests(&self, of: Operation) -> u64 {
        self.inner.state().requests.get(&of).copied().unwrap_or(0)
    }

    /// How many requests came while the service had asked everybody to wait (only with [`Faults::climate`]).
    pub fn impatient_requests(&self) -> u64 {
        self.inner.state().unrest.impatient
    }

    /// How often each kind of misbehaviour has struck, by its name.
    pub fn strikes(&self) -> BTreeMap<&'static str, u64> {
        self.inner.state().unrest.strikes.clone()
    }

    /// Verifies a sign-in of `user` (WebAuthn §7.2): type, origin, rpIdHash, UP and UV, signature, counter. Says which of
    /// the user's passkeys signed it. The challenge is handed back for the caller to compare.
    ///
    /// # Errors
    /// [`Fault::UserUnknown`]; [`Fault::Refused`] with the reason.
    pub fn verify_assertion(
        &self,
        user: &str,
        authenticator_data: &[u8],
        client_data_json: &[u8],
        signature: &[u8],
    ) -> Result<SignIn, Fault> {
        self.inner
            .state()
            .sign_in(user, authenticator_data, client_data_json, signature)
            .map_err(fault)
    }

    /// Stops the server and waits until its port is free.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // The server is gone already when nobody listens.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.end();
    }
}

fn fault(refusal: refusal::Refusal) -> Fault {
    if refusal.status == 404 {
        return Fault::UserUnknown {
            request_id: String::new(),
            code: refusal.code.to_owned(),
            message: String::new(),
        };
    }
    Fault::Refused {
        status: refusal.status,
        code: refusal.code.to_owned(),
        message: refusal.why,
        request_id: String::new(),
    }
}
