//! What the log says of a conversation with Entra, at its most talkative. In a process of its own, because there is one log
//! for a process.

use std::io::Write;
use std::sync::{Arc, Mutex};

use keyline::port::RelyingParty;
use keyline::practice::tenant::{Operation, TenantSetup, Trick};

use crate::bench::{ADA, Bench};
use crate::software_key::SoftwareKey;

#[expect(dead_code, reason = "this test needs a part of the bench")]
#[path = "entra/bench.rs"]
mod bench;
#[expect(dead_code, reason = "this test needs a part of the key")]
#[path = "support/software_key.rs"]
mod software_key;

/// Collects what `tracing` writes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_holds_request_ids_but_no_secret_token_name_or_body() {
    let log = Log::default();
    let writer = log.clone();
    // For the whole process: the threads of the HTTP client and of the tenant are heard as well.
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let bench = Bench::new();
    bench
        .tenant
        .misbehave(Operation::CreationOptions, 1, Trick::DropBeforeCommit);
    bench
        .tenant
        .misbehave(Operation::List, 1, Trick::ExpireTokens);
    bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
    bench.entra.credentials(ADA).unwrap();
    bench.entra.credentials("nobody@contoso.com").unwrap_err();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("request_id=") && log.contains("client_request_id="),
        "{log}"
    );
    assert!(log.contains("no answer"), "{log}");
    let secret = TenantSetup::default().client_secret;
    for hidden in [
        secret.as_str(),
        "practice-",
        "Bearer",
        "ada.brook",
        "nobody@",
        "attestationObject",
    ] {
        assert!(!log.contains(hidden), "{hidden} is in the log:\n{log}");
    }
}
