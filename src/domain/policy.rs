//! Site rules that turn a job and a key into a [`Plan`]. What the key cannot do is refused here, before anything
//! destructive is done to it.

mod configuration;
mod deletion;
mod models;
mod paper;
mod people;
mod reissue;

use serde::{Deserialize, Serialize};

use crate::domain::authenticator::{Aaguid, Capabilities};
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::pin::PinUnfit;
use crate::domain::pin_rule::PinRule;

pub use self::configuration::Configuration;
pub use self::deletion::{DeleteExisting, DeleteScope, Known, Older};
pub use self::models::{AttestationRule, RevokedModels};
pub use self::people::DisabledUsers;

/// What becomes of what is on the key, and where its PIN comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetMode {
    /// Nothing is wiped and the PIN stays: the job, or the operator at the slot, knows it.
    Keep,
    /// Reset, then a PIN drawn by the policy's rule.
    #[default]
    Random,
    /// Reset, then the PIN that the job file gives.
    Specified,
}

/// What to do with a key that has a PIN already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsedKeys {
    #[default]
    Ask,
    Reset,
    Refuse,
}

/// How the recipient learns the PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    #[default]
    Mailer,
    Link,
    None,
}

/// Whether a job needs a postal address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    Required,
    /// Name and department are enough: the letter goes by internal mail.
    #[default]
    InternalMail,
}

/// The rules of one kind of enrollment: one file in `config/policies`, all keys optional.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    pub reset: ResetMode,
    pub pin: PinRule,
    /// The shortest PIN that the key shall accept from now on, in code points; absent: as it is.
    pub min_pin_length: Option<usize>,
    /// The key demands a new PIN at first use.
    pub force_pin_change: bool,
    /// The key asks for its PIN at every use.
    pub always_uv: bool,
    pub delete_existing: DeleteExisting,
    pub delete_scope: DeleteScope,
    /// So many of the user's existing keys stay, the newest; and with them those whose age Entra does not tell.
    pub keep_newest: u32,
    pub used_keys: UsedKeys,
    pub disabled_users: DisabledUsers,
    /// Models that may be used; empty: any.
    pub models: Vec<Aaguid>,
    pub revoked_models: RevokedModels,
    pub attestation: AttestationRule,
    /// A key without PIN is taken as it is, which saves a touch on factory-fresh keys.
    pub skip_reset_when_blank: bool,
    pub delivery: Delivery,
    /// The PIN is shown at the slot until the key is lifted.
    pub show_pin: bool,
    /// The passkey's name at Entra, from `{serial}`, `{model}`, `{envelope}` and `{role}`.
    pub key_name: String,
    pub address: Address,
    /// How a letter is confirmed; absent: by its code where the station prints, by its file where it does not.
    pub confirm: Option<Confirm>,
    /// How it is confirmed that the key lies in its bag; absent: by the bag's code where the station prints, not at all where
    /// it does not.
    pub bag: Option<Bagging>,
    /// Days between a bag and its letter.
    pub gap_days: u32,
    /// How often one job's letter may be made anew.
    pub reissues_max: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            reset: ResetMode::default(),
            pin: PinRule::default(),
            min_pin_length: None,
            force_pin_change: false,
            always_uv: false,
            delete_existing: DeleteExisting::default(),
            delete_scope: DeleteScope::default(),
            keep_newest: 0,
            used_keys: UsedKeys::default(),
            disabled_users: DisabledUsers::default(),
            models: Vec::new(),
            revoked_models: RevokedModels::default(),
            attestation: AttestationRule::default(),
            skip_reset_when_blank: false,
            delivery: Delivery::default(),
            show_pin: false,
            key_name: "{serial} {model}".to_owned(),
            address: Address::default(),
            confirm: None,
            bag: None,
            gap_days: 1,
            reissues_max: 3,
        }
    }
}

