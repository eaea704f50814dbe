//! A house with an administrator at a desk, and jobs in every standing. Some of its people have names that would like to be more
//! than names.

use keyline::domain::enrollment::Standing;
use keyline::domain::job::{BatchName, Draft, JobId};
use keyline::port::{Admission, Admitted};

use super::super::bench_of_ledgers::{Hand, NOON, admission, draft, pin};
use super::super::house::{Browser, House, Page};

/// Would run, close the page's tag, or turn the line around.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\"'&\u{202E}txt.exe";
/// The PIN of every key here: on no page.
pub(crate) const PIN: &str = "48261739";

/// The jobs, by their standings.
pub(crate) struct Desk {
    pub(crate) house: House,
    pub(crate) adam: Browser,
    pub(crate) waiting: JobId,
    pub(crate) under_way: JobId,
    pub(crate) held: JobId,
    pub(crate) done: JobId,
    pub(crate) cancelled: JobId,
}

impl Desk {
    /// With one job in each standing.
    pub(crate) fn new() -> Self {
        let house = House::new();
        let adam = house.signed_in("adam");
        let users = ["anna", "bert", "chloe", "dora", "emil"];
        let mut drafts: Vec<Draft> = (2..)
            .zip(users)
            .map(|(line, user)| draft(line, &format!("{user}@contoso.com")))
            .collect();
        drafts[0].request.name = Some(HOSTILE.to_owned());
        drafts[0].request.note = Some(HOSTILE.to_owned());
        let jobs = admit(&house, admission("first", drafts));
        let ledger = house.shared.ledger.as_ref();
        Hand::new(ledger, jobs[1]).reset("10000042");
        Hand::new(ledger, jobs[3]).enroll("10000044", &pin(PIN));
        let desk = Self {
            waiting: jobs[0],
            under_way: jobs[1],
            held: jobs[2],
            done: jobs[3],
            cancelled: jobs[4],
            adam,
            house,
        };
        desk.told(
            desk.held,
            &[("change", "hold"), ("reason", "lost <b>card</b>")],
        );
        desk.told(desk.cancelled, &[("change", "cancel")]);
        for (job, standing) in [
            (desk.waiting, Standing::Waiting),
            (desk.under_way, Standing::UnderWay),
            (desk.held, Standing::Held),
            (desk.done, Standing::Done),
            (desk.cancelled, Standing::Cancelled),
        ] {
            assert_eq!(desk.standing(job), standing, "job {job}");
        }
        desk
    }

    /// Another batch with so many people who wait.
    pub(crate) fn admit_more(&self, batch: &str, people: u32) -> Vec<JobId> {
        let drafts = (2..people + 2)
            .map(|line| draft(line, &format!("person{line}@contoso.com")))
            .collect();
        admit(
            &self.house,
            Admission {
                batch: BatchName(batch.to_owned()),
                ..admission(batch, drafts)
            },
        )
    }

    /// Sends a change of the job and returns the page that its browser is led to.
    pub(crate) fn told(&self, job: JobId, fields: &[(&str, &str)]) -> Page {
        let address = format!("/queue/jobs/{job}");
        let sent = self.adam.post(&address, fields);
        assert_eq!(sent.status, 303, "{}", sent.text);
        assert_eq!(sent.header("location"), address);
        self.page(&address)
    }

    /// A page, which is there.
    pub(crate) fn page(&self, path: &str) -> Page {
        let page = self.adam.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert!(!page.text.contains(PIN), "{path} has a PIN");
        assert!(
            !page.text.contains("<script>alert"),
            "{path} would run a name"
        );
        assert!(!page.text.contains('\u{202E}'), "{path} would turn a line");
        page
    }

    pub(crate) fn standing(&self, job: JobId) -> Standing {
        let record = self.house.shared.ledger.job(job).expect("a ledger");
        record.expect("a job").standing
    }

    /// Who wrote the last row of the job's journal.
    pub(crate) fn last_actor(&self, job: JobId) -> String {
        let rows = self.house.shared.ledger.journal(job).expect("a journal");
        rows.last()
            .map_or_else(String::new, |row| row.actor.clone())
    }
}

fn admit(house: &House, admission: Admission) -> Vec<JobId> {
    match house.shared.ledger.admit(&admission, "folder", NOON) {
        Ok(Admitted::Jobs(jobs)) => jobs,
        other => panic!("{other:?}"),
    }
}
