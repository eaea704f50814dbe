//! What well-behaved peers say, to begin with: conversations with a simulated key are recorded, Graph's answers are written
//! after its documentation, and the sample job files are taken as they are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyline::adapter::ctap::hid::{Hid, REPORT_BYTES, Reports};
use keyline::adapter::ctap::pcsc::{Apdus, Nfc};
use keyline::domain::authenticator::{Attachment, Serial};
use keyline::domain::fault::Fault;
use keyline::port::{Conduct, Repowered, Transport};
use keyline::practice::authenticator::{
    Card, Manufacturer, Model, PracticeTransport, ReportPipe, SimulatedKey, Touch,
};

use super::Pieces;
use super::key::{COMMANDS, carry_out, talk};

/// The seeds of one eater, by its name.
///
/// # Panics
/// When there is no eater of this name, or the simulated key does not work.
pub fn seeds(eater: &str) -> Vec<Vec<u8>> {
    match eater {
        "ctaphid" => vec![reports()],
        "apdus" => vec![card()],
        "answers" => (0..COMMANDS).map(answers).collect(),
        "attestation" => (0..COMMANDS)
            .flat_map(|command| recorded(command).into_iter())
            // Without the status byte: CBOR.
            .map(|answer| answer.into_iter().skip(1).collect())
            .collect(),
        "graph" => GRAPH
            .iter()
            .map(|body| with_choice(0, body.as_bytes()))
            .collect(),
        "job_file" => SAMPLES
            .iter()
            .map(|(choice, text)| with_choice(*choice, text.as_bytes()))
            .collect(),
        other => panic!("no eater is called {other}"),
    }
}

/// The names of all eaters.
pub const EATERS: [&str; 6] = [
    "ctaphid",
    "apdus",
    "answers",
    "attestation",
    "graph",
    "job_file",
];

const GRAPH: [&str; 6] = [
    r#"{"challengeTimeoutDateTime":"2026-03-02T09:35:00Z","publicKey":{"rp":{"id":"login.microsoft.com","name":"Microsoft"},"user":{"id":"T1mWAgrjIkq","displayName":"Anna Lang","name":"anna.lang@contoso.com"},"challenge":"ZXlKaGJHY2lPaUpTVTBFdFQwRkZVQ0lz","pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"timeout":0,"excludeCredentials":[{"id":"pgIfj2fnom8rJdb4_h1gKqDkq-gxHFksI-m2aR5T-PNNycBfENAM4ksEBvoXky6d0","type":"public-key","transports":[]}],"authenticatorSelection":{"authenticatorAttachment":"cross-platform","requireResidentKey":true,"userVerification":"required"},"attestation":"direct","extensions":{"hmacCreateSecret":true,"enforceCredentialProtectionPolicy":true,"credentialProtectionPolicy":"userVerificationOptional"}}}"#,
    r#"{"value":[{"id":"-2_GRUg2-HYz6_1YG4YRAQ2","displayName":"Red key","createdDateTime":"2026-02-26T23:26:02Z","aaGuid":"2fc0579f-8113-47ea-b116-bb5a8db9202a","model":"YubiKey 5","attestationCertificates":["a"],"attestationLevel":"attested","passkeyType":"deviceBound"}]}"#,
    r#"{"@odata.context":"x","value":[{"id":"43be4f0a-c88e-4e3c-9d0a-6a1d3a0f4c11","aaGuid":"de1e552d-db1d-4423-a619-566b625cdc84"}],"@odata.nextLink":"http://127.0.0.1/v1.0/more"}"#,
    r#"{"id":"pgIfj2fnom8rJdb4_h1gKqDkq-gxHFksI-m2aR5T-PNNycBfENAM4ksEBvoXky6d0","displayName":"Key 4711"}"#,
    r#"{"error":{"code":"badRequest","message":"The challenge has expired.","innerError":{"date":"2026-03-02T09:35:00","request-id":"r","client-request-id":"c"}}}"#,
    r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#,
];

