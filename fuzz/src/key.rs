//! What a key sends: CTAPHID reports, APDUs, the answers to commands, and attestation objects.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use keyline::adapter::ctap::hid::{Hid, REPORT_BYTES, Reports};
use keyline::adapter::ctap::pcsc::{Apdus, Nfc};
use keyline::adapter::ctap::{Key, Verifier, auth_data, cbor, info, serial};
use keyline::domain::authenticator::{Aaguid, Attachment, Serial};
use keyline::domain::credential::{
    Attestation, AttestationVerdict, CreationOptions, CredentialId, RpId, UserHandle,
};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::domain::time::Timestamp;
use keyline::port::{
    Attendant, AttestationCheck as _, Authenticator as _, CancelFlag, Conduct, Configuration,
    MakeCredential, Repowered, Transport,
};

use super::Pieces;

/// How long a scripted key may keep an exchange waiting.
const PATIENCE_MILLIS: u64 = 200;
const YUBICO_VENDOR_ID: u16 = 0x1050;

/// A key that sends the input as its reports, then is gone.
struct ForeignReports {
    reports: VecDeque<Vec<u8>>,
    /// What was written last: channel and nonce of an INIT are in it.
    asked: [u8; REPORT_BYTES],
    channel: [u8; 4],
}

impl Reports for ForeignReports {
    fn write(&mut self, report: &[u8; REPORT_BYTES]) -> Result<(), Fault> {
        self.asked = *report;
        Ok(())
    }

    /// The first byte of a piece says what of it is put right, so that what comes later is read at all: 1 the channel,
    /// 2 the nonce of INIT. 4: nothing came in time.
    fn read(&mut self, _: Duration) -> Result<Option<[u8; REPORT_BYTES]>, Fault> {
        let piece = self.reports.pop_front().ok_or(Fault::KeyGone)?;
        let Some((mend, bytes)) = piece.split_first() else {
            return Ok(None);
        };
        if mend & 4 != 0 {
            return Ok(None);
        }
        let mut report = [0; REPORT_BYTES];
        report
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        if mend & 2 != 0 {
            // The nonce comes back after command and length, and then the channel that we are to use.
            report[..4].copy_from_slice(&[0xFF; 4]);
            report[4..7].copy_from_slice(&[0x86, 0, 17]);
            report[7..15].copy_from_slice(&self.asked[7..15]);
            self.channel.copy_from_slice(&report[15..19]);
            report[23] |= 0x04;
        } else if mend & 1 != 0 {
            report[..4].copy_from_slice(&self.channel);
        }
        Ok(Some(report))
    }
}

/// Reads the bytes as the reports of a key, piece by piece.
///
/// # Panics
/// Only when keyline has a defect.
pub fn ctaphid(bytes: &[u8]) {
    let reports = ForeignReports {
        reports: Pieces::of(bytes).map(<[u8]>::to_vec).collect(),
        asked: [0; REPORT_BYTES],
        channel: [0; 4],
    };
    if let Ok(mut hid) = Hid::open(reports, YUBICO_VENDOR_ID, "a foreign key".to_owned()) {
        talk(&mut hid);
    }
}

/// A card that answers with the input, then is gone.
struct ForeignCard(VecDeque<Vec<u8>>);

impl Apdus for ForeignCard {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, Fault> {
        self.0.pop_front().ok_or(Fault::KeyGone)
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        Ok(Repowered::Yes)
    }
}

/// Reads the bytes as the response APDUs of a card, piece by piece.
///
/// # Panics
/// Only when keyline has a defect.
pub fn apdus(bytes: &[u8]) {
    let card = ForeignCard(Pieces::of(bytes).map(<[u8]>::to_vec).collect());
    if let Ok(mut nfc) = Nfc::open(card, "a foreign reader".to_owned()) {
        talk(&mut nfc);
    }
}

pub(super) fn talk(transport: &mut dyn Transport) {
    let cancel = CancelFlag::default();
    for request in [&[0x04][..], &[0x06; 300], &[0x0B]] {
        let mut on_keepalive = |_| {};
        let _ = transport.exchange(
            request,
            &mut Conduct {
                deadline: Instant::now() + Duration::from_millis(PATIENCE_MILLIS),
                cancel: &cancel,
                on_keepalive: &mut on_keepalive,
            },
        );
    }
    let _ = transport.serial();
    let _ = transport.repower();
}