/// Unicode characters; Entra's clients agree on it, its documents are silent.
pub const KEY_NAME_LENGTH_MAX: usize = 30;

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyUnfit {
    #[error("`pin`: {0}")]
    Pin(#[from] PinUnfit),
    #[error("`min_pin_length` is {minimum}, but the policy draws PINs of {drawn}")]
    MinimumAboveLength { minimum: usize, drawn: usize },
    #[error("`min_pin_length` is {0}; 4 to 63 are possible")]
    MinimumOutOfRange(usize),
    #[error("`{setting}` changes the key, but `reset = \"keep\"` leaves it as it is")]
    KeepChangesNothing { setting: &'static str },
    #[error(
        "`delivery = \"mailer\"` (the default) makes no letter with `reset = \"keep\"`, because the person knows the PIN; write `delivery = \"none\"`"
    )]
    KeepMakesNoLetter,
    #[error(
        "`skip_reset_when_blank` has no meaning with `reset = \"keep\"`, which resets no key; leave it out"
    )]
    KeepSkipsNothing,
    #[error(
        "`keep_newest` has no meaning with `delete_existing = \"never\"`, which keeps them all; leave it out"
    )]
    NeverDeletesNone,
    #[error("`delivery = \"link\"` is not available yet; use \"mailer\" or \"none\"")]
    LinkNotYet,
    #[error(
        "`key_name`: {{{0}}} is unknown; known are {{serial}}, {{model}}, {{envelope}} and {{role}}"
    )]
    UnknownPlaceholder(String),
    #[error("`key_name`: {{serial}} must come first, so that it is never cut")]
    SerialNotFirst,
    #[error("`key_name` is empty")]
    NameEmpty,
}

impl Policy {
    /// The settings of a policy file, by which one is known.
    pub const fn settings() -> [&'static str; 22] {
        [
            "reset",
            "pin",
            "min_pin_length",
            "force_pin_change",
            "always_uv",
            "delete_existing",
            "delete_scope",
            "keep_newest",
            "used_keys",
            "disabled_users",
            "models",
            "revoked_models",
            "attestation",
            "skip_reset_when_blank",
            "delivery",
            "show_pin",
            "key_name",
            "address",
            "confirm",
            "bag",
            "gap_days",
            "reissues_max",
        ]
    }

    /// Checks what the file format cannot: ranges, and settings that contradict each other.
    ///
    /// # Errors
    /// Every objection, so that the administrator mends them at once.
    pub fn check(&self) -> Result<(), Vec<PolicyUnfit>> {
        let mut unfit = Vec::new();
        if self.reset == ResetMode::Keep {
            let changes = [
                ("force_pin_change", self.force_pin_change),
                ("always_uv", self.always_uv),
                ("min_pin_length", self.min_pin_length.is_some()),
            ];
            unfit.extend(
                changes
                    .into_iter()
                    .filter(|(_, set)| *set)
                    .map(|(setting, _)| PolicyUnfit::KeepChangesNothing { setting }),
            );
            if self.delivery == Delivery::Mailer {
                unfit.push(PolicyUnfit::KeepMakesNoLetter);
            }
            if self.skip_reset_when_blank {
                unfit.push(PolicyUnfit::KeepSkipsNothing);
            }
        } else {
            unfit.extend(self.pin.check().err().map(PolicyUnfit::Pin));
        }
        match self.min_pin_length {
            Some(minimum) if !(4..=63).contains(&minimum) => {
                unfit.push(PolicyUnfit::MinimumOutOfRange(minimum))
            }
            Some(minimum) if minimum > self.pin.length && self.reset == ResetMode::Random => {
                unfit.push(PolicyUnfit::MinimumAboveLength {
                    minimum,
                    drawn: self.pin.length,
                });
            }
            Some(_) | None => {}
        }
        if self.delete_existing == DeleteExisting::Never && self.keep_newest > 0 {
            unfit.push(PolicyUnfit::NeverDeletesNone);
        }
        if self.delivery == Delivery::Link {
            unfit.push(PolicyUnfit::LinkNotYet);
        }
        unfit.extend(check_key_name(&self.key_name).err());
        if unfit.is_empty() { Ok(()) } else { Err(unfit) }
    }

    /// Whether the person gets a letter with a PIN.
    pub fn makes_letter(&self) -> bool {
        self.delivery == Delivery::Mailer && self.reset != ResetMode::Keep
    }

    /// The changes that this policy makes to a key's configuration.
    pub fn configuration(&self) -> Configuration {
        match self.reset {
            ResetMode::Keep => Configuration::default(),
            ResetMode::Random | ResetMode::Specified => Configuration {
                always_uv: self.always_uv,
                min_pin_length: self.min_pin_length,
                force_pin_change: self.force_pin_change,
            },
        }
    }
}

/// The explicit list of steps for one key, with everything decided that can be decided beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub configuration: Configuration,
}

