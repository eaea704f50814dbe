//! A ledger in a fresh folder, and jobs that are good unless a test says otherwise.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyline::adapter::ledger::{
    Opening, Recipients, SqliteLedger, StationKeys, generate_practice_identity,
};
use keyline::domain::authenticator::{Aaguid, Attachment, Binding, Fingerprint, Serial, Slot};
use keyline::domain::credential::{Attestation, AttestationVerdict, CredentialId, MethodId, RpId};
use keyline::domain::enrollment::Enrollment;
use keyline::domain::event::{Attempt, Event, Evidence, Happening, Intent, Step, Witness};
use keyline::domain::fault::Fault;
use keyline::domain::job::{BatchName, Draft, JobId, Request};
use keyline::domain::pin::Pin;
use keyline::domain::policy::{Configuration, Plan};
use keyline::domain::time::Timestamp;
use keyline::port::{Admission, Admitted, Duty, Entry, Ledger};

pub(crate) const TENANT: &str = "contoso.com";
pub(crate) const ACTOR: &str = "badge 7";
pub(crate) const NOON: Timestamp = Timestamp(1_790_000_000_000);
pub(crate) const AAGUID: Aaguid = Aaguid([0x2F; 16]);

/// A folder with keys, a recovery identity and a ledger.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    recipient: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("keys")).unwrap();
        StationKeys::create(&folder.path().join("keys")).unwrap();
        let recipient = generate_practice_identity(&folder.path().join("recovery.txt")).unwrap();
        Self { folder, recipient }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub(crate) fn identity(&self) -> PathBuf {
        self.folder.path().join("recovery.txt")
    }

    pub(crate) fn keys(&self) -> StationKeys {
        StationKeys::load(&self.folder.path().join("keys"), None).unwrap()
    }

    pub(crate) fn recipients(&self) -> Recipients {
        Recipients::parse(&[&self.recipient]).unwrap()
    }

    pub(crate) fn opening(&self) -> Opening {
        Opening {
            tenant: TENANT.to_owned(),
            recipients: self.recipients(),
            keys: self.keys(),
        }
    }

    pub(crate) fn create(&self) -> SqliteLedger {
        SqliteLedger::create(&self.path(), self.opening()).unwrap()
    }

    pub(crate) fn open(&self) -> Result<SqliteLedger, Fault> {
        SqliteLedger::open(&self.path(), self.opening())
    }

    /// The ledger's files as bytes: database, write-ahead log, shared memory.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        ["", "-wal", "-shm"]
            .iter()
            .map(|ending| PathBuf::from(format!("{}{ending}", self.path().display())))
            .filter(|path| path.exists())
            .flat_map(|path| std::fs::read(path).unwrap())
            .collect()
    }
}

/// Whether `needle` stands anywhere in `haystack`.
pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

