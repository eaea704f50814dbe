//! A station in a fresh folder, as `keyline init` makes it, set up for a practice tenant. Everything that an administrator does by
//! hand is done here the same way: settings are written into the file, job files are moved into the queue.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keyline::practice::tenant::{Tenant, TenantSetup};
use serde_json::Value as Json;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_keyline");

/// The people of the sample file, who are the tenant's directory.
const SAMPLE: &str = include_str!("../../queue/samples/onboarding.csv");

/// One job, as `keyline jobs list --json` tells it.
#[derive(Clone, Debug)]
pub(crate) struct JobLine {
    pub(crate) user: String,
    pub(crate) envelope: String,
    pub(crate) standing: String,
}

/// A folder with a station in it, and its tenant. Both go with the value.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) tenant: Tenant,
}

impl Home {
    /// `keyline init`, then the settings of an administrator, and `more` of them: section, name, value.
    pub(crate) fn new(more: &[(&str, &str, toml::Value)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setup = TenantSetup::default();
        let secret = folder.path().join("client-secret");
        fs::write(&secret, setup.client_secret.as_str()).unwrap();
        restrict(&secret);
        let (name, client_id) = (setup.tenant.clone(), setup.client_id.clone());
        let home = Self {
            tenant: Tenant::start(setup).unwrap(),
            folder,
        };
        let made = home.keyline(&["init", "--practice-identity", "recovery.txt", "--dir", "."]);
        assert!(made.status.success(), "{}", said(&made));

        let url = home.tenant.url().to_string();
        let mut settings = vec![
            ("entra", "tenant", name.into()),
            ("entra", "client_id", client_id.into()),
            (
                "entra",
                "client_secret",
                toml::Table::from_iter([("file".to_owned(), "client-secret".into())]).into(),
            ),
            ("entra", "authority", url.clone().into()),
            ("entra", "graph", url.into()),
            ("queue", "settle_milliseconds", 200.into()),
            ("slots", "hid", false.into()),
            ("slots", "readers", true.into()),
            ("log", "level", "trace".into()),
            ("console", "listen", "".into()),
        ];
        settings.extend_from_slice(more);
        home.write_settings(settings);
        home
    }

    fn write_settings(&self, settings: Vec<(&str, &str, toml::Value)>) {
        let file = self.path("config/station.toml");
        let mut config: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        for (section, name, value) in settings {
            let section = config[section].as_table_mut().unwrap();
            assert!(section.insert(name.to_owned(), value).is_some(), "{name}");
        }
        fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program in this folder, in an environment in which there is nothing but what it needs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear();
        // Where the client library of the smart-card service is not installed.
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    /// Runs a command of the program to its end.
    pub(crate) fn keyline(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Puts a job file into the queue, whole at once.
    pub(crate) fn drop_file(&self, name: &str, text: &str) {
        let draft = self.path(name);
        fs::write(&draft, text).unwrap();
        fs::rename(draft, self.path("queue/new").join(name)).unwrap();
    }

    /// All jobs, as an administrator's script reads them.
    pub(crate) fn jobs(&self) -> Vec<JobLine> {
        let listed = self.keyline(&["jobs", "list", "--json"]);
        assert!(listed.status.success(), "{}", said(&listed));
        let listed: Vec<Json> = serde_json::from_slice(&listed.stdout).unwrap();
        let text = |job: &Json, name: &str| job[name].as_str().unwrap().to_owned();
        listed
            .iter()
            .map(|job| JobLine {
                user: text(job, "user"),
                envelope: text(job, "envelope"),
                standing: text(job, "standing"),
            })
            .collect()
    }

    /// The letters, by name.
    pub(crate) fn letters(&self) -> Vec<PathBuf> {
        let mut letters: Vec<_> = fs::read_dir(self.path("mailers"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
            .collect();
        letters.sort();
        letters
    }

    /// Every file of the station that is not a letter and not the recovery identity, for a search.
    pub(crate) fn other_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(self.folder.path(), &mut found);
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("mailers") {
                collect(&path, found);
            }
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
}

fn restrict(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What a command wrote, for the message of a test that fails.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A job file with these people of the sample (0 is the first), each under its policy.
pub(crate) fn job_file(people: &[(usize, &str)]) -> String {
    let mut lines = SAMPLE.trim_start_matches('\u{feff}').lines();
    let header = lines.next().unwrap();
    let rows: Vec<_> = lines.collect();
    let mut text = format!("{header},policy\r\n");
    for (person, policy) in people {
        text.push_str(&format!("{},{policy}\r\n", rows[*person]));
    }
    text
}
