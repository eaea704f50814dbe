//! One whole enrollment by the station's own command layer, over each face of a simulated key: what the framings add
//! must not be seen above them.

use std::sync::mpsc::channel;
use std::time::Duration;

use keyline::adapter::ctap::hid::{Hid, Reports};
use keyline::adapter::ctap::pcsc::{Apdus, Nfc};
use keyline::adapter::ctap::{Key, Verifier};
use keyline::domain::authenticator::Serial;
use keyline::domain::credential::{
    AttestationVerdict, CreationOptions, CredentialProtection, RpId, UserHandle,
};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::domain::policy::Configuration;
use keyline::domain::time::Timestamp;
use keyline::port::{
    Attendant, AttestationCheck, Authenticator, CancelFlag, Keys, MakeCredential, PinVerdict,
    Repowered, Transport,
};
use keyline::practice::authenticator::{
    Bench, Card, Manufacturer, Model, PRACTICE_AAGUID, PRODUCT, PracticeKeys, ReportPipe,
    SimulatedKey, Touch,
};

/// Bytes, as long as Entra's challenges are.
const CHALLENGE_BYTES: usize = 5198;

struct Pipe(ReportPipe);

impl Reports for Pipe {
    fn write(&mut self, report: &[u8; 64]) -> Result<(), Fault> {
        self.0.write(report)
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<[u8; 64]>, Fault> {
        self.0.read(timeout)
    }
}

struct Reader(Card);

impl Apdus for Reader {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        self.0.transmit(apdu)
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.0.reset().map(|()| Repowered::Yes)
    }
}

fn attendant() -> Attendant {
    Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| {}),
    }
}

fn blank_key() -> SimulatedKey {
    let maker = Manufacturer::new(Model::practice()).unwrap();
    maker.make(1).unwrap()
}

/// Everything that the station does to a blank key.
fn enroll(key: &mut dyn Authenticator) {
    let info = key.capabilities().unwrap();
    assert_eq!(info.aaguid, PRACTICE_AAGUID);
    assert!(!info.has_pin());
    key.reset().unwrap();
    let pin = Pin::new("73194628").unwrap();
    key.set_pin(&pin).unwrap();

    let options = CreationOptions {
        rp_id: RpId("login.microsoft.com".to_owned()),
        rp_name: "Microsoft".to_owned(),
        user_handle: UserHandle(vec![9; 32]),
        user_name: "ada@contoso.com".to_owned(),
        user_display_name: "Ada".to_owned(),
        challenge: vec![7; CHALLENGE_BYTES],
        algorithms: vec![-7, -257],
        exclude: Vec::new(),
        hmac_secret: true,
        credential_protection: Some(CredentialProtection::UserVerificationOptional),
        enforce_credential_protection: true,
        expires: Timestamp(i64::MAX),
    };
    let client_data_json = options.client_data_json();
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    let attestation = key.make_credential(&request, &pin).unwrap();
    assert_eq!(Verifier.judge(&attestation), AttestationVerdict::Agrees);
    let second = Verifier.second_opinion(&attestation);
    assert_eq!(second, AttestationVerdict::Agrees);
    let ours = attestation.credential_id;
    let found = key.assert_silently(&options.rp_id, std::slice::from_ref(&ours));
    assert_eq!(found, Ok(Some(ours)));

    let wanted = Configuration {
        always_uv: true,
        min_pin_length: Some(8),
        force_pin_change: true,
    };
    key.configure(&pin, wanted).unwrap();
    let info = key.capabilities().unwrap();
    assert_eq!(info.always_uv, Some(true));
    assert_eq!(info.min_pin_length, 8);
    assert!(info.force_pin_change);
    assert_eq!(key.try_pin(&pin), Ok(PinVerdict::Right));
}

#[test]
fn in_process_on_a_bench() {
    let (bench, place) = (Bench::new(1), Bench::place(1));
    let key = blank_key();
    bench.insert(&place, &key).unwrap();
    let keys = PracticeKeys::new(
        bench,
        Box::new(|transport, attendant| Box::new(Key::new(transport, attendant))),
    );
    let mut opened = keys.open(&place, attendant()).unwrap();
    assert_eq!(opened.serial(), Ok(Serial::new("PRACTICE-000001")));
    enroll(&mut *opened);

    // Whoever stands by hears when to touch, and when it is over.
    key.set_touch(Touch::After(Duration::from_millis(250)));
    drop(opened);
    key.plug().unwrap();
    let (sender, touches) = channel();
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(move |on| sender.send(on).unwrap()),
    };
    let mut opened = keys.open(&place, attendant).unwrap();
    opened.reset().unwrap();
    drop(opened);
    assert_eq!(touches.iter().collect::<Vec<_>>(), [true, false]);
}

#[test]
fn by_hid_reports() {
    let key = blank_key();
    key.plug().unwrap();
    let pipe = Pipe(ReportPipe::open(&key).unwrap());
    let hid = Hid::open(pipe, 0x0000, PRODUCT.to_owned()).unwrap();
    enroll(&mut Key::new(Box::new(hid), attendant()));
}

#[test]
fn by_apdus() {
    let mut card = Card::new(blank_key());
    card.power_on().unwrap();
    let mut nfc = Nfc::open(Reader(card), "a practice reader".to_owned()).unwrap();
    assert_eq!(nfc.serial(), Ok(None));
    assert_eq!(nfc.repower(), Ok(Repowered::Yes));
    enroll(&mut Key::new(Box::new(nfc), attendant()));
}