pub(crate) fn sql(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

pub(crate) fn pin(text: &str) -> Pin {
    Pin::new(text).unwrap()
}

pub(crate) fn request(user: &str) -> Request {
    Request {
        user: user.to_owned(),
        policy: "standard".to_owned(),
        name: Some(format!("Name of {user}")),
        ..Request::default()
    }
}

pub(crate) fn draft(line: u32, user: &str) -> Draft {
    Draft {
        line,
        request: request(user),
        pin: None,
        current_pin: None,
    }
}

pub(crate) fn admission(claim: &str, drafts: Vec<Draft>) -> Admission {
    let mut content = [0; 32];
    for (byte, at) in content.iter_mut().zip(claim.bytes().cycle()) {
        *byte = at;
    }
    Admission {
        batch: BatchName("onboarding".to_owned()),
        claim: claim.to_owned(),
        content,
        file_name: "onboarding.csv".to_owned(),
        drafts,
        held: Vec::new(),
    }
}

/// Admits one job per user.
pub(crate) fn admit(ledger: &dyn Ledger, claim: &str, users: &[&str]) -> Vec<JobId> {
    let drafts = (2..)
        .zip(users)
        .map(|(line, user)| draft(line, user))
        .collect();
    match ledger
        .admit(&admission(claim, drafts), ACTOR, NOON)
        .unwrap()
    {
        Admitted::Jobs(jobs) => jobs,
        known @ Admitted::KnownContent { .. } => panic!("{known:?}"),
    }
}

pub(crate) fn binding(serial: Option<&str>) -> Binding {
    Binding {
        model: "Security Key".to_owned(),
        slot: Slot(1),
        attachment: Attachment::Practice,
        serial: serial.and_then(Serial::new),
        fingerprint: Fingerprint {
            aaguid: AAGUID,
            firmware_version: Some(0x0005_0704),
        },
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        steps: vec![
            Step::Reset,
            Step::SetPin,
            Step::MakeCredential,
            Step::Register,
            Step::Deliver,
        ],
        configuration: Configuration::default(),
    }
}

pub(crate) fn credential(job: JobId, attempt: u32) -> CredentialId {
    let mut id = vec![0xC0; 16];
    id.extend(job.0.to_be_bytes());
    id.extend(attempt.to_be_bytes());
    CredentialId(id)
}

pub(crate) fn method(job: JobId, attempt: u32) -> MethodId {
    MethodId(format!("method-{job}-{attempt}"))
}

pub(crate) fn control(job: JobId, attempt: u32) -> String {
    format!("7{:05}{attempt:02}", job.0)
}

pub(crate) fn attestation(job: JobId, attempt: u32) -> Attestation {
    Attestation {
        credential_id: credential(job, attempt),
        aaguid: AAGUID,
        client_data_json: b"{\"type\":\"webauthn.create\"}".to_vec(),
        attestation_object: vec![0xA3; 700],
        format: "packed".to_owned(),
        credential_protection: None,
        hmac_secret: true,
        algorithm: -7,
    }
}

/// One job, and the state its journal has led to.
pub(crate) struct Hand<'a> {
    pub(crate) ledger: &'a dyn Ledger,
    pub(crate) job: JobId,
    pub(crate) state: Enrollment,
    pub(crate) at: Timestamp,
    /// How long each append took, when somebody wants to know.
    pub(crate) timings: Option<Vec<Duration>>,
}

/// What goes into one append beyond the event.
#[derive(Default)]
pub(crate) struct With<'a> {
    pub(crate) pin: Option<&'a Pin>,
    pub(crate) attestation: Option<Attestation>,
    pub(crate) obligations: Vec<Duty>,
    pub(crate) forget: bool,
}

impl<'a> Hand<'a> {
    pub(crate) fn new(ledger: &'a dyn Ledger, job: JobId) -> Self {
        let journal = ledger.journal(job).unwrap();
        Self {
            ledger,
            job,
            state: Enrollment::replay(journal.iter().map(|stamped| &stamped.event)).unwrap(),
            at: NOON,
            timings: None,
        }
    }

    pub(crate) fn try_write(&mut self, happening: Happening, with: With<'_>) -> Result<(), Fault> {
        let begins = matches!(happening, Happening::Began { .. });
        let attempt = self.state.attempt();
        let event = Event {
            attempt: if begins { attempt.following() } else { attempt },
            happening,
        };
        let state = self.state.clone().apply(&event).unwrap();
        self.at = self.at.plus_seconds(1);
        let begun = Instant::now();
        self.ledger.append(
            &Entry {
                job: self.job,
                event: &event,
                state: &state,
                pin: with.pin,
                attestation: with.attestation.as_ref(),
                obligations: &with.obligations,
                forget_in_flight: with.forget,
            },
            ACTOR,
            self.at,
        )?;
        if let Some(timings) = &mut self.timings {
            timings.push(begun.elapsed());
        }
        self.state = state;
        Ok(())
    }

    pub(crate) fn write(&mut self, happening: Happening) -> &mut Self {
        self.write_with(happening, With::default())
    }