impl Plan {
    /// The plan for the key that is in the slot, from `restart` on. `pin_length` is the length of the PIN that will be set,
    /// in code points; `None` under `reset = "keep"`.
    ///
    /// # Errors
    /// The first thing that the key cannot do, or may not be used for.
    pub fn new(
        policy: &Policy,
        key: &Capabilities,
        pin_length: Option<usize>,
        restart: Step,
    ) -> Result<Self, Fault> {
        check_key(policy, key, pin_length)?;
        let configuration = policy.configuration();
        let mut steps = Vec::new();
        if policy.reset != ResetMode::Keep {
            if !policy.skip_reset_when_blank || key.has_pin() {
                steps.push(Step::Reset);
            }
            steps.push(Step::SetPin);
        }
        steps.extend([Step::MakeCredential, Step::Register]);
        if !configuration.is_empty() {
            steps.push(Step::Configure);
        }
        if policy.bagging() != Bagging::None {
            steps.push(Step::Bag);
        }
        if policy.makes_letter() {
            steps.push(Step::Deliver);
        }
        if let Some(skip) = steps.iter().position(|step| *step == restart) {
            steps.drain(..skip);
        }
        Ok(Self {
            steps,
            configuration,
        })
    }
}

fn unsupported(what: &str) -> Fault {
    Fault::Unsupported {
        what: what.to_owned(),
    }
}

fn check_key(policy: &Policy, key: &Capabilities, pin_length: Option<usize>) -> Result<(), Fault> {
    if !policy.models.is_empty() && !policy.models.contains(&key.aaguid) {
        return Err(Fault::ModelNotAllowed { aaguid: key.aaguid });
    }
    if !key
        .versions
        .iter()
        .any(|version| version.starts_with("FIDO_2_"))
    {
        return Err(unsupported("FIDO2"));
    }
    if !key.resident_keys {
        return Err(unsupported("discoverable credentials (passkeys)"));
    }
    if key.client_pin.is_none() {
        return Err(unsupported("a PIN"));
    }
    if key.remaining_credentials == Some(0) && policy.reset == ResetMode::Keep {
        return Err(Fault::StorageFull);
    }
    // A reset takes the minimum back to the vendor's, which the key tells only then.
    let is_vendors = !key.has_pin();
    if let Some(drawn) = pin_length.filter(|length| is_vendors && *length < key.min_pin_length) {
        return Err(Fault::PinTooShort {
            needed: key.min_pin_length,
            drawn,
        });
    }
    check_configuration(policy.configuration(), key)
}

fn check_configuration(configuration: Configuration, key: &Capabilities) -> Result<(), Fault> {
    if configuration.always_uv && key.always_uv.is_none() {
        return Err(unsupported("asking for the PIN at every use (always_uv)"));
    }
    if configuration.min_pin_length.is_some() && !key.set_min_pin_length {
        return Err(unsupported("a minimum PIN length (min_pin_length)"));
    }
    if configuration.force_pin_change && !key.set_min_pin_length {
        return Err(unsupported("a forced PIN change (force_pin_change)"));
    }
    Ok(())
}

/// What a passkey's name can be made of.
#[derive(Clone, Copy, Debug)]
pub struct NameParts<'a> {
    pub serial: Option<&'a str>,
    pub model: &'a str,
    pub envelope: &'a str,
    pub role: &'a str,
}

/// The passkey's name at Entra: at most [`KEY_NAME_LENGTH_MAX`] characters, cut at the end, where the serial never is. A key
/// without a serial is named by its envelope instead, so that two keys of one person can be told apart.
pub fn key_name(template: &str, parts: NameParts<'_>) -> String {
    let name = fill_in(template, parts);
    let words: Vec<&str> = name.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(KEY_NAME_LENGTH_MAX).collect();
    name.trim_end().to_owned()
}

/// One pass, so that what is filled in is never read as a placeholder itself.
fn fill_in(template: &str, parts: NameParts<'_>) -> String {
    let mut name = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        name.push_str(before);
        let value = behind.split_once('}').and_then(|(word, after)| {
            let value = match word {
                "serial" => parts.serial.unwrap_or(parts.envelope),
                "model" => parts.model,
                "envelope" => parts.envelope,
                "role" => parts.role,
                _ => return None,
            };
            Some((value, after))
        });
        rest = match value {
            Some((value, after)) => {
                name.push_str(value);
                after
            }
            None => {
                name.push('{');
                behind
            }
        };
    }
    name.push_str(rest);
    name
}

fn check_key_name(template: &str) -> Result<(), PolicyUnfit> {
    if template.trim().is_empty() {
        return Err(PolicyUnfit::NameEmpty);
    }
    for part in template.split('{').skip(1) {
        let (name, closed) = match part.split_once('}') {
            Some((name, _)) => (name, true),
            None => (part, false),
        };
        if !closed || !matches!(name, "serial" | "model" | "envelope" | "role") {
            return Err(PolicyUnfit::UnknownPlaceholder(name.to_owned()));
        }
    }
    match template.find("{serial}") {
        Some(at) if at > 0 => Err(PolicyUnfit::SerialNotFirst),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
