//! Reports over a ledger in memory.

mod leavers;

use expect_test::expect;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::*;
use crate::app::world::{World, course, started};
use crate::domain::event::{Happening, Step};
use crate::domain::job::JobId;
use crate::domain::mailbox::{HeldFile, Lying};
use crate::domain::paper::{Sheet, Ticket};
use crate::face::say::ExitCode;

fn style(json: bool) -> Style {
    Style {
        json,
        zone: TimeZone::fixed(jiff::tz::offset(1)),
    }
}

/// Anna is done, Bert is held in doubt, Chloé waits.
fn ledger() -> World {
    let ledger = World::with_jobs(&[
        "anna@contoso.com",
        "bert@contoso.com",
        "chloé\u{1b}[2J@contoso.com",
    ]);
    ledger.tell(JobId(1), course("10000042", Step::Deliver));
    let mut bert = course("10000043", Step::MakeCredential);
    bert.push(started(Step::Register));
    bert.push(Happening::Held {
        fault: Fault::RegistrationUncertain,
    });
    ledger.tell(JobId(2), bert);
    ledger
}

fn text(make: impl FnOnce(&mut dyn Write) -> Result<(), Complaint>) -> String {
    let mut text = Vec::new();
    make(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn status_says_what_is_held_and_what_to_do() {
    let told = text(|to| status(&ledger(), &Beside::default(), &style(false), to));
    expect![[r#"
        batch       done  under way  waiting  held  cancelled
        onboarding     1          0        1     1          0

        1 job held:
          Job 2 (bert@contoso.com, envelope 0002), since 2026-03-02 10:30:00 +01:00
            It cannot be told whether Entra has registered the passkey.
            -> Look at the user's passkeys in the Entra portal. `keyline jobs release JOB` looks again; `keyline jobs retry JOB` starts anew.
    "#]].assert_eq(&told);
    let value: Value = serde_json::from_str(&text(|to| {
        status(&ledger(), &Beside::default(), &style(true), to)
    }))
    .unwrap();
    assert_eq!(value["counts"]["done"], 1);
    assert_eq!(value["batches"]["onboarding"]["waiting"], 1);
    assert_eq!(
        value["held"][0]["held"]["fault"]["fault"],
        "registration_uncertain"
    );
}

#[test]
fn status_names_each_letter_that_waits_for_its_confirmation() {
    let ledger = ledger();
    let mut chloe = course("10000044", Step::Register);
    chloe.push(started(Step::Deliver));
    let control = "4820 9173 5525".to_owned();
    let sheet = Sheet::OnPaper;
    chloe.push(Happening::Printed { control, sheet });
    ledger.tell(JobId(3), chloe);
    let told = text(|to| status(&ledger, &Beside::default(), &style(false), to));
    let line = "\n1 letter to confirm:\n  L-0003 (job 3, chloé\u{FFFD}[2J@contoso.com), control number … 5525\n";
    assert!(told.contains(line), "{told}");
    let value: Value = serde_json::from_str(&text(|to| {
        status(&ledger, &Beside::default(), &style(true), to)
    }))
    .unwrap();
    assert_eq!(value["to_confirm"][0]["item"], "L-0003");
    assert_eq!(value["to_confirm"][0]["control_ends"], "5525");
    // Whoever could copy the whole number would need no sheet.
    for said in [told, value.to_string()] {
        let digits = said.replace(' ', "");
        assert!(!digits.contains("482091735525"), "{said}");
    }
}

#[test]
fn a_list_is_a_table_and_no_name_escapes_it() {
    let told = text(|to| list(&ledger(), None, &style(false), to));
    expect![[r#"
        job  envelope  standing  user                   role     name      serial    batch       why it is held
          1      0001  done      anna@contoso.com       primary  Person 1  10000042  onboarding
          2      0002  held      bert@contoso.com       primary  Person 2  10000043  onboarding  It cannot be told whether Entra has registered the passkey.
          3      0003  waiting   chloé�[2J@contoso.com  primary  Person 3  -         onboarding
    "#]].assert_eq(&told);
    let complaint = list(&ledger(), Some("nothing"), &style(false), &mut Vec::new()).unwrap_err();
    assert_eq!(complaint.message, "There is no batch `nothing`.");
    assert_eq!(
        complaint,
        no_such_batch(&ledger(), "nothing").expect("the ledger answers"),
        "one hint, whichever command it is"
    );
    let slip = list(&ledger(), Some("onbording"), &style(false), &mut Vec::new());
    assert!(
        slip.unwrap_err()
            .hint
            .starts_with("Did you mean `onboarding`?")
    );
    let value: Value = serde_json::from_str(&text(|to| {
        list(&ledger(), Some("onboarding"), &style(true), to)
    }))
    .unwrap();
    assert_eq!(value.as_array().unwrap().len(), 3);
    assert_eq!(value[0]["updated"], "2026-03-02T09:30:00.000Z");
}

#[test]
fn a_job_is_shown_with_its_whole_journal() {
    let ledger = ledger();
    let record = find_one(&ledger, "anna@contoso.com").unwrap();
    let told = text(|to| show(&ledger, &record, &style(false), to));
    expect![[r#"
        job             1
        envelope        0001
        batch           onboarding, row 1
        standing        done
        user            anna@contoso.com
        name            Person 1
        department      -
        address         -
        policy          standard
        role            primary
        serial          10000042
        control number  4820 9173 5525
        note            -
        PINs            of attempt 1 (sealed)

        journal
          2026-03-02 10:30:00 +01:00  4711  Attempt 1 began in slot 2 with key 10000042 (Security Key, 2f2f2f2f-2f2f-2f2f-2f2f-2f2f2f2f2f2f). The plan: wipe the key, set the PIN, make the passkey, register the passkey with Entra, make the letter.
          2026-03-02 10:30:00 +01:00  4711  About to wipe the key.
          2026-03-02 10:30:00 +01:00  4711  Done: wiped the key.
          2026-03-02 10:30:00 +01:00  4711  About to set the PIN. Its PIN is in the ledger, sealed.
          2026-03-02 10:30:00 +01:00  4711  Done: set the PIN.
          2026-03-02 10:30:00 +01:00  4711  About to make the passkey.
          2026-03-02 10:30:00 +01:00  4711  Done: made the passkey 07070707070707070707070707070707 (model 2f2f2f2f-2f2f-2f2f-2f2f-2f2f2f2f2f2f, packed attestation, algorithm -7, credProtect none, hmac-secret yes; our check agrees, the second opinion agrees).
          2026-03-02 10:30:00 +01:00  4711  About to register the passkey with Entra.
          2026-03-02 10:30:00 +01:00  4711  Done: registered the passkey with Entra as method method-1, known from Entra's answer.
          2026-03-02 10:30:00 +01:00  4711  About to make the letter. Control number 4820 9173 5525.
          2026-03-02 10:30:00 +01:00  4711  Done: made the letter with control number 4820 9173 5525 to mailers/0001.pdf.
    "#]].assert_eq(&told);
    let record = find_one(&ledger, "2").unwrap();
    let value: Value =
        serde_json::from_str(&text(|to| show(&ledger, &record, &style(true), to))).unwrap();
    assert_eq!(value["journal"].as_array().unwrap().len(), 9);
    assert_eq!(value["journal"][8]["event"]["event"], "held");
    assert_eq!(value["pins"][0], "of attempt 1 (sealed)");
    let told = text(|to| show(&ledger, &record, &style(false), to));
    assert!(told.contains("About to register the passkey with Entra."));
}

#[test]
fn a_job_is_found_by_any_of_its_names() {
    let ledger = ledger();
    for (name, job) in [
        ("1", 1),
        ("0002", 2),
        ("bert@contoso.com", 2),
        ("10000043", 2),
        ("4820 9173 5525", 1),
    ] {
        assert_eq!(
            find_one(&ledger, name).unwrap().job.id,
            JobId(job),
            "{name}"
        );
    }
    let nobody = find_one(&ledger, "zoe\u{1b}").unwrap_err();
    assert_eq!(nobody.message, "No job fits `zoe\u{FFFD}`.");
    assert_eq!(nobody.exit, ExitCode::Usage);
}

#[test]
fn what_fits_several_jobs_is_listed() {
    let ledger = World::with_jobs(&["anna@contoso.com", "anna@contoso.com"]);
    let complaint = find_one(&ledger, "anna@contoso.com").unwrap_err();
    assert_eq!(complaint.exit.number(), 2);
    expect![[r#"
        `anna@contoso.com` fits 2 jobs.

        job  envelope  standing  user              role     name      serial  batch       why it is held
          1      0001  waiting   anna@contoso.com  primary  Person 1  -       onboarding
          2      0002  waiting   anna@contoso.com  primary  Person 2  -       onboarding"#]]
    .assert_eq(&complaint.message);
    assert_eq!(complaint.hint, "Give the number in the first column.");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    list(&ledger(), None, &style(false), &mut Gone).unwrap();
}

/// Dora's letter was in doubt, and is made anew.
fn reissued() -> World {
    let ledger = World::with_jobs(&["dora@contoso.com"]);
    let mut dora = course("10000044", Step::Register);
    dora.push(started(Step::Deliver));
    dora.push(Happening::Held {
        fault: Fault::DeliveryUncertain,
    });
    dora.push(Happening::Reissued {
        reason: "nobody knows whether it came out.".to_owned(),
        void: Some("4820 9173 5525".to_owned()),
    });
    ledger.tell(JobId(1), dora);
    ledger
}

#[test]
fn a_void_letter_is_told_wherever_the_job_is_shown() {
    let ledger = reissued();
    let record = find_one(&ledger, "1").unwrap();
    let told = text(|to| show(&ledger, &record, &style(false), to));
    let ends: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("void") || line.contains("standing"))
        .collect();
    expect![[r#"
        standing        under way
        void letters    4820 9173 5525
          2026-03-02 10:30:00 +01:00  4711  Reissued: the same key gets a new PIN and a new letter. The letter with control number 4820 9173 5525 is void. Reason: nobody knows whether it came out.
    "#]].assert_eq(&(ends.join("\n") + "\n"));
    let told = text(|to| status(&ledger, &Beside::default(), &style(false), to));
    expect![[r#"
        batch       done  under way  waiting  held  cancelled
        onboarding     0          1        0     0          0

        letters of  confirmed  void  spoiled  in envelope  dispatched  bagged  bags dispatched
        onboarding          0     1        0            0           0       0                0

        1 job under way:
          Job 1 (dora@contoso.com, envelope 0001), last step 2026-03-02 10:30:00 +01:00
            void letters: 4820 9173 5525
            put key 10000044 of envelope 0001 back into a slot: it gets a new PIN
    "#]]
    .assert_eq(&told);
    let shown = text(|to| show(&ledger, &record, &style(true), to));
    let value: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(value["void"], serde_json::json!(["4820 9173 5525"]));
    // A letter that came out after all, and one that certainly did not, are not void.
    let anna = find_one(&self::ledger(), "1").unwrap();
    let told = text(|to| show(&self::ledger(), &anna, &style(true), to));
    let value: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(value["void"], serde_json::json!([]));
}

#[test]
fn a_letter_in_doubt_is_told_with_its_number_and_its_reason() {
    let ledger = World::with_jobs(&["dora@contoso.com"]);
    let mut dora = course("10000044", Step::Register);
    dora.push(started(Step::Deliver));
    dora.push(Happening::Printed {
        control: "4820 9173 5525".to_owned(),
        sheet: Sheet::Unknown {
            why: "it was printed, and may be printed once more".to_owned(),
        },
    });
    dora.push(Happening::Held {
        fault: Fault::DeliveryUncertain,
    });
    ledger.tell(JobId(1), dora);
    let told = text(|to| status(&ledger, &Beside::default(), &style(false), to));
    let held: Vec<&str> = told
        .lines()
        .skip_while(|line| !line.contains("job held"))
        .collect();
    expect![[r#"
        1 job held:
          Job 1 (dora@contoso.com, envelope 0001), since 2026-03-02 10:30:00 +01:00
            It is not known whether the letter came out. The reason: it was printed, and may be printed once more.
            -> Find the sheet and scan it, or type its control number: `keyline mailer confirm CODE`; then nothing is in doubt any more. Only if it cannot be found, or is bad: destroy what there is of it, then `keyline mailer reissue JOB --reason TEXT`: no letter is ever made twice, so the same key gets a new PIN."#]].assert_eq(&held.join("\n"));
    let record = find_one(&ledger, "1").unwrap();
    let told = text(|to| show(&ledger, &record, &style(false), to));
    let of: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("control number") || line.starts_with("held"))
        .collect();
    expect![[r#"
        control number  … 5525, not confirmed
        held            It is not known whether the letter came out. The reason: it was printed, and may be printed once more."#]].assert_eq(&of.join("\n"));
    let shown = text(|to| show(&ledger, &record, &style(true), to));
    let value: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(value["unconfirmed_ends"], "5525");
}

#[test]
fn a_printer_that_stands_still_is_told_with_the_letter_in_it() {
    let ledger = World::with_jobs(&["dora@contoso.com"]);
    let mut dora = course("10000044", Step::Register);
    dora.push(started(Step::Deliver));
    let told = |ledger: &World| {
        let printer = Some("The printer waits for paper in tray 2.");
        let beside = Beside {
            printer: printer.map(str::to_owned),
            ..Beside::default()
        };
        text(|to| status(ledger, &beside, &style(false), to))
    };
    ledger.tell(JobId(1), dora);
    let line = "\nThe printer waits for paper in tray 2.\n";
    assert!(told(&ledger).contains(line), "{}", told(&ledger));
    let ticket = Ticket {
        printer: "ipp://printer.contoso.com/pin".to_owned(),
        job: 7,
        uuid: None,
        name: "a".to_owned(),
    };
    let accepted = Happening::Printed {
        control: "4820 9173 5525".to_owned(),
        sheet: Sheet::Accepted { ticket },
    };
    ledger.tell(JobId(1), [accepted]);
    let line = "\nThe printer waits for paper in tray 2. In the printer: L-0001.\n";
    assert!(told(&ledger).contains(line), "{}", told(&ledger));
}

#[test]
fn files_that_wait_in_the_queue_are_named_and_counted() {
    let beside = |new: usize, hold: usize| Beside {
        files: Lying {
            new: (1..=new).map(|number| format!("{number}.csv")).collect(),
            hold: (1..=hold)
                .map(|number| HeldFile {
                    name: format!("h\u{1b}{number}.csv"),
                    reason: (number == 1).then(|| "its content was admitted before".to_owned()),
                })
                .collect(),
        },
        ..Beside::default()
    };
    let told = |beside: &Beside| text(|to| status(&World::new(), beside, &style(false), to));
    expect![[r#"
        There are no jobs yet. Drop a job file into the queue's new/ folder.

        7 files lie in new/ and are not taken in yet; a running station does that in a moment:
          1.csv
          2.csv
          3.csv
          4.csv
          5.csv
          and 2 more

        2 files lie in hold/ for your decision:
          h�1.csv: its content was admitted before.
          h�2.csv: the station did not lay it there.
            -> What would be right stands beside each, in its .reason.txt.
    "#]]
    .assert_eq(&told(&beside(7, 2)));
    let one = told(&beside(1, 0));
    assert!(
        one.contains("1 file lies in new/ and is not taken in yet"),
        "{one}"
    );
    let value: Value = serde_json::from_str(&text(|to| {
        status(&ledger(), &beside(7, 1), &style(true), to)
    }))
    .unwrap();
    assert_eq!(value["files"]["new"].as_array().unwrap().len(), 7);
    assert_eq!(
        value["files"]["hold"][0]["reason"],
        "its content was admitted before"
    );
}
