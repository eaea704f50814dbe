//! A drop folder in memory. What a file holds is made anew at each reading, because drafts hold secrets and cannot be copied.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use crate::domain::job::row::Rules;
use crate::domain::job::sheet::{JobFile, Unit};
use crate::domain::job::{BatchName, Draft};
use crate::domain::mailbox::{
    Archived, Claim, ClaimId, ContentHash, Delivery, MailboxFault, Outcome, PinsLeft,
};
use crate::port::Mailbox;

type Maker = Box<dyn Fn() -> JobFile + Send>;

#[derive(Default)]
struct Room {
    new: Vec<Claim>,
    work: Vec<Claim>,
    files: BTreeMap<ClaimId, (u8, Maker)>,
    finished: Vec<(String, Outcome)>,
    fail_finish: usize,
}

/// The folder.
#[derive(Default)]
pub(crate) struct Folder(Mutex<Room>);

impl Folder {
    fn room(&self) -> MutexGuard<'_, Room> {
        self.0.lock().expect("no test panics inside")
    }

    /// Drops a file whose bytes hash to `content`.
    pub(crate) fn drop_file(
        &self,
        name: &str,
        content: u8,
        make: impl Fn() -> JobFile + Send + 'static,
    ) {
        let mut room = self.room();
        let claim = Claim {
            id: ClaimId(format!("{:032x}", room.files.len() + 1)),
            name: name.to_owned(),
        };
        let file: (u8, Maker) = (content, Box::new(make));
        room.files.insert(claim.id.clone(), file);
        room.new.push(claim);
    }

    pub(crate) fn fail_to_finish(&self, times: usize) {
        self.room().fail_finish = times;
    }

    pub(crate) fn finished(&self) -> Vec<(String, Outcome)> {
        self.room().finished.clone()
    }
}

/// A file of these drafts, all of them good.
pub(crate) fn file_of(batch: &str, drafts: Vec<Draft>) -> JobFile {
    JobFile {
        unit: Unit::Line,
        batch: BatchName(batch.to_owned()),
        drafts,
        bad_rows: Vec::new(),
    }
}

impl Mailbox for Folder {
    fn watch(&self, _: Box<dyn FnMut() -> bool + Send>) -> Result<(), MailboxFault> {
        Ok(())
    }

    fn collect(&self) -> Result<Vec<Claim>, MailboxFault> {
        let mut room = self.room();
        let claims = std::mem::take(&mut room.new);
        room.work.extend(claims.clone());
        Ok(claims)
    }

    fn is_settling(&self) -> Result<bool, MailboxFault> {
        Ok(false)
    }

    fn left_over(&self) -> Result<Vec<Claim>, MailboxFault> {
        Ok(self.room().work.clone())
    }

    fn read(&self, claim: &Claim, _: &Rules) -> Result<Delivery, MailboxFault> {
        let room = self.room();
        let (content, make) = &room.files[&claim.id];
        Ok(Delivery {
            content: Some(ContentHash([*content; 32])),
            parsed: Ok(make()),
        })
    }

    fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<Archived, MailboxFault> {
        let mut room = self.room();
        if room.fail_finish > 0 {
            room.fail_finish -= 1;
            let place = "queue/done".to_owned();
            return Err(MailboxFault::NoSpace { place });
        }
        room.work.retain(|known| known.id != claim.id);
        room.finished.push((claim.name.clone(), outcome.clone()));
        Ok(Archived {
            place: format!("done/{}", claim.name),
            pins: PinsLeft::NoneThere,
        })
    }
}