    pub(crate) fn write_with(&mut self, happening: Happening, with: With<'_>) -> &mut Self {
        self.try_write(happening, with).unwrap();
        self
    }

    pub(crate) fn begin(&mut self, serial: &str) -> &mut Self {
        self.write(Happening::Began {
            binding: binding(Some(serial)),
            plan: plan(),
        })
    }

    pub(crate) fn start(&mut self, step: Step) -> &mut Self {
        self.write(started(step))
    }

    pub(crate) fn done(&mut self, step: Step) -> &mut Self {
        self.write(Happening::Done {
            step,
            evidence: Evidence::Plain,
        })
    }

    /// Up to and with the reset.
    pub(crate) fn reset(&mut self, serial: &str) -> &mut Self {
        self.begin(serial).start(Step::Reset).done(Step::Reset)
    }

    pub(crate) fn set_pin(&mut self, pin: &Pin) -> &mut Self {
        self.write_with(
            started(Step::SetPin),
            With {
                pin: Some(pin),
                ..With::default()
            },
        )
        .done(Step::SetPin)
    }

    pub(crate) fn make(&mut self) -> &mut Self {
        let Attempt(attempt) = self.state.attempt();
        let job = self.job;
        self.start(Step::MakeCredential).write_with(
            Happening::Done {
                step: Step::MakeCredential,
                evidence: Evidence::Made {
                    credential: credential(job, attempt),
                    rp_id: RpId("login.microsoft.com".to_owned()),
                    aaguid: AAGUID,
                    format: "packed".to_owned(),
                    algorithm: -7,
                    credential_protection: None,
                    hmac_secret: true,
                    own_check: AttestationVerdict::Agrees,
                    second_opinion: AttestationVerdict::CannotJudge("ed25519".to_owned()),
                    vetting: None,
                    expires: NOON.plus_seconds(300),
                },
            },
            With {
                attestation: Some(attestation(job, attempt)),
                ..With::default()
            },
        )
    }

    pub(crate) fn register(&mut self, replaces: &[MethodId]) -> &mut Self {
        self.register_and_leave(replaces, &[])
    }

    /// The same with older methods that wait for the hand-over.
    pub(crate) fn register_and_leave(
        &mut self,
        replaces: &[MethodId],
        after_handover: &[MethodId],
    ) -> &mut Self {
        let Attempt(attempt) = self.state.attempt();
        let job = self.job;
        self.write(Happening::Started {
            step: Step::Register,
            intent: Intent::Register {
                after_handover: after_handover.to_vec(),
                replaces: replaces.to_vec(),
            },
        })
        .write_with(
            Happening::Done {
                step: Step::Register,
                evidence: Evidence::Registered {
                    method: method(job, attempt),
                    witness: Witness::Reply,
                },
            },
            With {
                obligations: replaces.iter().cloned().map(Duty::Replaced).collect(),
                ..With::default()
            },
        )
    }

    pub(crate) fn deliver(&mut self) -> &mut Self {
        let control = control(self.job, self.state.attempt().0);
        self.write(Happening::Started {
            step: Step::Deliver,
            intent: Intent::Deliver {
                control: control.clone(),
                outlet: None,
            },
        })
        .write_with(
            Happening::Done {
                step: Step::Deliver,
                evidence: Evidence::Delivered {
                    control,
                    target: "printer of Adele Vance".to_owned(),
                    confirmed: None,
                },
            },
            With {
                forget: true,
                ..With::default()
            },
        )
    }

    /// The whole job, from the key to the delivered letter.
    pub(crate) fn enroll(&mut self, serial: &str, pin: &Pin) -> &mut Self {
        self.reset(serial)
            .set_pin(pin)
            .make()
            .register(&[])
            .deliver()
    }
}

pub(crate) fn started(step: Step) -> Happening {
    Happening::Started {
        step,
        intent: Intent::Plain,
    }
}
