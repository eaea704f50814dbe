//! Looking at the tenant's directory, and putting people of it into the queue. It writes no ledger and needs no station: a job
//! file that lies in `new/` is all that a station wants.

mod drawn;
pub(in crate::wire) mod title;

use std::io::{IsTerminal as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Zoned;

use crate::adapter::entra::Entra;
use crate::adapter::folder::NewFile;
use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::people::{Choice, LeftOut, NoGroup, Patience, Reader, Tally, Told, unsuited};
use crate::app::{Policies, intake};
use crate::domain::fault::Fault;
use crate::domain::job::Draft;
use crate::domain::job::column::Column;
use crate::domain::job::proposal::Proposal;
use crate::domain::job::row::Rules;
use crate::domain::mailbox::MailboxFault;
use crate::domain::person::{Group, Person};
use crate::domain::time::Timestamp;
use crate::face::cli::{Added, FromGroup, Groups, Users};
use crate::face::progress::Progress;
use crate::face::report::people::{self as report, Members, Shape};
use crate::face::say::{Complaint, ExitCode, people as say};
use crate::face::{ask, say::people::no_group};
use crate::port::{CancelFlag, Clock};
use crate::wire::commands::Ended;
use crate::wire::commands::people::drawn::Drawn;
use crate::wire::commands::reply::reply;
use crate::wire::config::{Config, ConfigFault};
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, policies, station, stationery};

/// A wait that is longer is told also where no bar can be seen.
const SILENT_WAIT_MAX: Duration = Duration::from_secs(2);
/// What a job file made of a group tells of each person.
pub(in crate::wire) const COLUMNS: [Column; 7] = [
    Column::User,
    Column::Policy,
    Column::Role,
    Column::Language,
    Column::Name,
    Column::Department,
    Column::Mail,
];

pub(super) fn users(config: &Path, command: &Users, out: &mut dyn Write) -> Ended {
    let Users::Find { text, json } = command;
    let text = say::searchable(text)?;
    let tenant = Tenant::of(&load(config)?, "looking")?;
    let found = tenant.reader().find_people(text);
    let people = found.map_err(|fault| say::denied(&fault, say::READ_USERS))?;
    report::users(&people, *json, out)?;
    Ok(ExitCode::Done)
}

pub(super) fn groups(config: &Path, command: &Groups, out: &mut dyn Write) -> Ended {
    match command {
        Groups::Find { text, json } => {
            let text = say::searchable(text)?;
            let tenant = Tenant::of(&load(config)?, "looking")?;
            let found = tenant.reader().find_groups(text);
            let groups = found.map_err(|fault| say::denied(&fault, say::READ_GROUPS))?;
            report::groups(&groups, *json, out)?;
        }
        Groups::Members { group, json, csv } => {
            let shape = match (json, csv) {
                (true, _) => Shape::Json,
                (false, true) => Shape::Csv,
                (false, false) => Shape::Table,
            };
            members(&Tenant::of(&load(config)?, "reading")?, group, shape, out)?;
        }
    }
    Ok(ExitCode::Done)
}

fn members(
    tenant: &Tenant,
    text: &str,
    shape: Shape,
    out: &mut dyn Write,
) -> Result<(), Complaint> {
    let group = tenant.group(text)?;
    let mut list = Members::begin(shape, out)?;
    let mut done = 0;
    let read = tenant
        .reader()
        .members(&group.id, &mut |people: Vec<Person>, total| {
            list.add(&people)?;
            done += people.len();
            tenant.progress.seen(done, total);
            Ok(())
        })
        .map_err(|stop: Stop| stop.told(say::READ_GROUPS));
    match read {
        Ok(_) => list.end(),
        Err(complaint) => {
            list.broken_off(&complaint);
            Err(complaint)
        }
    }
}

