//! A tenant, an adapter before it and a clock that does not wait.

use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyline::adapter::entra::{Api, Entra, EntraConfig, SecretSource};
use keyline::domain::fault::Fault;
use keyline::domain::time::Timestamp;
use keyline::port::{CancelFlag, Clock, RelyingParty};
use keyline::practice::tenant::{Tenant, TenantSetup};

pub(crate) const ADA: &str = "emily.carter@contoso.com";
pub(crate) const JUERGEN: &str = "juergen.mueller@contoso.com";

/// The wall clock, put forward at will; waits are noted.
#[derive(Default)]
pub(crate) struct BenchClock {
    ahead_millis: AtomicI64,
    waits: Mutex<Vec<Duration>>,
}

impl BenchClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.ahead_millis
            .fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// What was waited for since the last question.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        std::mem::take(&mut self.waits.lock().unwrap())
    }
}

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::SeqCst);
        Timestamp(jiff::Timestamp::now().as_millisecond() + ahead)
    }

    fn today(&self) -> jiff::civil::Date {
        jiff::Zoned::now().date()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        self.waits.lock().unwrap().push(duration);
        !cancel.is_cancelled()
    }
}

pub(crate) struct Bench {
    pub(crate) tenant: Tenant,
    pub(crate) entra: Entra,
    pub(crate) clock: Arc<BenchClock>,
    pub(crate) cancel: CancelFlag,
    _secret: tempfile::NamedTempFile,
}

pub(crate) fn secret_file(secret: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{secret}").unwrap();
    file
}

pub(crate) fn config(tenant: &url::Url, api: Api) -> EntraConfig {
    EntraConfig {
        tenant: "contoso.com".to_owned(),
        client_id: TenantSetup::default().client_id,
        authority: tenant.clone(),
        graph: tenant.clone(),
        api,
        challenge_timeout_minutes: (api == Api::Beta).then_some(60),
        timeout: Duration::from_secs(5),
        ca_file: None,
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(TenantSetup::default(), Api::V1_0)
    }

    pub(crate) fn with(setup: TenantSetup, api: Api) -> Self {
        Self::tuned(setup, api, |_| {})
    }

    pub(crate) fn tuned(setup: TenantSetup, api: Api, tune: impl FnOnce(&mut EntraConfig)) -> Self {
        let file = secret_file(&setup.client_secret);
        let tenant = Tenant::start(setup).unwrap();
        let clock = Arc::new(BenchClock::default());
        let cancel = CancelFlag::default();
        let mut config = config(tenant.url(), api);
        tune(&mut config);
        let secret = SecretSource::File(file.path().to_owned());
        let entra = Entra::new(config, secret, clock.clone(), cancel.clone()).unwrap();
        Self {
            tenant,
            entra,
            clock,
            cancel,
            _secret: file,
        }
    }

    /// Puts both clocks forward.
    pub(crate) fn advance(&self, seconds: i64) {
        self.tenant.advance(seconds);
        self.clock.advance(seconds);
    }

    /// A whole registration of `key` for `user`.
    pub(crate) fn enroll(
        &self,
        user: &str,
        key: &crate::software_key::SoftwareKey,
    ) -> Result<keyline::domain::credential::MethodId, Fault> {
        let options = self.entra.creation_options(user)?;
        self.entra.register(user, "Key 4711", &key.attest(&options))
    }
}

/// The status and code of a refusal.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Fault>) -> (u16, String) {
    match result {
        Err(Fault::Refused { status, code, .. }) => (status, code),
        other => panic!("no refusal but {other:?}"),
    }
}
