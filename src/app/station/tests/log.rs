//! Whatever Entra answers, no line of the log names a person, at any level that an operator would choose.

use std::io::Write;

use super::*;
use crate::app::world::When;

const USER: &str = "zsofia.kovacs";
const PERSON: &str = "Zsófia Kovács";
const JOBS: usize = 9;

/// What was written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn hostile() -> String {
    format!("{PERSON} ({USER}@contoso.com, {USER}) may not be acted on")
}

fn refused(status: u16) -> Fault {
    Fault::Refused {
        status,
        code: "accessDenied".to_owned(),
        message: hostile(),
        request_id: "r-1".to_owned(),
    }
}

/// A line on which most goes wrong, in words that name people.
async fn goes_wrong() {
    let world = four_keys(|| KeyState::blank(None));
    let folder = Arc::new(Folder::default());
    folder.drop_file(&format!("{USER}.csv"), 1, || {
        let drafts = (1..=JOBS).map(|number| Draft {
            line: u32::try_from(number).expect("few rows") + 1,
            request: crate::domain::job::Request {
                name: Some(PERSON.to_owned()),
                ..request(&format!("{USER}{number}@contoso.com"))
            },
            pin: None,
            current_pin: None,
        });
        file_of(USER, drafts.collect())
    });
    let unknown = Fault::UserUnknown {
        request_id: "r-2".to_owned(),
        code: "Request_ResourceNotFound".to_owned(),
        message: hostile(),
    };
    let unfit = Fault::UserUnfit { why: hostile() };
    for fault in [refused(403), unknown, unfit, refused(400)] {
        world.trick(Op::Options, When::Before, fault);
    }
    let unpermitted = Fault::NotPermitted {
        why: hostile(),
        refused: Vec::new(),
    };
    world.trick(Op::Ready, When::Before, unpermitted);
    world.trick(Op::Post, When::Before, refused(400));
    world.trick(Op::Person, When::Before, refused(403));
    let desk = desk(&world, folder, Policy::default(), None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let begun = std::time::Instant::now();
    loop {
        let counts = board.view().counts;
        if counts.done >= 3 && counts.held >= 3 {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "never: {counts:?}"
        );
        tokio::task::yield_now().await;
    }
    assert!(handle.ask(Request::StopNow));
    running.await.expect("no panic").expect("it ran");
}

/// Set in the process of its own that the test runs in.
const ALONE: &str = "KEYLINE_TEST_LOG_ALONE";

/// In a process of its own: what other tests have their threads log, or not, decides for all of a process what is worth a line.
#[test]
fn no_line_of_the_log_names_a_person() {
    if std::env::var_os(ALONE).is_some() {
        return names_nobody();
    }
    let program = std::env::current_exe().expect("this program");
    let name = "app::station::tests::log::no_line_of_the_log_names_a_person";
    let ended = std::process::Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

fn names_nobody() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let dispatch = tracing::Dispatch::new(subscriber);
    let on_thread = dispatch.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        // Each thread of the station, also those for what blocks; they end with the runtime.
        .on_thread_start(move || {
            std::mem::forget(tracing::dispatcher::set_default(&on_thread));
        })
        .build()
        .expect("a runtime");
    tracing::dispatcher::with_default(&dispatch, || runtime.block_on(goes_wrong()));
    drop(runtime);
    let log = lines.0.lock().expect("no panic").clone();
    let log = String::from_utf8(log).expect("JSON");
    for told in [
        "no creation options",
        "run ended",
        "\"order\"",
        "journal",
        "job file read",
        "accessDenied",
    ] {
        assert!(log.contains(told), "nothing of `{told}` in the log");
    }
    let names = [USER, PERSON, "Zs\\u00f3fia", "Kov"];
    let naming: Vec<&str> = log
        .lines()
        .filter(|line| names.iter().any(|name| line.contains(name)))
        .collect();
    assert!(naming.is_empty(), "{naming:#?}");
}
