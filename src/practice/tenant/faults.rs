//! How the practice tenant misbehaves on request, as Entra and the network before it do by themselves.

use serde::{Deserialize, Serialize};

use super::climate::Climate;

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Token,
    DeviceCode,
    /// The service document, which tells that Graph is there.
    Root,
    CreationOptions,
    Register,
    List,
    Get,
    Delete,
    /// One user.
    Person,
    FindPeople,
    /// One group.
    Group,
    FindGroups,
    /// One page of a group's members.
    Members,
    GroupsOf,
    /// The call; each request in it counts and is struck as what it is.
    Batch,
    /// The tenant's passkey policy.
    Policy,
    ChangePolicy,
    /// App registrations, one or a list.
    Applications,
    RegisterApplication,
    ChangeApplication,
    /// Service principals.
    Principals,
    MakePrincipal,
    /// What was consented for a service principal.
    Assignments,
    Assign,
}

/// One kind of misbehaviour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trick {
    /// 429; nothing is done.
    Throttle {
        retry_after_seconds: Option<u64>,
        /// Retry-After as an HTTP date instead of seconds.
        #[serde(default)]
        as_date: bool,
    },
    /// This status; nothing is done.
    Fail { status: u16 },
    /// The connection closes without an answer; nothing is done.
    DropBeforeCommit,
    /// Everything is done, then the connection closes without an answer.
    CommitThenDrop,
    /// All tokens are forgotten, as if they had expired.
    ExpireTokens,
    /// Everything is done, the answer comes late.
    Slow { millis: u64 },
    /// Everything is done; of the answer the second half comes so much later than the first.
    SlowBytes { millis: u64 },
    /// Everything is done, but this is the answer's body, with the right status.
    Garble { body: String },
    /// Everything is done, but of the answer's body only the first half is there, as if it were all.
    Half,
    /// Everything is done and answered, but the answer calls itself a web page.
    Mislabel,
    /// Nothing is done: something on the way answers with its own page, as a guest network does.
    Page,
    /// Nothing is done: something on the way leads to its own page.
    Redirect,
    /// Nothing is done; the answer has this status and body.
    Answer { status: u16, body: String },
}

impl Trick {
    /// Whether it comes before the request is looked at: then nothing is done.
    pub(super) const fn prevents(&self) -> bool {
        match self {
            Self::Throttle { .. }
            | Self::Fail { .. }
            | Self::DropBeforeCommit
            | Self::Page
            | Self::Redirect
            | Self::Answer { .. } => true,
            Self::CommitThenDrop
            | Self::ExpireTokens
            | Self::Slow { .. }
            | Self::SlowBytes { .. }
            | Self::Garble { .. }
            | Self::Half
            | Self::Mislabel => false,
        }
    }
}

/// A trick for the next requests of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misbehaviour {
    pub on: Operation,
    /// How many requests it strikes.
    pub times: u32,
    pub trick: Trick,
}

/// All that is wrong with the tenant at the moment. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// A new passkey shows in the list only after this many seconds.
    pub list_lag_seconds: u32,
    /// The exclude list of creationOptions lags as the list does.
    pub exclude_lags: bool,
    /// A new app registration or service principal is known everywhere only after this many seconds.
    pub directory_lag_seconds: u32,
    /// Added to the Date header.
    pub date_offset_seconds: i64,
    /// In order; the first that fits a request strikes it.
    pub next: Vec<Misbehaviour>,
    /// What strikes at random, where nothing of `next` does.
    pub climate: Option<Climate>,
}

impl Faults {
    /// The trick that strikes this request, if any; counts it. `number` is the request's own among those of its kind.
    pub(super) fn strike(&mut self, operation: Operation, number: u64) -> Option<Trick> {
        let asked_for = |one: &Misbehaviour| one.on == operation && one.times > 0;
        let Some(at) = self.next.iter().position(asked_for) else {
            return self.climate.as_ref()?.trick(operation, number);
        };
        let one = self.next.get_mut(at)?;
        one.times -= 1;
        let trick = one.trick.clone();
        if one.times == 0 {
            self.next.remove(at);
        }
        Some(trick)
    }
}
