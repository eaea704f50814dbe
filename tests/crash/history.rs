//! One history: a station that is cut down where it was told to be, started again each time, helped where only a person can
//! help, and judged whenever it is down.

use keyline::domain::fault::Fault;
use keyline::practice::tenant::{Operation, Trick};

use crate::check::{self, Judge};
use crate::clerk::{self, Manner};
use crate::client::{Case, sign_in};
use crate::hands::{Hands, Known};
use crate::home::{Home, Person};
use crate::leg::{self, Around, At, Ended};
use crate::letters::{self, Letter};
use crate::many::Hall;
use crate::sheets;
use crate::tray::{Mischief, Tray};

/// More starts than any history needs.
const STARTS_MAX: usize = 12;
/// So much of the log belongs to the message of a failure.
const LOG_LINES: usize = 60;

/// What shall happen.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) people: &'static [Person],
    pub(crate) cuts: Vec<At>,
    pub(crate) sign_in: bool,
    /// The first registration is done, and its answer lost.
    pub(crate) reply_lost: bool,
    /// For the program's environment.
    pub(crate) more: &'static [(&'static str, &'static str)],
    /// Nothing of interest comes after the last cut.
    pub(crate) ends_with_cuts: bool,
    /// Letters are printed.
    pub(crate) paper: Option<Paper>,
}

/// A printer in the story, and who stands at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paper {
    pub(crate) mischief: Mischief,
    pub(crate) manner: Manner,
    /// A sheet in doubt that lies in the tray is scanned; otherwise its letter is made anew all the same.
    pub(crate) trusts_what_it_finds: bool,
}

impl Story {
    fn prepare(&self, home: &Home) {
        let mut policies = self.people.iter().map(|(_, policy)| *policy);
        // What is looked for at the end is in the job file now, and is found there.
        let specified = policies.any(|policy| policy == "specified");
        assert_eq!(check::in_clear(&home.root()).is_empty(), !specified);
        if self.reply_lost {
            home.tenant
                .misbehave(Operation::Register, 1, Trick::CommitThenDrop);
        }
    }
}

/// What happened.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) starts: usize,
    pub(crate) cuts: usize,
    pub(crate) power_cuts: usize,
    /// What a person had to decide.
    pub(crate) decisions: Vec<String>,
    pub(crate) signed_in: usize,
    /// How many sheets a printer put out.
    pub(crate) sheets: usize,
    /// The crash points that each run passed, and its syncs.
    pub(crate) passed: Vec<Vec<String>>,
    pub(crate) syncs: Vec<u64>,
    pub(crate) wrong: Vec<String>,
    /// What the program said and logged, when something is wrong.
    pub(crate) evidence: String,
}

/// Lives through a story on the readers from `reader` on.
pub(crate) fn live(hall: &Hall, reader: u16, story: &Story) -> Told {
    let tray = story.paper.map(|paper| Tray::new(paper.mischief));
    let printer = tray.as_ref().map(Tray::uri);
    let (template, forgetful) = (&hall.template, hall.forgetful);
    let mut home = Home::new(template, forgetful, reader, story.people, printer);
    story.prepare(&home);
    let mut hands = Hands::new(hall, reader, story.people.len());
    let judge = Judge::of(hall);
    let mut told = Told::default();
    let mut watch = letters::Watch::default();
    let mut rows = 0;
    let mut said = Vec::new();
    let mut over = false;
    while !over && told.wrong.is_empty() && told.starts < STARTS_MAX {
        let at = story.cuts.get(told.starts).copied();
        let around = Around {
            home: &home,
            pcscd: &hall.pcscd,
            more: story.more,
            printer: tray.as_ref().zip(story.paper.map(|paper| paper.manner)),
        };
        let ended = leg::run(&around, &mut hands, at);
        told.starts += 1;
        rows += appended(&ended);
        let mailers = home.root().join("mailers");
        told.wrong.extend(watch.look(&mailers));
        if ended.code.is_none() {
            told.cuts += 1;
            if let Some(loss) = at.and_then(At::loss).filter(|_| hall.forgetful) {
                told.power_cuts += 1;
                home.disk.cut(loss).unwrap();
                told.wrong.extend(watch.look(&mailers));
            }
        }
        let wrong = judge.at_any_moment(&home, &hands.taken, rows);
        told.wrong.extend(wrong);
        told.wrong.extend(of_the_run(&home, tray.as_ref(), &ended));
        let last = story.cuts.len() <= told.starts;
        match ended.code {
            Some(0) => {
                let wrong = at_the_end(&home, hall, &judge, &hands, tray.as_ref());
                told.wrong.extend(wrong);
                told.wrong.extend(too_many_letters(&home, &watch));
                over = true;
            }
            Some(_) => {
                let paper = tray.as_ref().zip(story.paper);
                let (decisions, refused) = decide(&home, hall, paper);
                told.decisions.extend(decisions);
                told.wrong.extend(refused);
                rows = check::entries(&home);
            }
            None => over = last && story.ends_with_cuts,
        }
        said.push(ended.said.join("\n"));
        told.passed.push(ended.passed);
        told.syncs.push(ended.syncs);
    }
    if !over && told.wrong.is_empty() {
        told.wrong
            .push(format!("not done after {STARTS_MAX} starts"));
    }
    if story.sign_in && told.wrong.is_empty() {
        told.wrong = everybody_signs_in(&home, hall, &judge, &mut hands, tray.as_ref());
        told.signed_in = story.people.len();
    }
    told.sheets = tray.as_ref().map_or(0, |tray| tray.sheets().len());
    if !told.wrong.is_empty() {
        told.evidence = evidence(&home, &said);
    }
    told
}

