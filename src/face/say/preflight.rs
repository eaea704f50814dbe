//! The preflight in words: what was found, and what to do about it. The names of Microsoft's pages and settings stand as the
//! portal writes them.

mod tenant;
mod trial;

pub use tenant::purpose;
pub(super) use trial::settled as left_settled;
pub use trial::{left_open, left_unseen};

use crate::app::preflight::{Finding, Grade, LedgerHealth, Row, Topic};
use crate::domain::time::Timestamp;
use crate::face::say::news::{count, sentence};
use crate::face::say::{ExitCode, clean::clean, fault};

/// One word for the table.
pub const fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Ok => "ok",
        Grade::Warning => "warning",
        Grade::Stop => "STOP",
    }
}

/// What a row is about.
pub const fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Configuration => "configuration",
        Topic::Policies => "policies",
        Topic::SignIn => "sign-in",
        Topic::Clock => "clock",
        Topic::Permission => "permission",
        Topic::TenantPolicy => "passkey policy",
        Topic::Models => "models",
        Topic::Printer => "printer",
        Topic::UsbKeys => "USB keys",
        Topic::Readers => "readers",
        Topic::Disk => "disk",
        Topic::Ledger => "ledger",
        Topic::EnrolTest => "test passkey",
    }
}

/// What was found, in one line or more; `now` for ages.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each finding, and no other logic"
)]
pub fn what(row: &Row, now: Timestamp) -> String {
    match &row.finding {
        Finding::Told(text) => sentence(text),
        Finding::Configured { policies } => {
            let word = if *policies == 1 { "policy" } else { "policies" };
            format!("Right as it stands here; {policies} {word} can be used.")
        }
        Finding::SignedIn { grants } => tenant::signed_in(grants.as_ref()),
        Finding::NotSignedIn(why) => fault::message(why),
        Finding::Clock { ahead_seconds } => tenant::clock(*ahead_seconds),
        Finding::Granted { permission, by } => tenant::granted(permission, by),
        Finding::NotGranted { permission, .. } => tenant::not_granted(permission),
        Finding::GrantsUnknown => {
            "The token does not say what it allows, so permissions are not known beforehand."
                .to_owned()
        }
        Finding::PolicyUnread(why) => {
            format!("It could not be read: {}", fault::message(why))
        }
        Finding::PolicyDisabled => "Passkeys (FIDO2) are disabled in this tenant.".to_owned(),
        Finding::SelfServiceOff => {
            "Self-service set-up is off, and without it Entra registers no key for anybody."
                .to_owned()
        }
        Finding::PolicyOpen => {
            "Passkeys (FIDO2) are enabled, and self-service set-up is allowed.".to_owned()
        }
        Finding::Profile(profile) => tenant::profile(profile),
        Finding::ProfileMissing { audience } => format!(
            "For {}: no passkey profile is named that is there.",
            clean(audience)
        ),
        Finding::Excluded { groups } => format!("Not for: {}.", list(groups)),
        Finding::NoTarget => "It is for nobody: no target is included.".to_owned(),
        Finding::NoSecurityKeys => {
            "No passkey profile in use takes any security key.".to_owned()
        }
        Finding::Models {
            policy,
            taken,
            refused,
            unclear,
        } => tenant::models(policy, *taken, refused, unclear),
        Finding::NoPrinter => "None is configured: letters become files.".to_owned(),
        Finding::UsbOff => "Not watched: [slots] hid is off.".to_owned(),
        Finding::UsbKeys { reachable: 0 } => {
            "None is plugged in; this user may open any.".to_owned()
        }
        Finding::UsbKeys { reachable } => {
            format!("{} can be opened.", count(*reachable, "plugged-in key"))
        }
        Finding::UsbKeyClosed { node } => {
            format!("This user may not open the key at {}.", clean(node))
        }
        Finding::UsbUnseen(why) => fault::message(why),
        Finding::UsbRule { path } => format!("The udev rule is installed: {}.", clean(path)),
        Finding::UsbRuleMissing => {
            "None is plugged in, and the udev rule that lets the station open them is not installed."
                .to_owned()
        }
        Finding::ReadersOff => "Not watched: [slots] readers is off.".to_owned(),
        Finding::ReadersAway { why } => {
            format!("The smart-card service cannot be used: {}", sentence(why))
        }
        Finding::Readers { used, others } => readers(used, *others),
        Finding::Disk { places, free_bytes } => {
            format!("{} free for {}.", size(*free_bytes), places.join(", "))
        }
        Finding::DiskUnread { place, why } => {
            format!("The room for {} is not known: {}", clean(place), sentence(why))
        }
        Finding::Ledger(health) => ledger(health, now),
        Finding::LedgerFailed(why) => fault::message(why),
        Finding::TrialOpen(left) => trial::open(left),
        Finding::TrialUserHasJobs { user, jobs } => format!(
            "{} has {} in this ledger: a test user of its own is better.",
            clean(user),
            count(*jobs, "job")
        ),
        Finding::TrialSettled { user, deleted } => trial::settled(user, *deleted),
        Finding::Trial(result) => trial::what(result),
        Finding::TrialNotTried => {
            "Not tried, because of what stands above.".to_owned()
        }
        Finding::TrialFailed(why) => fault::message(why),
    }
}