pub(super) fn from_group(config: &Path, wish: &FromGroup, out: &mut dyn Write) -> Ended {
    let config = load(config)?;
    let (policies, rules) = rules(&config)?;
    let choice = Choice {
        policy: Some(wish.policy.clone()),
        role: wish.role.unwrap_or_default(),
        language: wish.language.clone(),
        missing_only: wish.missing_only,
    };
    // What is wrong with all rows is told before anything is read.
    let mut sample = Proposal::new("somebody@contoso.com");
    choice.apply(&mut sample);
    check(&sample, &rules, &policies)?;
    let queue = config.path(&config.queue.folder);
    if !wish.dry_run {
        refuse_as_root_for_another(&queue)?;
    }
    let templates = stationery::templates(&config)?;
    let language = wish.language.clone();
    let language = language.or_else(|| templates.languages().next().map(str::to_owned));
    let language = language.unwrap_or_default();
    let composer = stationery::composer(&config, templates)?;
    let tenant = Tenant::of(&config, "reading")?;
    let group = tenant.group(&wish.group)?;
    let mut file = NewFile::new(&COLUMNS).map_err(WireFault::from)?;
    let shown = wish.dry_run && !wish.json;
    if shown {
        report::proposals_head(out)?;
    }
    let mut left_out: Vec<(Person, LeftOut)> = Vec::new();
    let mut rows = Vec::new();
    let tally = propose(&tenant, &group, &choice, &rules, &mut |told| {
        match told {
            Told::Row(_, row) => {
                if wish.json {
                    rows.push(report::row(&row));
                }
                if shown {
                    report::proposal(&row, out)?;
                }
                if !wish.dry_run {
                    file.push(&row)?;
                }
            }
            Told::LeftOut(person, why) => left_out.push((person, why)),
            Told::Seen { done, total } => tenant.progress.seen(done, total),
        }
        Ok(())
    })?;
    tenant.progress.over();
    let name = if wish.dry_run || tally.rows == 0 {
        None
    } else {
        let title = title::of(&group, &minute(), &composer, &language)?;
        Some(file.drop_into(&queue, &title).map_err(WireFault::from)?)
    };
    let drawn = Drawn {
        group: &group,
        tally,
        rows,
        left_out,
        file: name,
    };
    reply(wish.json, out, |reply| Ok(drawn.tell(wish.dry_run, reply)))
}

fn propose(
    tenant: &Tenant,
    group: &Group,
    choice: &Choice,
    rules: &Rules,
    tell: &mut dyn FnMut(Told) -> Result<(), Stop>,
) -> Result<Tally, Complaint> {
    let proposed = tenant.reader().propose(&group.id, choice, rules, tell);
    let permissions = if choice.missing_only {
        format!("{} or {}", say::READ_GROUPS, say::READ_KEYS)
    } else {
        say::READ_GROUPS.to_owned()
    };
    proposed.map_err(|stop| stop.told(&permissions))
}

pub(super) fn add(config: &Path, wish: &Added, out: &mut dyn Write) -> Ended {
    let config = load(config)?;
    let (policies, rules) = rules(&config)?;
    let mut row = typed(wish);
    // Whatever is wrong with what was typed is told before anybody is asked.
    check(&row, &rules, &policies)?;
    let queue = config.path(&config.queue.folder);
    refuse_as_root_for_another(&queue)?;
    let tenant = Tenant::of(&config, "looking")?;
    match tenant.reader().person(&wish.user) {
        Ok(person) => {
            if let Some(why) = unsuited(&person).filter(|why| *why != LeftOut::Withheld) {
                return Err(say::refused(person.label(), &why));
            }
            let known = Proposal::of(&person, &rules);
            row.object_id.clone_from(&known.object_id);
            for column in [Column::User, Column::Name, Column::Department, Column::Mail] {
                if row.get(column).is_empty() || column == Column::User {
                    row.set(column, known.get(column));
                }
            }
            if row.get(Column::Language).is_empty() {
                row.set(Column::Language, known.get(Column::Language));
            }
        }
        Err(fault @ Fault::UserUnknown { .. }) => return Err(fault.into()),
        Err(fault) => ask::say(&say::not_looked_up(&wish.user, &fault)),
    }
    let draft = check(&row, &rules, &policies)?;
    if let Some(ledger) = ledger_of(&config)?
        && let Some(why) = intake::taken_key(&draft, &ledger)?
    {
        return Err(say::key_taken(&why));
    }
    let used = Column::ALL
        .into_iter()
        .filter(|column| !row.get(*column).is_empty());
    let mut file = NewFile::new(&used.collect::<Vec<_>>()).map_err(WireFault::from)?;
    file.push(&row).map_err(WireFault::from)?;
    // Not the person's name: a batch's name outlives the person.
    let title = format!("added {}", minute());
    let name = file.drop_into(&queue, &title).map_err(WireFault::from)?;
    let who = [row.get(Column::Name), row.get(Column::User)];
    let who = who.iter().find(|text| !text.is_empty()).unwrap_or(&"");
    let told = say::added(who, &name);
    reply(wish.json, out, |reply| {
        reply.fact("file", name);
        reply.fact("row", report::row(&row));
        reply.fact("message", told.as_str());
        reply.line(&told);
        Ok(ExitCode::Done)
    })
}