/// What must hold after any run, beside what the judge says.
fn of_the_run(home: &Home, tray: Option<&Tray>, ended: &Ended) -> Vec<String> {
    let mut wrong = tray.map_or_else(Vec::new, |tray| sheets::at_any_moment(home, tray));
    if ended.said.iter().any(|line| line.contains("panicked at")) {
        wrong.push("it panicked".to_owned());
    }
    if ended.hung {
        wrong.push("it did not come to an end".to_owned());
    }
    wrong
}

fn at_the_end(
    home: &Home,
    hall: &Hall,
    judge: &Judge<'_>,
    hands: &Hands<'_>,
    tray: Option<&Tray>,
) -> Vec<String> {
    let mut wrong = tray.map_or_else(Vec::new, |tray| sheets::at_the_end(home, &hall.pcscd, tray));
    let sheets = tray.map_or_else(Vec::new, Tray::sheets);
    wrong.extend(judge.at_the_end(home, &hands.taken, &sheets));
    wrong
}

/// What it said each time, and the end of its log.
fn evidence(home: &Home, said: &[String]) -> String {
    let log = home.log();
    let lines: Vec<_> = log.lines().collect();
    let log = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
    format!("{}\n--- log\n{log}", said.join("\n--- started again\n"))
}

/// A letter that was seen may be printed, even if a cut took it away again: a second one for the same PIN is one too many.
fn too_many_letters(home: &Home, watch: &letters::Watch) -> Vec<String> {
    let counted = check::given(home).into_iter().map(|given| {
        let letters = watch.of(&given.envelope);
        (letters > given.attempts).then(|| {
            format!(
                "{letters} letters were seen for envelope {}, which was begun {} times",
                given.envelope, given.attempts
            )
        })
    });
    counted.flatten().collect()
}

/// Entries of journals that the program was told to be on the disk.
fn appended(ended: &Ended) -> usize {
    ended
        .passed
        .iter()
        .filter(|name| *name == "after ledger.append")
        .count()
}

/// What an administrator does with jobs that wait for one: a sheet in doubt is looked for and scanned, or its letter made anew;
/// all others start anew, with another key.
///
/// Tells what was decided, and what the program refused.
fn decide(home: &Home, hall: &Hall, paper: Option<(&Tray, Paper)>) -> (Vec<String>, Vec<String>) {
    let held = check::held(home);
    let (mut decisions, mut refused) = (Vec::new(), Vec::new());
    let mut command = |arguments: &[&str]| {
        let done = home.command(&hall.pcscd, arguments).output().unwrap();
        if !done.status.success() {
            refused.push(format!("{arguments:?}: {done:?}"));
        }
    };
    for job in held {
        let (id, why) = (job.id.to_string(), format!("{:?}", job.why));
        let sheet = paper.and_then(|(tray, paper)| {
            // Whatever ailed the printer, it does not any more.
            tray.mend();
            let found = sheets::find(tray, job.control.as_deref()?);
            found.filter(|_| paper.trusts_what_it_finds)
        });
        let what = match (job.why, sheet) {
            (Fault::DeliveryUncertain, Some(sheet)) => {
                let told = clerk::scan(home, &hall.pcscd, &sheet);
                assert_eq!(told.as_deref(), Some("confirmed"));
                "found and scanned"
            }
            (Fault::DeliveryUncertain | Fault::LetterSpoiled { .. }, _) => {
                command(&["mailer", "reissue", &id, "--reason", "in doubt"]);
                "made anew"
            }
            (_, _) => {
                command(&["jobs", "retry", &id]);
                "started anew"
            }
        };
        decisions.push(format!("{why}: {what}"));
    }
    (decisions, refused)
}

/// Everybody takes the letter and the key of their envelope and signs in, by a client of another make.
fn everybody_signs_in(
    home: &Home,
    hall: &Hall,
    judge: &Judge<'_>,
    hands: &mut Hands<'_>,
    tray: Option<&Tray>,
) -> Vec<String> {
    let files = letters::all(&home.root().join("mailers"));
    let mut cases = Vec::new();
    for (at, given) in check::given(home).into_iter().enumerate() {
        let sheet = tray.and_then(|tray| sheets::find(tray, &given.control));
        let file = files
            .iter()
            .find(|file| letters::control_of(file) == given.control);
        let read = file.map(|file| Letter::read(file));
        let letter = sheet.as_ref().map(|sheet| &sheet.letter).or(read.as_ref());
        let letter = letter.expect("a letter");
        let held = home.tenant.credentials(&given.user).unwrap();
        let key: Known = judge.holders(&hands.taken, &held[0].id)[0].clone();
        let reader = hands.lay_for_sign_in(at, &key);
        cases.push(Case {
            user: given.user,
            pin: letter.pin.clone(),
            change_pin: letter.change_pin,
            reader,
        });
    }
    let wrong = sign_in(home, &hall.pcscd, &cases)
        .into_iter()
        .filter(|verdict| !verdict.wrong.is_empty() || verdict.credential_id.is_none())
        .map(|verdict| format!("{} does not sign in: {:?}", verdict.user, verdict.wrong))
        .collect();
    hands.clear();
    wrong
}
