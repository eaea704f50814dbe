//! The bench inside the machine: a station's folder, a tenant, ports at which keys are plugged in and pulled, and what the program
//! says about them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use keyline::domain::credential::CredentialId;
use keyline::practice::authenticator::{Manufacturer, Model, SimulatedKey};
use rustix::process::{Pid, Signal};
use zeroize::Zeroizing;

use super::libfido2;
use super::uhid::{Plugged, Port, Ready};
use crate::home::{Home, PROGRAM};
use crate::program::{LOOK_EVERY, PATIENCE, Program};

/// Slots 1 and 2.
pub(crate) const PORTS: [Port; 2] = [
    Port {
        phys: "bench/1",
        product: 1,
    },
    Port {
        phys: "bench/2",
        product: 2,
    },
];

/// CTAP commands, after which a key may be pulled.
pub(crate) const MAKE_CREDENTIAL: u8 = 0x01;
pub(crate) const RESET: u8 = 0x07;

/// A key that was plugged in while the program watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insertion {
    pub(crate) port: Port,
    pub(crate) at: Timestamp,
}

/// What a person is given, and whose it is.
pub(crate) struct Handed {
    pub(crate) envelope: String,
    pub(crate) key: SimulatedKey,
}

pub(crate) struct Bench {
    pub(crate) home: Home,
    practice: Manufacturer,
    training: Manufacturer,
    made: u32,
    pub(crate) insertions: Vec<Insertion>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let places: Vec<toml::Value> = PORTS
            .iter()
            .map(|port| format!("hid:{}", port.phys).into())
            .collect();
        Self {
            home: Home::new(&[
                ("slots", "hid", true.into()),
                ("slots", "readers", false.into()),
                ("slots", "places", places.into()),
            ]),
            practice: Manufacturer::new(Model::practice()).unwrap(),
            training: Manufacturer::new(Model::training()).unwrap(),
            made: 0,
            insertions: Vec::new(),
        }
    }

    pub(crate) fn practice_key(&mut self) -> SimulatedKey {
        self.made += 1;
        self.practice.make(self.made).unwrap()
    }

    /// A key of another model.
    pub(crate) fn training_key(&mut self) -> SimulatedKey {
        self.made += 1;
        self.training.make(self.made).unwrap()
    }

    /// Plugs a key in while the program watches.
    pub(crate) fn plug(&mut self, key: &SimulatedKey, port: Port) -> Plugged {
        let ready = Ready::new(key);
        self.note(port);
        ready.plug(port)
    }

    /// Puts another key in the place of one while the program watches, but before it comes to look.
    pub(crate) fn exchange(&mut self, one: Plugged, other: &SimulatedKey, port: Port) -> Plugged {
        let ready = Ready::new(other);
        self.note(port);
        let program = running().expect("a running program");
        rustix::process::kill_process(program, Signal::STOP).unwrap();
        let there = one.exchange(ready, port);
        node_of(port);
        rustix::process::kill_process(program, Signal::CONT).unwrap();
        there
    }

    fn note(&mut self, port: Port) {
        let at = Timestamp::now();
        self.insertions.push(Insertion { port, at });
    }

    /// Signs the person in whose envelope it is, with the key and the PIN that the ledger holds for it, and not with another PIN.
    pub(crate) fn sign_in(&self, handed: &Handed, port: Port) {
        let jobs = self.home.jobs();
        let job = jobs.iter().find(|job| job.envelope == handed.envelope);
        let user = &job.unwrap().user;
        let [credential] = &self.home.tenant.credentials(user).unwrap()[..] else {
            panic!("{user} has not just one passkey");
        };
        let pin = self.pin(&handed.envelope);
        let plugged = Plugged::new(&handed.key, port);
        let node = node_of(port);
        let sign_in = |pin: &Zeroizing<String>, credential: &CredentialId| {
            libfido2::sign_in(&node, pin, &self.home.tenant, user, credential)
        };
        let refused = sign_in(&another(&pin), &credential.id).unwrap_err();
        assert!(refused.contains("FIDO_ERR_PIN_INVALID"), "{refused}");
        sign_in(&pin, &credential.id).unwrap();
        println!("guest: {user} signed in with envelope {}", handed.envelope);
        plugged.pull();
    }

    /// Out of a copy of the ledger, as on an administrator's computer: the ledger itself belongs to the account of the station.
    fn pin(&self, envelope: &str) -> Zeroizing<String> {
        let copy = format!("copy-{envelope}.db");
        let output = self.home.keyline(&["ledger", "backup", &copy]);
        assert!(output.status.success(), "{output:?}");
        let show = ["pins", "show", envelope, "--identity", "recovery.txt"];
        let output = self
            .home
            .keyline(&[&show[..], &["--ledger", &copy]].concat());
        // What it wrote holds a PIN, unless it failed.
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{why}");
        let text = Zeroizing::new(String::from_utf8(output.stdout).unwrap());
        let pin = text.lines().find_map(|line| line.strip_prefix("PIN "));
        Zeroizing::new(pin.expect("a PIN").trim().to_owned())
    }

    /// All jobs are done, and each person has one passkey at the tenant.
    pub(crate) fn all_are_done(&self) {
        for job in self.home.jobs() {
            assert_eq!(job.standing, "done", "{job:?}");
            let passkeys = self.home.tenant.credentials(&job.user).unwrap().len();
            assert_eq!(passkeys, 1, "{job:?}");
        }
    }
}

