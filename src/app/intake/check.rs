//! What a row has to have for its policy, and whether its person has a key from here already.

use crate::app::Policies;
use crate::app::intake::{AlreadyEnrolled, Habits};
use crate::app::station::reading::holder_of;
use crate::domain::custody::Fate;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::Draft;
use crate::domain::job::column::Column;
use crate::domain::job::row::{BadRow, Code};
use crate::domain::job::sheet::JobFile;
use crate::domain::pin_rule::refuse_guessable;
use crate::domain::policy::{Address, Delivery, Policy, ResetMode};
use crate::port::Ledger;

/// The rows of a file, sorted by what becomes of them.
pub(super) struct Sorted {
    pub(super) drafts: Vec<Draft>,
    /// Rows of `drafts`, by index, that are held from the start.
    pub(super) held: Vec<(usize, Fault)>,
    /// Line and user of rows left out.
    pub(super) skipped: Vec<(u32, String)>,
    pub(super) bad_rows: Vec<BadRow>,
}

pub(super) fn sort(
    file: JobFile,
    policies: &Policies,
    habits: Habits,
    ledger: &dyn Ledger,
) -> Result<Sorted, Fault> {
    let mut sorted = Sorted {
        drafts: Vec::new(),
        held: Vec::new(),
        skipped: Vec::new(),
        bad_rows: file.bad_rows,
    };
    for mut draft in file.drafts {
        let policy = policies.get(&draft.request.policy)?;
        let objections = object(&draft, policy);
        if !objections.is_empty() {
            sorted.bad_rows.extend(objections);
            continue;
        }
        let mut held = None;
        match (holder(&draft, ledger)?, habits.already_enrolled) {
            (None, _) => {}
            (Some(_), AlreadyEnrolled::Replace) => draft.request.replace = true,
            (Some(_), AlreadyEnrolled::Skip) => {
                sorted.skipped.push((draft.line, draft.request.user));
                continue;
            }
            (Some(why), AlreadyEnrolled::Hold) => held = Some(why),
        }
        // No slot would ever take that key for this job.
        if let Some(why) = taken_key(&draft, ledger)?.or(held) {
            let why = Fault::OnHold { why };
            sorted.held.push((sorted.drafts.len(), why));
        }
        sorted.drafts.push(draft);
    }
    sorted.bad_rows.sort_by_key(|bad| bad.line);
    Ok(sorted)
}

/// Says whose the key is that alone will do, if the slot would refuse it for that.
pub(super) fn taken_key(draft: &Draft, ledger: &dyn Ledger) -> Result<Option<String>, Fault> {
    let Some(serial) = &draft.request.serial else {
        return Ok(None);
    };
    let holder = holder_of(ledger, serial)?.filter(|holder| {
        let own = draft.request.replace
            && holder.fate.is_none()
            && holder.user.eq_ignore_ascii_case(&draft.request.user);
        // What came back may be enrolled anew.
        !own && holder.fate != Some(Fate::Returned)
    });
    Ok(holder.map(|holder| {
        let fate = holder
            .fate
            .map_or_else(String::new, |fate| format!(", and is {}", fate.word()));
        format!(
            "the key {serial}, which alone will do, is that of envelope {} already{fate}",
            holder.envelope
        )
    }))
}

/// Says which key the person has, or is about to have, in the same role, unless the row asks for a replacement.
fn holder(draft: &Draft, ledger: &dyn Ledger) -> Result<Option<String>, Fault> {
    if draft.request.replace {
        return Ok(None);
    }
    let jobs = ledger.jobs_of_user(&draft.request.user)?;
    let same = jobs.into_iter().find(|record| {
        record.standing != Standing::Cancelled
            && record.custody.retired.is_none()
            && record.job.request.role == draft.request.role
    });
    Ok(same.map(|record| {
        let (envelope, role) = (record.job.envelope, draft.request.role.word());
        match record.standing {
            Standing::Done => {
                format!("this person has a {role} key from here already, envelope {envelope}")
            }
            Standing::Waiting | Standing::UnderWay | Standing::Held | Standing::Cancelled => {
                format!("this person has a {role} key in an open job already, envelope {envelope}")
            }
        }
    }))
}

pub(super) fn object(draft: &Draft, policy: &Policy) -> Vec<BadRow> {
    let name = &draft.request.policy;
    let at = |column, message: String, hint: &str| {
        BadRow::at(
            draft.line,
            Some(column),
            Code::PolicyDisagrees,
            message,
            hint,
        )
    };
    let mut bad = Vec::new();
    match (policy.reset, &draft.pin) {
        (ResetMode::Specified, None) => bad.push(at(
            Column::Pin,
            format!(
                "Policy `{name}` sets the PIN that the job file gives, and this row gives none."
            ),
            "Give a PIN, or name a policy that draws one.",
        )),
        (ResetMode::Specified, Some(pin)) => {
            if let Err(unfit) = refuse_guessable(pin) {
                bad.push(at(
                    Column::Pin,
                    format!("The PIN cannot be used: {unfit}."),
                    "Choose another PIN.",
                ));
            }
            if policy
                .min_pin_length
                .is_some_and(|minimum| pin.code_points() < minimum)
            {
                bad.push(at(
                    Column::Pin,
                    "The PIN is shorter than the policy's `min_pin_length`.".to_owned(),
                    "Choose a longer PIN.",
                ));
            }
        }
        (ResetMode::Random | ResetMode::Keep, Some(_)) => bad.push(at(
            Column::Pin,
            format!("Policy `{name}` does not take a PIN from the job file."),
            "Leave the cell empty, or name a policy with `reset = \"specified\"`.",
        )),
        (ResetMode::Random | ResetMode::Keep, None) => {}
    }
    if draft.current_pin.is_some() && policy.reset != ResetMode::Keep {
        bad.push(at(
            Column::CurrentPin,
            format!("Policy `{name}` resets the key, so its current PIN is not needed."),
            "Leave the cell empty, or name a policy with `reset = \"keep\"`.",
        ));
    }
    let addressed = !draft.request.address.is_empty();
    if policy.delivery == Delivery::Mailer && policy.address == Address::Required && !addressed {
        bad.push(at(
            Column::Address,
            format!("Policy `{name}` sends letters by post, and this row has no address."),
            "Give the address, its lines separated by `|`.",
        ));
    }
    bad
}
