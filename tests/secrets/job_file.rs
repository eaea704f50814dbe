//! PINs that come in a job file, and tokens whose every letter is known: a station in this process, its log in memory.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use keyline::domain::enrollment::Standing;
use keyline::domain::pin::Pin;
use keyline::port::Ledger as _;
use keyline::practice::authenticator::Past;
use keyline::practice::tenant::Tenant;

use super::line::{Knows, Line};
use super::spellings::{Secret, contains};
use super::{as_secrets, leaks, leaks_in, pins};

/// Collects what `tracing` writes, for the whole process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All that keyline logs in this process from now on.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        use tracing_subscriber::layer::SubscriberExt as _;
        use tracing_subscriber::util::SubscriberInitExt as _;
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .with_writer(move || writer.clone());
        // As the product does: libraries know nothing of secrets, so they are not asked for details.
        let targets = tracing_subscriber::filter::Targets::new()
            .with_default(tracing::level_filters::LevelFilter::WARN)
            .with_target("keyline", tracing::level_filters::LevelFilter::TRACE);
        tracing_subscriber::registry()
            .with(targets)
            .with(lines)
            .try_init()
            .expect("the only log of this process");
        log
    })
}

fn pin(text: &str) -> Pin {
    Pin::new(text).expect("a PIN")
}

#[test]
fn pins_of_a_job_file_and_tokens_stay_out_of_everything() {
    let log = log();
    // One slot: the keys come in the order of the rows.
    let line = Line::new(1);
    let (specified, current) = (pin("kw7gmtfa"), pin("84067135"));
    line.drop_file(
        "mixed.csv",
        "user,policy,serial,pin,current_pin\r\n\
         anna.lang@contoso.com,specified,,kw7gmtfa,\r\n\
         juergen.mueller@contoso.com,keep,,,84067135\r\n",
    );
    // Its second row is wrong, so nothing of it is taken; it holds PINs all the same.
    line.drop_file(
        "wrong.csv",
        "user,policy,pin,current_pin\r\n\
         sophie.weiss@contoso.com,specified,w3qjx5nd,\r\n\
         kaethe.groessl@contoso.com,speziell,pb6zr2vh,57093826\r\n\
         kaethe.groessl@contoso.com,keep,57093826,\r\n",
    );
    let past = Past {
        pin: Some(&current),
        passkey: None,
    };
    let supply = vec![
        line.maker.make(1).expect("a key"),
        line.maker.make_used(2, &past).expect("a key"),
    ];
    let (summary, parts) = line.run(Knows::nothing(), supply);
    let jobs = parts.ledger.jobs(None).expect("jobs");
    assert_eq!(summary.done, 2, "{summary:?} {jobs:?}");
    assert_eq!(summary.rejected_files, 1);
    assert!(jobs.iter().all(|record| record.standing == Standing::Done));
    parts.ledger.tidy().expect("a tidy ledger");

    let opened = pins(&line.config.path(&line.config.ledger.file), &line.identity);
    assert!(opened.iter().any(|(_, pin)| *pin == specified));
    assert!(opened.iter().any(|(_, pin)| *pin == current));
    let mut secrets = as_secrets(&opened);
    for rejected in ["w3qjx5nd", "pb6zr2vh", "57093826"] {
        secrets.push(Secret::new("a PIN of the rejected file", rejected));
    }
    let tokens = line.tenant(Tenant::tokens);
    assert!(!tokens.is_empty(), "the station signed in");
    secrets.extend(tokens.iter().map(|token| Secret::new("a token", token)));
    secrets.push(Secret::new(
        "the client secret",
        "practice~secret-of-no-value",
    ));

    let letters = line.config.path(&line.config.letters.folder);
    let may = |path: &Path| path.starts_with(&letters) || path == line.root().join("secret");
    let mut found = leaks(line.root(), &secrets, &may);
    let logged = log.0.lock().expect("the log").clone();
    found.extend(leaks_in("the log", &logged, &secrets));
    assert_eq!(found, Vec::<String>::new());

    assert!(contains(&logged, b"\"level\":\"TRACE\""));
    let queue = line.config.path(&line.config.queue.folder);
    for archived in ["done/mixed.csv", "rejected/wrong.csv"] {
        let text = std::fs::read_to_string(queue.join(archived)).expect("an archived file");
        assert!(text.contains("***"), "{archived}: {text}");
    }
    let reason = std::fs::read_to_string(queue.join("rejected/wrong.csv.reason.txt"));
    assert!(reason.expect("a reason").contains("speziell"));
}