/// What to do about it; `None` where there is nothing to do.
pub fn todo(row: &Row) -> Option<String> {
    let notable = row.grade != Grade::Ok;
    let text = match &row.finding {
        Finding::NotSignedIn(why)
        | Finding::UsbUnseen(why)
        | Finding::LedgerFailed(why)
        | Finding::TrialFailed(why) => fault::hint_to_command(why),
        Finding::Told(_) => return told(row.topic, row.grade).map(str::to_owned),
        Finding::UsbKeyClosed { .. } | Finding::UsbRuleMissing => USB.to_owned(),
        Finding::ReadersAway { .. } => READERS.to_owned(),
        Finding::Readers { .. } if notable => NO_READER.to_owned(),
        Finding::Disk { .. } if notable => DISK.to_owned(),
        Finding::Ledger(_) if notable => LEDGER.to_owned(),
        Finding::TrialOpen(_) | Finding::TrialNotTried => trial::again(),
        Finding::TrialUserHasJobs { .. } => trial::OWN_USER.to_owned(),
        Finding::Trial(result) if notable => trial::todo(result),
        Finding::Clock { .. } if notable => tenant::CLOCK.to_owned(),
        Finding::NotGranted {
            permission,
            delegated,
        } => tenant::consent_for(&[permission.name], *delegated, row.grade),
        Finding::GrantsUnknown => tenant::TRY.to_owned(),
        Finding::PolicyUnread(why) => tenant::unread(why),
        Finding::PolicyDisabled => tenant::page("Enable and target: set Enable to On."),
        Finding::SelfServiceOff => tenant::page(tenant::SELF_SERVICE),
        Finding::Profile(_) if notable => tenant::ATTESTATION.to_owned(),
        Finding::ProfileMissing { .. } => {
            tenant::page("Enable and target: choose a passkey profile for this target.")
        }
        Finding::NoTarget => tenant::page(tenant::TARGET),
        Finding::NoSecurityKeys => tenant::page(tenant::SECURITY_KEYS),
        Finding::Models { .. } if notable => tenant::page(tenant::MODELS),
        Finding::Configured { .. }
        | Finding::SignedIn { .. }
        | Finding::Clock { .. }
        | Finding::Granted { .. }
        | Finding::PolicyOpen
        | Finding::Profile(_)
        | Finding::Excluded { .. }
        | Finding::Models { .. }
        | Finding::NoPrinter
        | Finding::UsbOff
        | Finding::UsbKeys { .. }
        | Finding::UsbRule { .. }
        | Finding::ReadersOff
        | Finding::Readers { .. }
        | Finding::Disk { .. }
        | Finding::DiskUnread { .. }
        | Finding::Ledger(_)
        | Finding::Trial(_)
        | Finding::TrialSettled { .. } => return None,
    };
    Some(text)
}

/// What to do about all rows of this grade: each thing once, and all permissions in one.
pub fn todos(rows: &[Row], grade: Grade, now: Timestamp) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let (mut missing, mut as_person) = (Vec::new(), false);
    for row in rows.iter().filter(|row| row.grade == grade) {
        if let Finding::NotGranted {
            permission,
            delegated,
        } = &row.finding
        {
            missing.push(permission.name);
            as_person = *delegated;
            continue;
        }
        // Each warning that the verdict counts is listed, also where what was found is all that there is to say.
        let found = || (grade == Grade::Warning).then(|| what(row, now));
        let line = todo(row).or_else(found);
        let line = line.map(|todo| format!("{}: {todo}", topic(row.topic)));
        said.extend(line.filter(|line| !said.contains(line)));
    }
    if !missing.is_empty() {
        let way = tenant::consent_for(&missing, as_person, grade);
        said.insert(0, format!("{}: {way}", topic(Topic::Permission)));
    }
    said
}

const USB: &str = "Install config/70-keyline.rules as its first lines say, and run the station as a member of the group `keyline`; then put the key in anew.";
const READERS: &str = "`systemctl start pcscd`, and let the station's user use it (polkit: org.debian.pcsc-lite.access_pcsc). Without readers: `readers = false` under [slots].";
const NO_READER: &str = "Connect a reader, or look at `reader_names` under [slots].";
const DISK: &str =
    "Make room there before a batch begins: a full disk stops the work in the middle of it.";
const LEDGER: &str = "`keyline ledger verify` tells whether all of it is as it was written; the next start of the station signs what is not signed.";

