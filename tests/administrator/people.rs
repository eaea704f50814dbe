//! `keyline people erase`, as typed: refused in words while it must be, and nobody is named any more afterwards.

use keyline::adapter::ledger::{SqliteLedger, Verdict};

use crate::line::{Knows, Line};
use crate::{err, files, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";

#[test]
fn a_person_is_erased_once_nothing_is_open_and_the_chain_still_verifies() {
    let line = Line::new(1);
    line.drop_file(
        "a.csv",
        &format!("user,name,policy\r\n{ANNA},Anna Lang,standard\r\n"),
    );
    let key = line.maker.make(1).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    // Held: nobody knows the PIN that the key would keep.
    line.drop_file(
        "b.csv",
        &format!("user,name,policy,role\r\n{ANNA},Anna Lang,keep,backup\r\n"),
    );
    let other = line.maker.make(2).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![other]);
    assert_eq!(summary.held.len(), 1, "{summary:?}");
    drop(parts);

    let refused = keyline(&line, &["people", "erase", ANNA]);
    assert_eq!(refused.status.code(), Some(4), "{}", err(&refused));
    assert!(err(&refused).contains("is still open"), "{}", err(&refused));
    assert!(
        err(&refused).contains("keyline jobs cancel 2"),
        "{}",
        err(&refused)
    );

    assert!(keyline(&line, &["jobs", "cancel", "2"]).status.success());
    let erased = keyline(&line, &["people", "erase", "Anna.Lang@contoso.com"]);
    assert!(erased.status.success(), "{}", err(&erased));
    let said = out(&erased);
    assert!(
        said.contains("2 jobs") && said.contains("1 sealed PIN"),
        "{said}"
    );
    assert!(said.contains("batch a, b"), "{said}");

    for path in files::below(&line.root().join("ledger")) {
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            assert!(!text.contains("anna"), "{}", path.display());
        }
    }
    let ledger = SqliteLedger::open_reader(&line.config.path(&line.config.ledger.file));
    let verdict = ledger.expect("a ledger").verify(None).expect("a verdict");
    assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");

    let again = keyline(&line, &["people", "erase", ANNA]);
    assert_eq!(again.status.code(), Some(2), "{}", err(&again));
    assert!(err(&again).contains("knows no user"), "{}", err(&again));
}