/// A key whose every command is answered with the next piece.
struct ForeignAnswers(VecDeque<Vec<u8>>);

impl Transport for ForeignAnswers {
    fn exchange(&mut self, _: &[u8], _: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        self.0.pop_front().ok_or(Fault::KeyGone)
    }

    fn attachment(&self) -> Attachment {
        Attachment::Hid
    }

    fn product(&self) -> String {
        "a foreign key".to_owned()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        Ok(None)
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        Ok(Repowered::Yes)
    }
}

/// Gives the bytes, piece by piece, as answers to the commands of the layer. The first byte chooses the command.
///
/// # Panics
/// Only when keyline has a defect.
pub fn answers(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let answers = Pieces::of(bytes).map(<[u8]>::to_vec).collect();
    carry_out(choice % COMMANDS, Box::new(ForeignAnswers(answers)));
}

/// Commands that [`carry_out`] knows.
pub(super) const COMMANDS: u8 = 10;

/// Sends one command, and listens to whatever is answered.
pub(super) fn carry_out(command: u8, transport: Box<dyn Transport>) {
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| {}),
    };
    let mut key = Key::new(transport, attendant);
    let pin = Pin::new("48209173").expect("a PIN");
    let other = Pin::new("59310284").expect("a PIN");
    match command {
        0 => drop(key.capabilities()),
        1 => drop(key.reset()),
        2 => drop(key.set_pin(&pin)),
        3 => drop(key.change_pin(&pin, &other)),
        4 => {
            let _ = key.try_pin(&pin);
        }
        5 => make(&mut key, &pin),
        6 => drop(key.assert_silently(
            &RpId("login.microsoft.com".to_owned()),
            &[CredentialId(vec![1; 16])],
        )),
        7 => {
            let wanted = Configuration {
                always_uv: true,
                min_pin_length: Some(8),
                force_pin_change: true,
            };
            drop(key.configure(&pin, wanted));
        }
        8 => drop(key.held_credentials(&pin)),
        _ => drop(key.delete_held(&pin, &CredentialId(vec![1; 16]))),
    }
}

fn make(key: &mut Key, pin: &Pin) {
    let options = CreationOptions {
        rp_id: RpId("login.microsoft.com".to_owned()),
        rp_name: "Microsoft".to_owned(),
        user_handle: UserHandle(vec![7; 16]),
        user_name: "anna.lang@contoso.com".to_owned(),
        user_display_name: "Anna Lang".to_owned(),
        challenge: vec![9; 32],
        algorithms: vec![-7, -257],
        exclude: vec![CredentialId(vec![2; 16])],
        hmac_secret: true,
        credential_protection: None,
        enforce_credential_protection: false,
        expires: Timestamp(1_772_443_800_000),
    };
    let client_data_json = options.client_data_json();
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    drop(key.make_credential(&request, pin));
}

/// Reads the bytes as CBOR, getInfo, authenticator data, a YubiKey's configuration and an attestation object, which none
/// of them can be by chance.
///
/// # Panics
/// Only when keyline has a defect: what is decoded must be encoded and decoded alike.
pub fn attestation(bytes: &[u8]) {
    if let Ok(value) = cbor::decode(bytes)
        && let Ok(written) = cbor::encode(&value)
    {
        let read = cbor::decode(&written).expect("our own CBOR");
        assert_eq!(cbor::encode(&read).expect("again"), written);
    }
    let _ = cbor::decode_first(bytes);
    let _ = info::parse(bytes);
    if let Ok(data) = auth_data::parse(bytes)
        && let Some(attested) = data.attested
    {
        let _ = attested.algorithm();
    }
    let _ = serial::from_configuration(bytes);
    let attestation = Attestation {
        credential_id: CredentialId(vec![1; 16]),
        aaguid: Aaguid([0; 16]),
        client_data_json: b"{}".to_vec(),
        attestation_object: bytes.to_vec(),
        format: "packed".to_owned(),
        credential_protection: None,
        hmac_secret: false,
        algorithm: -7,
    };
    for verdict in [
        Verifier.judge(&attestation),
        Verifier.second_opinion(&attestation),
    ] {
        assert_ne!(verdict, AttestationVerdict::Agrees, "a signature by chance");
    }
}
