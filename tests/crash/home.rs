//! A station and its tenant for one history. It is made once, as an administrator makes it, and then copied; each copy has a
//! disk, a tenant and readers of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use keyline::adapter::ledger::{Identities, Prompt, StationKeys};
use keyline::practice::authenticator::PRACTICE_AAGUID;
use keyline::practice::tenant::{Existing, Tenant, TenantSetup};
use keyline::wire::init::{Request, init};
use zeroize::Zeroizing;

use crate::disk::Disk;
use crate::support::pcscd::{Pcscd, SOCKET_VARIABLE, reader_name};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_keyline");

/// The people of the sample file, who are the tenant's directory.
const SAMPLE: &str = include_str!("../../queue/samples/onboarding.csv");

const CONFIG: &str = "config/station.toml";
const SECRET: &str = "client-secret";
/// Where a file with jobs waits.
const JOB_FILE: &str = "queue/new/onboarding.csv";

/// Where copies of printed letters lie until these are confirmed.
pub(crate) const SPOOL: &str = "spool";

/// Whoever gets a PIN of the administrator's choice gets this one. It is long enough to stand nowhere by chance.
pub(crate) const SPECIFIED_PIN: &str = "730918264517";

/// A person of the sample (0 is the first) and the policy of their key.
pub(crate) type Person = (usize, &'static str);

/// A station as `keyline init` left it.
pub(crate) struct Template {
    _folder: tempfile::TempDir,
    identity: PathBuf,
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
    config: toml::Table,
    /// Whose checkpoints of the audit chain count.
    pub(crate) signer: [u8; 32],
}

impl Template {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("station");
        let identity = folder.path().join("recovery.txt");
        init(&Request {
            folder: root.clone(),
            practice_identity: Some(identity.clone()),
            ..Request::default()
        })
        .unwrap();
        let keys = StationKeys::load(&root.join("keys"), None).unwrap();
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        collect(&root, Path::new(""), &mut folders, &mut files);
        let config = std::fs::read_to_string(root.join(CONFIG)).unwrap();
        files.retain(|(path, _)| path != Path::new(CONFIG));
        Self {
            identity,
            folders,
            files,
            config: config.parse().unwrap(),
            signer: keys.verifying_key().to_bytes(),
            _folder: folder,
        }
    }

    /// What opens every PIN of every copy.
    pub(crate) fn identities(&self) -> Identities {
        Identities::read(&self.identity, std::sync::Arc::new(Nobody)).unwrap()
    }

    fn configuration(&self, settings: Vec<(&str, &str, toml::Value)>) -> String {
        let mut config = self.config.clone();
        for (section, name, value) in settings {
            let section = config[section].as_table_mut().unwrap();
            assert!(section.insert(name.to_owned(), value).is_some(), "{name}");
        }
        toml::to_string(&config).unwrap()
    }
}

fn collect(
    root: &Path,
    below: &Path,
    folders: &mut Vec<PathBuf>,
    files: &mut Vec<(PathBuf, Vec<u8>)>,
) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            folders.push(path.clone());
            collect(root, &path, folders, files);
        } else {
            files.push((path, std::fs::read(entry.path()).unwrap()));
        }
    }
}

/// A station in a folder, and its tenant. Both go with the value.
pub(crate) struct Home {
    pub(crate) tenant: Tenant,
    pub(crate) disk: Disk,
    pub(crate) people: Vec<String>,
    /// Its letters are no files.
    pub(crate) prints: bool,
    with_old_keys: Vec<String>,
    // The disk is unmounted before its place goes.
    outside: tempfile::TempDir,
}

impl Home {
    /// A copy whose slots are the readers from `reader` on, one for each of `people`, with their jobs in the queue. Letters go to
    /// this printer, or into a folder.
    pub(crate) fn new(
        template: &Template,
        forgetful: bool,
        reader: u16,
        people: &[Person],
        printer: Option<String>,
    ) -> Self {
        let outside = tempfile::tempdir().unwrap();
        let setup = TenantSetup {
            state_file: Some(outside.path().join("tenant.json")),
            ..TenantSetup::default()
        };
        let secret = setup.client_secret.clone();
        let settings = settings(&setup, outside.path(), reader, people.len());
        let tenant = Tenant::start(setup).unwrap();
        let url = tenant.url().to_string();
        let prints = printer.is_some();
        let spool = if prints { SPOOL } else { "none" };
        let settings = [
            settings,
            vec![
                ("paper", "printer", printer.unwrap_or_default().into()),
                ("paper", "spool", spool.into()),
                ("entra", "authority", url.clone().into()),
                ("entra", "graph", url.into()),
            ],
        ]
        .concat();
        let root = outside.path().join("station");
        let disk = Disk::new(&root, forgetful).unwrap();
        for folder in &template.folders {
            disk.plant_folder(&root, folder).unwrap();
        }
        let config = template.configuration(settings);
        let jobs = job_file(people);
        let own = [
            (Path::new(CONFIG), config.as_bytes()),
            (Path::new(SECRET), secret.as_bytes()),
            (Path::new(JOB_FILE), jobs.as_bytes()),
        ];
        let made = template
            .files
            .iter()
            .map(|(path, bytes)| (path.as_path(), bytes.as_slice()));
        for (path, bytes) in made.chain(own) {
            disk.plant(&root, path, bytes).unwrap();
        }
        // What the strict policy has deleted in the end.
        let with_old_keys: Vec<_> = people
            .iter()
            .filter(|(_, policy)| *policy == "strict")
            .map(|(person, _)| user(*person))
            .collect();
        for upn in &with_old_keys {
            tenant.add_existing(upn, old_key()).unwrap();
        }
        Self {
            people: people.iter().map(|(person, _)| user(*person)).collect(),
            with_old_keys,
            prints,
            tenant,
            disk,
            outside,
        }
    }

