//! People and groups of the tenant, for whoever makes job files of them: finding, listing members, and proposing a row for each
//! member who should get a key. Reads alone; it writes no file and knows no face.
//!
//! # Why
//! A group may have tens of thousands of members. They are read page by page and handed on at once; what stays is their ids. A
//! service that asks for patience is waited for, and the page that failed is asked for again, not the whole group.

use std::collections::HashSet;
use std::time::Duration;

use crate::app::duties::concerns_one_user;
use crate::domain::credential::CredentialKind;
use crate::domain::fault::Fault;
use crate::domain::job::Role;
use crate::domain::job::column::Column;
use crate::domain::job::proposal::Proposal;
use crate::domain::job::row::{BadRow, Rules};
use crate::domain::person::{Group, ObjectId, Person, UserType};
use crate::port::{Bookmark, CancelFlag, Clock, Directory, Page};

/// How many people or groups are shown at most when somebody looks for one.
pub const FOUND_MAX: usize = 50;
/// Characters of a text that is looked for.
pub const TEXT_CHARS_MAX: usize = 256;
/// Lists of passkeys that are asked for together.
const LISTS_PER_CALL: usize = 20;
/// Pages of one group; this ends a service that pages in a circle.
const PAGES_MAX: usize = 10_000;
/// What stands in the UPN of guests, whose account is at home elsewhere.
const GUEST_MARK: &str = "#ext#@";

/// How long a service is waited for that asks for patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often in a row it may ask.
    pub times_max: u32,
    /// It is given up when it asks for more.
    pub seconds_max: u64,
}

impl Patience {
    /// Of a command, which shows how long it waits and can be stopped.
    pub const LONG: Self = Self {
        times_max: 10,
        seconds_max: 600,
    };
    /// Of whoever has begun something large that is of no use by halves.
    pub const SHORT: Self = Self {
        times_max: 3,
        seconds_max: 60,
    };
    /// Of whoever looks at a page: they are told, and ask again.
    pub const NONE: Self = Self {
        times_max: 0,
        seconds_max: 0,
    };
}

/// The directory, read with patience.
pub struct Reader<'a> {
    pub directory: &'a dyn Directory,
    pub patience: Patience,
    /// Whoever shows the progress learns from its `wait` that the service asked for patience.
    pub clock: &'a dyn Clock,
    pub cancel: &'a CancelFlag,
}

/// Why no group was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoGroup {
    /// Nothing is named exactly so; these are alike.
    Unknown {
        alike: Vec<Group>,
    },
    /// Several are named exactly so.
    Several(Vec<Group>),
    Fault(Fault),
}

impl From<Fault> for NoGroup {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What all rows of a job file share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// `None`: the station's default.
    pub policy: Option<String>,
    pub role: Role,
    /// Of the letters; `None`: each person's own, where there are letters in it.
    pub language: Option<String>,
    /// Leave out who has a security key.
    pub missing_only: bool,
}

/// Why a member gets no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    Guest,
    Disabled,
    /// No more than the id may be read.
    Withheld,
    /// With so many security keys.
    HasKey(usize),
    /// Whether there is a key could not be learnt.
    Unanswered(Fault),
    /// No row could be made of what the directory says.
    Unfit(Vec<BadRow>),
}

/// A member's row, or why there is none.
type Verdict = Result<Proposal, LeftOut>;

/// What is told while a group is read.
#[derive(Clone, Debug)]
pub enum Told {
    Row(Person, Proposal),
    LeftOut(Person, LeftOut),
    /// So many members of so many are done.
    Seen {
        done: usize,
        total: Option<usize>,
    },
}

/// What reading a group came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub members: usize,
    pub rows: usize,
    /// Members with a row of whom the directory does not say whether their account is enabled.
    pub unjudged: usize,
}

impl Choice {
    /// Writes it into a row.
    pub fn apply(&self, row: &mut Proposal) {
        row.set(Column::Policy, self.policy.as_deref().unwrap_or_default());
        match self.role {
            Role::Primary => {}
            Role::Backup => row.set(Column::Role, self.role.word()),
        }
        if let Some(language) = &self.language {
            row.set(Column::Language, language);
        }
    }
}