/// The sample job files, after the byte that chooses their name.
const SAMPLES: [(u8, &str); 6] = [
    (0, include_str!("../../queue/samples/onboarding.csv")),
    (1, include_str!("../../queue/samples/replacement.toml")),
    (2, include_str!("../../queue/samples/visitors.json")),
    (
        0,
        "sep=;\r\nuser;pin;language\r\nanna.lang@contoso.com;\"48209173\";de\r\n",
    ),
    (
        1,
        "[[job]]\nuser = 'anna.lang@contoso.com'\npin = \"48209173\"\ncurrent_pin = '''59310284'''\n",
    ),
    (
        2,
        r#"{"jobs":[{"user":"anna.lang@contoso.com","pin":"4820\u00319173"}]}"#,
    ),
];

fn with_choice(choice: u8, bytes: &[u8]) -> Vec<u8> {
    std::iter::once(choice)
        .chain(bytes.iter().copied())
        .collect()
}

fn key() -> SimulatedKey {
    let key = Manufacturer::new(Model::practice())
        .and_then(|maker| maker.make(4711))
        .expect("a key");
    key.set_touch(Touch::After(Duration::ZERO));
    key
}

type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

fn keep(heard: &Heard, bytes: Vec<u8>) {
    heard
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(bytes);
}

fn pieces(heard: &Heard) -> Vec<u8> {
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    Pieces::join(heard.iter().map(Vec::as_slice))
}

struct HeardReports(ReportPipe, Heard);

impl Reports for HeardReports {
    fn write(&mut self, report: &[u8; REPORT_BYTES]) -> Result<(), Fault> {
        self.0.write(report)
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<[u8; REPORT_BYTES]>, Fault> {
        let report = self.0.read(timeout)?;
        if let Some(report) = &report {
            // The answer to INIT goes to everybody, whatever comes later to one channel.
            let mend = if report.starts_with(&[0xFF; 4]) { 2 } else { 1 };
            keep(&self.1, with_choice(mend, report));
        }
        Ok(report)
    }
}

fn reports() -> Vec<u8> {
    let (key, heard) = (key(), Heard::default());
    key.plug().expect("power");
    let pipe = ReportPipe::open(&key).expect("a key with power");
    let mut hid =
        Hid::open(HeardReports(pipe, heard.clone()), 0, String::new()).expect("a channel");
    talk(&mut hid);
    pieces(&heard)
}

struct HeardCard(Card, Heard);

impl Apdus for HeardCard {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        let answer = self.0.transmit(apdu)?;
        keep(&self.1, answer.clone());
        Ok(answer)
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.0.power_off();
        self.0.power_on()?;
        Ok(Repowered::Yes)
    }
}

fn card() -> Vec<u8> {
    let heard = Heard::default();
    let mut card = Card::new(key());
    card.power_on().expect("power");
    let mut nfc = Nfc::open(HeardCard(card, heard.clone()), String::new()).expect("an applet");
    talk(&mut nfc);
    pieces(&heard)
}

struct HeardTransport(PracticeTransport, Heard);

impl Transport for HeardTransport {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        let answer = self.0.exchange(request, conduct)?;
        keep(&self.1, answer.clone());
        Ok(answer)
    }

    fn attachment(&self) -> Attachment {
        self.0.attachment()
    }

    fn product(&self) -> String {
        self.0.product()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        self.0.serial()
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.0.repower()
    }
}

/// What a key with PIN and passkey answers to this command.
fn recorded(command: u8) -> Vec<Vec<u8>> {
    const SET_PIN: u8 = 2;
    const MAKE: u8 = 5;
    let key = key();
    key.plug().expect("power");
    let with = |heard: &Heard, command: u8| {
        let transport = PracticeTransport::open(&key).expect("a key with power");
        carry_out(command, Box::new(HeardTransport(transport, heard.clone())));
    };
    // A reset has to be the first thing, and the others need a PIN and a passkey.
    if command > SET_PIN {
        with(&Heard::default(), SET_PIN);
    }
    if command > MAKE {
        with(&Heard::default(), MAKE);
    }
    let heard = Heard::default();
    with(&heard, command);
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    heard.clone()
}

fn answers(command: u8) -> Vec<u8> {
    let recorded = recorded(command);
    with_choice(command, &Pieces::join(recorded.iter().map(Vec::as_slice)))
}