    /// Whether this user could sign in before we came.
    pub(crate) fn had_a_key(&self, user: &str) -> bool {
        self.with_old_keys.iter().any(|one| one == user)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.outside.path().join("station")
    }

    /// A place that no cut reaches.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    /// The program in the station's folder, in an environment in which there is nothing but what it needs.
    pub(crate) fn command(&self, pcscd: &Pcscd, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env(SOCKET_VARIABLE, pcscd.socket());
        // Where the client library of the smart-card service is not installed.
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    /// The log, whose end tells what the program thought of it.
    pub(crate) fn log(&self) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(self.outside("log")).into_iter().flatten() {
            text += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
        }
        text
    }

    /// The ledger as it is on the disk now, copied to a place where looking at it changes nothing.
    pub(crate) fn copy_ledger(&self) -> PathBuf {
        let copy = self.outside("copy");
        let _none_yet = std::fs::remove_dir_all(&copy);
        std::fs::create_dir(&copy).unwrap();
        for name in ["keyline.db", "keyline.db-wal"] {
            let from = self.root().join("ledger").join(name);
            if from.exists() {
                std::fs::copy(from, copy.join(name)).unwrap();
            }
        }
        copy.join("keyline.db")
    }
}

fn settings(
    setup: &TenantSetup,
    outside: &Path,
    reader: u16,
    readers: usize,
) -> Vec<(&'static str, &'static str, toml::Value)> {
    let names: Vec<_> = (reader..).take(readers).map(reader_name).collect();
    let places = names.iter().map(|name| format!("reader:{name}").into());
    let secret = toml::Table::from_iter([("file".to_owned(), SECRET.into())]);
    vec![
        ("entra", "tenant", setup.tenant.clone().into()),
        ("entra", "client_id", setup.client_id.clone().into()),
        ("entra", "client_secret", secret.into()),
        ("queue", "settle_milliseconds", 20.into()),
        ("console", "listen", "".into()),
        ("slots", "hid", false.into()),
        ("slots", "readers", true.into()),
        ("slots", "confirm_cards", "never".into()),
        ("slots", "places", toml::Value::Array(places.collect())),
        (
            "slots",
            "reader_names",
            names
                .iter()
                .map(|name| toml::Value::from(name.as_str()))
                .collect::<Vec<_>>()
                .into(),
        ),
        (
            "log",
            "folder",
            outside.join("log").display().to_string().into(),
        ),
        ("log", "level", "debug".into()),
    ]
}

/// The row of a person, and its user.
fn row(person: usize) -> &'static str {
    SAMPLE.lines().nth(person + 1).unwrap()
}

fn user(person: usize) -> String {
    row(person).split(',').next().unwrap().to_owned()
}

fn job_file(people: &[Person]) -> String {
    let header = SAMPLE
        .trim_start_matches('\u{feff}')
        .lines()
        .next()
        .unwrap();
    let mut text = format!("{header},policy,pin\r\n");
    for (person, policy) in people {
        let pin = match *policy {
            "specified" => SPECIFIED_PIN,
            _ => "",
        };
        text.push_str(&format!("{},{policy},{pin}\r\n", row(*person)));
    }
    text
}

/// A security key that the user had before, and loses by the policy.
fn old_key() -> Existing {
    Existing {
        display_name: "old key".to_owned(),
        aaguid: PRACTICE_AAGUID,
        credential_id: None,
        id_bytes: None,
        method: None,
        created: None,
        synced: false,
    }
}

/// The identity is no hardware key, so nothing is asked.
struct Nobody;

impl Prompt for Nobody {
    fn say(&self, _: &str) {}

    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn ask(&self, _: &str) -> Option<String> {
        None
    }

    fn ask_secret(&self, _: &str) -> Option<Zeroizing<String>> {
        None
    }
}