impl Reader<'_> {
    /// One person, by UPN or object id.
    ///
    /// # Errors
    /// Those of [`Directory::person`].
    pub fn person(&self, user: &str) -> Result<Person, Fault> {
        self.patiently(|| self.directory.person(user))
    }

    /// At most [`FOUND_MAX`] people.
    ///
    /// # Errors
    /// Those of [`Directory::find_people`].
    pub fn find_people(&self, text: &str) -> Result<Vec<Person>, Fault> {
        self.patiently(|| self.directory.find_people(text, FOUND_MAX))
    }

    /// At most [`FOUND_MAX`] groups.
    ///
    /// # Errors
    /// Those of [`Directory::find_groups`].
    pub fn find_groups(&self, text: &str) -> Result<Vec<Group>, Fault> {
        self.patiently(|| self.directory.find_groups(text, FOUND_MAX))
    }

    /// The group with this id, or the only one that is named exactly so. Whom a key is made for is not guessed from a part of a
    /// name.
    ///
    /// # Errors
    /// [`NoGroup`].
    pub fn group(&self, text: &str) -> Result<Group, NoGroup> {
        if let Some(id) = ObjectId::read(text) {
            return match self.patiently(|| self.directory.group(&id)) {
                Err(Fault::Refused { status: 404, .. }) => {
                    Err(NoGroup::Unknown { alike: Vec::new() })
                }
                other => Ok(other?),
            };
        }
        let wanted = text.trim().to_lowercase();
        let found = self.find_groups(text.trim())?;
        let (mut exact, alike): (Vec<Group>, Vec<Group>) = found
            .into_iter()
            .partition(|group| group.display_name.trim().to_lowercase() == wanted);
        match exact.len() {
            0 => Err(NoGroup::Unknown { alike }),
            1 => Ok(exact.swap_remove(0)),
            _ => Err(NoGroup::Several(exact)),
        }
    }

    /// One page of a group's members.
    ///
    /// # Errors
    /// Those of [`Directory::members`].
    pub fn page(&self, group: &ObjectId, from: Option<&Bookmark>) -> Result<Page, Fault> {
        self.patiently(|| self.directory.members(group, from))
    }

    /// Hands on the members of a group and of the groups in it, each once, page by page, with the number that the directory
    /// counts. Returns how many there were.
    ///
    /// # Errors
    /// Those of [`Directory::members`] and of `take`; what was handed on stays so.
    pub fn members<E: From<Fault>>(
        &self,
        group: &ObjectId,
        take: &mut dyn FnMut(Vec<Person>, Option<usize>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut seen: HashSet<ObjectId> = HashSet::new();
        let mut total = None;
        let mut from: Option<Bookmark> = None;
        for _ in 0..PAGES_MAX {
            let Page {
                mut people,
                total: counted,
                next,
            } = self.patiently(|| self.directory.members(group, from.as_ref()))?;
            total = counted.or(total);
            // The directory's index lags: somebody may stand on two pages.
            people.retain(|person| seen.insert(person.id.clone()));
            take(people, total)?;
            match next {
                Some(next) => from = Some(next),
                None => return Ok(seen.len()),
            }
        }
        Err(E::from(Fault::AnswerUnusable {
            what: format!("the group has more than {PAGES_MAX} pages"),
            request_id: String::new(),
        }))
    }

    /// Proposes a row for each member of a group who should get a key, and says of everybody else why not.
    ///
    /// # Errors
    /// Those of the directory that concern not one member alone, and those of `tell`.
    pub fn propose<E: From<Fault>>(
        &self,
        group: &ObjectId,
        choice: &Choice,
        rules: &Rules,
        tell: &mut dyn FnMut(Told) -> Result<(), E>,
    ) -> Result<Tally, E> {
        let mut tally = Tally::default();
        let mut answered = false;
        self.members(group, &mut |people: Vec<Person>, total| {
            let mut people = people.into_iter().peekable();
            while people.peek().is_some() {
                let some: Vec<Person> = people.by_ref().take(LISTS_PER_CALL).collect();
                let done = tally.members + some.len();
                for (person, verdict) in self.judge(some, choice, rules, &mut answered)? {
                    tally.members += 1;
                    tell(match verdict {
                        Ok(row) => {
                            tally.rows += 1;
                            tally.unjudged += usize::from(person.enabled.is_none());
                            Told::Row(person, row)
                        }
                        Err(why) => Told::LeftOut(person, why),
                    })?;
                }
                tell(Told::Seen { done, total })?;
            }
            Ok::<(), E>(())
        })?;
        Ok(tally)
    }

    fn judge(
        &self,
        people: Vec<Person>,
        choice: &Choice,
        rules: &Rules,
        answered: &mut bool,
    ) -> Result<Vec<(Person, Verdict)>, Fault> {
        let mut reasons: Vec<Option<LeftOut>> = people.iter().map(unsuited).collect();
        if choice.missing_only {
            let asked: Vec<usize> = (0..people.len())
                .filter(|index| reasons.get(*index) == Some(&None))
                .collect();
            for (index, reason) in self.keys(&people, asked, answered)? {
                if let Some(place) = reasons.get_mut(index) {
                    *place = reason;
                }
            }
        }
        let verdicts = people.into_iter().zip(reasons);
        Ok(verdicts
            .map(|(person, reason)| {
                let verdict = match reason {
                    Some(reason) => Err(reason),
                    None => {
                        let mut row = Proposal::of(&person, rules);
                        choice.apply(&mut row);
                        row.check(rules).map(|_| row).map_err(LeftOut::Unfit)
                    }
                };
                (person, verdict)
            })
            .collect())
    }

    /// Who of these has a security key. Those for whom the service asks for patience are asked again, and nobody else.
    fn keys(
        &self,
        people: &[Person],
        mut open: Vec<usize>,
        answered: &mut bool,
    ) -> Result<Vec<(usize, Option<LeftOut>)>, Fault> {
        let mut answers = Vec::with_capacity(open.len());
        let mut patience = self.patience.times_max;
        while !open.is_empty() {
            let ids: Vec<&str> = open
                .iter()
                .filter_map(|index| people.get(*index))
                .map(|person| person.id.0.as_str())
                .collect();
            let lists = self.patiently(|| self.directory.credentials_of(&ids))?;
            let mut later = (0, Vec::new());
            for (index, list) in std::mem::take(&mut open).into_iter().zip(lists) {
                match list {
                    Ok(credentials) => {
                        *answered = true;
                        let is_key = |one: &&_| is_security_key(one);
                        let keys = credentials.iter().filter(is_key).count();
                        answers.push((index, (keys > 0).then_some(LeftOut::HasKey(keys))));
                    }
                    Err(Fault::Throttled { seconds }) => {
                        later.0 = seconds.max(later.0);
                        later.1.push(index);
                    }
                    // Before anybody's list was read, this is about the application.
                    Err(fault @ Fault::Refused { status: 403, .. }) if !*answered => {
                        return Err(fault);
                    }
                    Err(fault @ Fault::Unreachable { .. }) => {
                        answers.push((index, Some(LeftOut::Unanswered(fault))));
                    }
                    Err(fault) if concerns_one_user(&fault) => {
                        answers.push((index, Some(LeftOut::Unanswered(fault))));
                    }
                    Err(fault) => return Err(fault),
                }
            }
            let (seconds, waiting) = later;
            if !waiting.is_empty() {
                self.wait(seconds, &mut patience)?;
            }
            open = waiting;
        }
        Ok(answers)
    }

    /// Asks again for as long as the service asks for patience, within bounds.
    fn patiently<T>(&self, act: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut patience = self.patience.times_max;
        loop {
            match act() {
                Err(Fault::Throttled { seconds }) => self.wait(seconds, &mut patience)?,
                other => return other,
            }
        }
    }

    fn wait(&self, seconds: u64, patience: &mut u32) -> Result<(), Fault> {
        if seconds > self.patience.seconds_max || *patience == 0 {
            return Err(Fault::Throttled { seconds });
        }
        *patience -= 1;
        if self
            .clock
            .wait(Duration::from_secs(seconds.max(1)), self.cancel)
        {
            Ok(())
        } else {
            Err(Fault::Cancelled)
        }
    }
}

/// Why this person gets no key, as far as the directory says.
pub fn unsuited(person: &Person) -> Option<LeftOut> {
    let upn = person.user_principal_name.as_deref().unwrap_or_default();
    let guest = match person.user_type {
        UserType::Guest => true,
        UserType::Member => false,
        UserType::Unknown => upn.to_lowercase().contains(GUEST_MARK),
    };
    if person.is_withheld() {
        Some(LeftOut::Withheld)
    } else if guest {
        Some(LeftOut::Guest)
    } else if person.enabled == Some(false) {
        Some(LeftOut::Disabled)
    } else {
        None
    }
}

const fn is_security_key(one: &crate::domain::credential::RegisteredCredential) -> bool {
    match one.kind {
        CredentialKind::SecurityKey => true,
        CredentialKind::OtherPasskey => false,
    }
}

#[cfg(test)]
mod tests;
