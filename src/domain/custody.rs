//! What becomes of an enrolled key after its job is done: the person has it, or it came back, is lost, or is scrapped. Says
//! what may be said of a key, never what is to be done with its credential.

use serde::{Deserialize, Serialize};

/// Why a person no longer has the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is back in stock: wiped, it may be enrolled anew.
    Returned,
    /// Nobody knows where it is. If it turns up, nobody uses it unasked.
    Lost,
    /// It is to be destroyed, and never used again.
    Scrapped,
}

impl Fate {
    /// As journals, tables and scripts write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Lost => "lost",
            Self::Scrapped => "scrapped",
        }
    }

    /// The fate of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Returned, Self::Lost, Self::Scrapped]
            .into_iter()
            .find(|fate| fate.word() == word)
    }

    /// Whether a key may have this fate after that one: what was lost turns up, what came back turns out to be broken. What was
    /// scrapped stays so.
    pub const fn may_follow(self, before: Option<Self>) -> bool {
        match (before, self) {
            (None, _) | (Some(Self::Lost), Self::Returned | Self::Scrapped) => true,
            (Some(Self::Returned), Self::Lost | Self::Scrapped) => true,
            (Some(Self::Returned), Self::Returned)
            | (Some(Self::Lost), Self::Lost)
            | (Some(Self::Scrapped), _) => false,
        }
    }
}

/// Who has the key of a job that is done, for lists and for the ledger's index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    /// The person has the key and its PIN.
    pub handed_over: bool,
    /// The person does not have it any more, and its credential and letter are void.
    pub retired: Option<Fate>,
    /// The key that came back was reset since.
    pub wiped: bool,
    /// Older methods of the person that go once the key is handed over.
    pub pending: u32,
}

/// Why a key cannot be called handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHandedOver {
    /// The job is not done: there is no key, or no confirmed letter.
    NotDone,
    /// Its letter is void, so nobody can use the key.
    LetterVoid,
    /// The key lies in a bag that has not left the house.
    BagHere,
    /// The letter has not left the house.
    LetterHere,
    /// Its passkey is at Entra no more: another key took its place.
    Replaced,
    /// The person does not get this key any more.
    Retired(Fate),
    /// It was said before.
    Already,
}