/// The process of the program, if it runs.
pub(crate) fn running() -> Option<Pid> {
    let mut processes = fs::read_dir("/proc").unwrap();
    processes.find_map(|process| {
        let process = process.unwrap();
        let program = fs::read_link(process.path().join("exe")).ok()?;
        let number = process.file_name().to_str()?.parse().ok()?;
        (program == Path::new(PROGRAM)).then(|| Pid::from_raw(number))?
    })
}

/// Another PIN of the same length.
fn another(pin: &str) -> Zeroizing<String> {
    let turned = pin
        .chars()
        .map(|digit| if digit == '9' { '0' } else { '9' });
    Zeroizing::new(turned.collect())
}

/// The node of the key at `port`, as soon as there is one.
pub(crate) fn node_of(port: Port) -> String {
    let until = Instant::now() + PATIENCE;
    // sysfs gives no sign.
    loop {
        let listed = fs::read_dir("/sys/class/hidraw").into_iter().flatten();
        for entry in listed {
            let entry = entry.unwrap();
            let about = fs::read_to_string(entry.path().join("device/uevent")).unwrap_or_default();
            let phys = format!("HID_PHYS={}", port.phys);
            let node = PathBuf::from("/dev").join(entry.file_name());
            if about.lines().any(|line| line == phys) && node.exists() {
                return node.display().to_string();
            }
        }
        assert!(Instant::now() < until, "no node for {}", port.phys);
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Waits until a slot says these words, after so many lines; the number of lines up to there.
pub(crate) fn hear(program: &mut Program, after: usize, slot: u16, words: &str) -> usize {
    let words = format!("slot {slot}: {words}");
    program.wait_for(&words, |lines| {
        let at = lines
            .iter()
            .skip(after)
            .position(|line| line.contains(&words));
        at.map(|at| after + at + 1)
    })
}

/// Waits until a slot is done, after so many lines; whose envelope it is.
pub(crate) fn hear_done(program: &mut Program, after: usize, slot: u16) -> (usize, String) {
    let words = format!("slot {slot}: done: envelope ");
    program.wait_for(&words, |lines| {
        lines.iter().enumerate().skip(after).find_map(|(at, line)| {
            let (_, rest) = line.split_once(&words)?;
            let envelope = rest.chars().take_while(char::is_ascii_digit).collect();
            Some((at + 1, envelope))
        })
    })
}

/// Lets the program end, and shows what it said.
pub(crate) fn end_well(program: Program) {
    let ended = program.wait_for_end();
    for line in ended.stderr.iter().chain(&ended.stdout) {
        println!("keyline: {line}");
    }
    assert_eq!(ended.code, Some(0));
}