/// How the program ends for these rows: warnings do not count.
pub fn exit(rows: &[Row]) -> ExitCode {
    let stops = rows.iter().filter(|row| row.grade == Grade::Stop);
    ExitCode::worst_of(stops.map(|row| {
        if let Finding::NotSignedIn(why) | Finding::LedgerFailed(why) | Finding::TrialFailed(why) =
            &row.finding
        {
            ExitCode::of(why)
        } else if let Finding::Trial(result) = &row.finding {
            trial::exit(result)
        } else {
            of_topic(row.topic)
        }
    }))
}

const fn of_topic(topic: Topic) -> ExitCode {
    match topic {
        Topic::Configuration => ExitCode::Usage,
        Topic::Policies | Topic::Models => ExitCode::Refused,
        Topic::SignIn
        | Topic::Clock
        | Topic::Permission
        | Topic::TenantPolicy
        | Topic::EnrolTest => ExitCode::RelyingParty,
        Topic::Printer => ExitCode::Courier,
        Topic::UsbKeys | Topic::Readers => ExitCode::Authenticator,
        Topic::Disk | Topic::Ledger => ExitCode::Journal,
    }
}

/// The last line: whether work can begin.
pub fn verdict(rows: &[Row]) -> String {
    let number = |grade| rows.iter().filter(|row| row.grade == grade).count();
    let warnings = count(number(Grade::Warning), "warning");
    match number(Grade::Stop) {
        0 if number(Grade::Warning) == 0 => "Ready for the first key.".to_owned(),
        0 => format!("Ready for the first key, with {warnings}."),
        stops => format!(
            "Not ready: {} to mend before the first key, {warnings}.",
            count(stops, "thing")
        ),
    }
}

/// What the offline check said says what to change; of a stop it has to be said that the station does not start.
const fn told(topic: Topic, grade: Grade) -> Option<&'static str> {
    let text = match topic {
        Topic::Printer if !matches!(grade, Grade::Ok) => {
            "`keyline printers` tells how it stands. Letters wait for a printer, keys do not."
        }
        _ if !matches!(grade, Grade::Stop) => return None,
        Topic::Policies => "Mend the policy, then check again.",
        Topic::Ledger => "Mend what is named; `keyline run` refuses it, and its hint says how.",
        Topic::Configuration
        | Topic::SignIn
        | Topic::Clock
        | Topic::Permission
        | Topic::TenantPolicy
        | Topic::Models
        | Topic::UsbKeys
        | Topic::Readers
        | Topic::Disk
        | Topic::Printer
        | Topic::EnrolTest => "Mend what is named in the configuration, then check again.",
    };
    Some(text)
}

fn readers(used: &[String], others: usize) -> String {
    match (used, others) {
        ([], 0) => "The smart-card service runs; no reader is connected.".to_owned(),
        ([], others) => format!(
            "None of the {} fits `reader_names`.",
            count(others, "connected reader")
        ),
        (used, 0) => format!("{}: {}.", count(used.len(), "reader"), list(used)),
        (used, others) => format!(
            "{}: {}; {others} more not used.",
            count(used.len(), "reader"),
            list(used)
        ),
    }
}

fn ledger(health: &LedgerHealth, now: Timestamp) -> String {
    let jobs = count(health.jobs, "job");
    let works = if health.in_use {
        "; a keyline works on it"
    } else {
        ""
    };
    if health.rows == 0 {
        return format!("Whole, and new{works}.");
    }
    let Some((row, at)) = health.signed else {
        return format!("Whole, with {jobs}; none of its rows is signed yet{works}.");
    };
    let seconds = at.seconds_until(now);
    if seconds < 0 {
        return format!(
            "Whole, with {jobs}; its last signature is from a later time than this computer's clock says{works}."
        );
    }
    match health.rows - row {
        1.. if !health.in_use => format!(
            "Whole, with {jobs}; its last {} not signed: a keyline was ended by force.",
            if health.rows - row == 1 {
                "row is"
            } else {
                "rows are"
            }
        ),
        _ => format!(
            "Whole, with {jobs}; last signed {} ago{works}.",
            age(seconds)
        ),
    }
}

/// A span of time in its largest unit.
fn age(seconds: i64) -> String {
    let seconds = usize::try_from(seconds).unwrap_or(0);
    match seconds {
        ..60 => count(seconds, "second"),
        60..3600 => count(seconds / 60, "minute"),
        3600..86_400 => count(seconds / 3600, "hour"),
        86_400.. => count(seconds / 86_400, "day"),
    }
}

fn size(bytes: u64) -> String {
    let mebibytes = bytes >> 20;
    if mebibytes < 10_000 {
        format!("{mebibytes} MiB")
    } else {
        format!("{} GiB", mebibytes >> 10)
    }
}

fn list(names: &[String]) -> String {
    clean(&names.join(", "))
}