/// The row as it was typed.
fn typed(wish: &Added) -> Proposal {
    let mut row = Proposal::new(wish.user.trim());
    let choice = Choice {
        policy: wish.policy.clone(),
        role: wish.role.unwrap_or_default(),
        language: wish.language.clone(),
        missing_only: false,
    };
    choice.apply(&mut row);
    for (column, text) in [
        (Column::Name, &wish.name),
        (Column::Department, &wish.department),
        (Column::Address, &wish.address),
        (Column::Serial, &wish.serial),
        (Column::Note, &wish.note),
    ] {
        row.set(column, text.as_deref().unwrap_or_default());
    }
    if wish.replace {
        row.set(Column::Replace, "yes");
    }
    row
}

/// Whether the station would take this row.
fn check(row: &Proposal, rules: &Rules, policies: &Policies) -> Result<Draft, Complaint> {
    let draft = row.check(rules).map_err(|bad| say::bad_rows(&bad))?;
    let bad = intake::disagreements(&draft, policies)?;
    if bad.is_empty() {
        Ok(draft)
    } else {
        Err(say::bad_rows(&bad))
    }
}

/// The ledger, for looking; none before it was made.
fn ledger_of(config: &Config) -> Result<Option<SqliteLedger>, WireFault> {
    let is_there = config.path(&config.ledger.file).exists();
    is_there.then(|| station::read_ledger(config)).transpose()
}

fn rules(config: &Config) -> Result<(Policies, Rules), WireFault> {
    let policies = policies::load(config)?;
    let templates = stationery::templates(config)?;
    let languages = templates.languages().map(str::to_owned).collect();
    let rules = intake::rules(&policies, languages);
    Ok((policies, rules))
}

fn load(path: &Path) -> Result<Config, WireFault> {
    let config = Config::load(path)?;
    let objections = config.check();
    if objections.is_empty() {
        Ok(config)
    } else {
        Err(ConfigFault::objections(&config.file, &objections).into())
    }
}

/// This minute, on the station's clock, as a part of a file's name.
pub(in crate::wire) fn minute() -> String {
    Zoned::now().strftime("%Y-%m-%d %H%M").to_string()
}

/// The tenant's directory, with whoever shows how far it is.
struct Tenant {
    entra: Entra,
    progress: Telling,
    cancel: CancelFlag,
}

impl Tenant {
    fn of(config: &Config, what: &'static str) -> Result<Self, WireFault> {
        let progress = Telling(Arc::new(Mutex::new(Some(Progress::begin(what, 0)))));
        let cancel = CancelFlag::default();
        let entra = Entra::new(
            config.entra(),
            config.sign_in_way(),
            Arc::new(progress.clone()),
            cancel.clone(),
        )?;
        Ok(Self {
            entra,
            progress,
            cancel,
        })
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            directory: &self.entra,
            clock: &self.progress,
            cancel: &self.cancel,
            patience: Patience::LONG,
        }
    }

    fn group(&self, text: &str) -> Result<Group, Complaint> {
        let wanted = say::searchable(text)?;
        let found = self.reader().group(wanted);
        found.map_err(|why: NoGroup| no_group(why, text))
    }
}

/// The clock on the wall, which tells whoever sits there that Entra is waited for.
#[derive(Clone)]
struct Telling(Arc<Mutex<Option<Progress>>>);

impl Telling {
    fn bar(&self) -> MutexGuard<'_, Option<Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self, done: usize, total: Option<usize>) {
        if let Some(bar) = self.bar().as_mut() {
            bar.of(total.unwrap_or(done).max(done));
            bar.reached(done);
        }
    }

    /// Nothing is waited for any more.
    fn over(&self) {
        drop(self.bar().take());
    }
}

impl Clock for Telling {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn today(&self) -> jiff::civil::Date {
        SystemClock.today()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        let told = say::waiting(duration.as_secs());
        if duration > SILENT_WAIT_MAX && !std::io::stderr().is_terminal() {
            ask::say(&told);
        }
        if duration.as_secs() > 0
            && let Some(bar) = self.bar().as_mut()
        {
            bar.waits(told);
        }
        SystemClock.wait(duration, cancel)
    }
}

/// Why reading a group ended early.
enum Stop {
    Fault(Fault),
    Complaint(Complaint),
}

impl Stop {
    fn told(self, permission: &str) -> Complaint {
        match self {
            Self::Fault(fault) => say::denied(&fault, permission),
            Self::Complaint(complaint) => complaint,
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Complaint> for Stop {
    fn from(complaint: Complaint) -> Self {
        Self::Complaint(complaint)
    }
}

impl From<MailboxFault> for Stop {
    fn from(fault: MailboxFault) -> Self {
        Self::Complaint(WireFault::from(fault).into())
    }
}
