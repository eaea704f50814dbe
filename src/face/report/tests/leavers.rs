//! Held jobs of people who may have left.

use super::*;

#[test]
fn people_who_may_have_left_come_first_wherever_held_jobs_are_listed() {
    let ledger = ledger();
    let leaver = World::with_jobs(&["bert@contoso.com"]);
    for ledger in [&ledger, &leaver] {
        let last = ledger.jobs(None).unwrap().len();
        let job = JobId(i64::try_from(last).unwrap());
        let fault = Fault::UserDisabled;
        ledger.tell(job, [Happening::Held { fault }]);
    }
    let told = text(|to| status(&ledger, &Beside::default(), &style(false), to));
    expect![[r#"
        batch       done  under way  waiting  held  cancelled
        onboarding     1          0        0     2          0

        2 jobs held, first 1 for people whose account is disabled (have they left?):
          Job 3 (chloé�[2J@contoso.com, envelope 0003), since 2026-03-02 10:30:00 +01:00
            The account of this person is disabled in the tenant.
            -> Nothing needs to be done if the account is enabled later: the station looks again by itself. A person who has left: `keyline jobs cancel JOB`.
          Job 2 (bert@contoso.com, envelope 0002), since 2026-03-02 10:30:00 +01:00
            It cannot be told whether Entra has registered the passkey.
            -> Look at the user's passkeys in the Entra portal. `keyline jobs release JOB` looks again; `keyline jobs retry JOB` starts anew.
    "#]].assert_eq(&told);
    let told = text(|to| status(&leaver, &Beside::default(), &style(false), to));
    let heading = "\n1 job held for people whose account is disabled (have they left?):\n";
    assert!(told.contains(heading), "{told}");
    let told = text(|to| list(&ledger, None, &style(false), to));
    let jobs: Vec<&str> = told
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(jobs, ["3", "1", "2"], "{told}");
    for make in [
        text(|to| list(&ledger, None, &style(true), to)),
        text(|to| status(&ledger, &Beside::default(), &style(true), to)),
    ] {
        let value: Value = serde_json::from_str(&make).unwrap();
        let first = value.get(0).unwrap_or(&value["held"][0]);
        assert_eq!(first["held"]["fault"]["fault"], "user_disabled");
    }
}

#[test]
fn people_whom_the_tenant_does_not_know_come_after_the_disabled_and_before_all_others() {
    let ledger = World::with_jobs(&["a@contoso.com", "b@contoso.com", "c@contoso.com"]);
    let unknown = || Fault::UserUnknown {
        request_id: "r-1".to_owned(),
        code: "Request_ResourceNotFound".to_owned(),
        message: "Resource 'x' does not exist.".to_owned(),
    };
    let why = "asked for".to_owned();
    let heading = |told: &str| {
        told.lines()
            .find(|line| line.ends_with(':'))
            .map(str::to_owned)
    };
    for (job, fault, expected) in [
        (1, Fault::OnHold { why }, "1 job held:"),
        (
            2,
            unknown(),
            "2 jobs held, first 1 for people whom the tenant does not know (have they left, or is a name misspelt?):",
        ),
        (
            3,
            Fault::UserDisabled,
            "3 jobs held, first 2 for people who may have left: 1 whose account is disabled, then 1 whom the tenant does not know (or is a name misspelt?):",
        ),
    ] {
        ledger.tell(JobId(job), [Happening::Held { fault }]);
        let told = text(|to| status(&ledger, &Beside::default(), &style(false), to));
        assert_eq!(heading(&told).as_deref(), Some(expected), "{told}");
    }
    let value: Value = serde_json::from_str(&text(|to| {
        status(&ledger, &Beside::default(), &style(true), to)
    }))
    .unwrap();
    let faults = [0, 1, 2].map(|at| value["held"][at]["held"]["fault"]["fault"].clone());
    assert_eq!(faults, ["user_disabled", "user_unknown", "on_hold"]);
    let told = text(|to| list(&ledger, None, &style(false), to));
    let jobs: Vec<&str> = told
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(jobs, ["3", "2", "1"], "{told}");
}
