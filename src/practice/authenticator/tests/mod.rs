//! What the simulated keys owe: firmware behaviour over each face, and honest pulling and putting.

mod bench;
mod faces;
mod message;
mod past;

use std::time::{Duration, Instant};

use ciborium::Value;

use super::*;
use crate::domain::fault::Fault;
use crate::port::{CancelFlag, Conduct, Keepalive, Transport};

const GET_INFO: &[u8] = &[0x04];
const RESET: &[u8] = &[0x07];
const SELECTION: &[u8] = &[0x0B];
/// authenticatorClientPIN, getPINRetries: {1: 1, 2: 1}.
const GET_PIN_RETRIES: &[u8] = &[0x06, 0xA2, 0x01, 0x01, 0x02, 0x01];

/// Long enough on a busy machine; no test waits for it to pass.
const PLENTY: Duration = Duration::from_secs(30);

fn manufacturer() -> Manufacturer {
    Manufacturer::new(Model::practice()).unwrap()
}

fn plugged(number: u32) -> SimulatedKey {
    let key = manufacturer().make(number).unwrap();
    key.plug().unwrap();
    key
}

/// One exchange, with what was heard meanwhile.
fn exchange(
    transport: &mut PracticeTransport,
    request: &[u8],
    patience: Duration,
    cancel: &CancelFlag,
) -> (Result<Vec<u8>, Fault>, Vec<Keepalive>) {
    let mut heard = Vec::new();
    let result = transport.exchange(
        request,
        &mut Conduct {
            deadline: Instant::now() + patience,
            cancel,
            on_keepalive: &mut |why| heard.push(why),
        },
    );
    (result, heard)
}

fn ask(transport: &mut PracticeTransport, request: &[u8]) -> Result<Vec<u8>, Fault> {
    exchange(transport, request, PLENTY, &CancelFlag::default()).0
}

fn status(key: &SimulatedKey, request: &[u8]) -> u8 {
    ask(&mut PracticeTransport::open(key).unwrap(), request).unwrap()[0]
}

fn command(byte: u8, map: Value) -> Vec<u8> {
    let mut bytes = vec![byte];
    ciborium::into_writer(&map, &mut bytes).unwrap();
    bytes
}

fn int(value: i64) -> Value {
    Value::Integer(value.into())
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// makeCredential for a credential that the key does not store, so that no PIN is needed.
fn make_credential() -> Vec<u8> {
    let algorithm = Value::Map(vec![
        (text("alg"), int(-7)),
        (text("type"), text("public-key")),
    ]);
    command(
        0x01,
        Value::Map(vec![
            (int(1), Value::Bytes(vec![0xC1; 32])),
            (
                int(2),
                Value::Map(vec![(text("id"), text("login.example"))]),
            ),
            (
                int(3),
                Value::Map(vec![
                    (text("id"), Value::Bytes(vec![7; 16])),
                    (text("name"), text("ada@contoso.com")),
                ]),
            ),
            (int(4), Value::Array(vec![algorithm])),
        ]),
    )
}

/// A getAssertion without touch for one credential.
fn get_assertion(credential: &[u8]) -> Vec<u8> {
    let descriptor = Value::Map(vec![
        (text("id"), Value::Bytes(credential.to_vec())),
        (text("type"), text("public-key")),
    ]);
    command(
        0x02,
        Value::Map(vec![
            (int(1), text("login.example")),
            (int(2), Value::Bytes(vec![0xC1; 32])),
            (int(3), Value::Array(vec![descriptor])),
            (int(5), Value::Map(vec![(text("up"), Value::Bool(false))])),
        ]),
    )
}

/// The map in an answer whose status is success.
fn map(answer: &[u8]) -> Vec<(Value, Value)> {
    assert_eq!(answer[0], 0x00, "not successful");
    let value: Value = ciborium::from_reader(&answer[1..]).unwrap();
    value.into_map().unwrap()
}

fn field(map: &[(Value, Value)], key: &Value) -> Option<Value> {
    map.iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.clone())
}

/// The AAGUID of a getInfo answer.
fn aaguid(answer: &[u8]) -> Vec<u8> {
    field(&map(answer), &int(3)).unwrap().into_bytes().unwrap()
}

/// The credential id in a makeCredential answer (WebAuthn §6.1: after 55 bytes of authenticator data).
fn credential_id(answer: &[u8]) -> Vec<u8> {
    let data = field(&map(answer), &int(2)).unwrap().into_bytes().unwrap();
    let length = usize::from(u16::from_be_bytes([data[53], data[54]]));
    data[55..55 + length].to_vec()
}

fn new_credential(key: &SimulatedKey) -> Vec<u8> {
    let mut transport = PracticeTransport::open(key).unwrap();
    credential_id(&ask(&mut transport, &make_credential()).unwrap())
}

const NO_CREDENTIALS: u8 = 0x2E;
const NOT_ALLOWED: u8 = 0x30;
