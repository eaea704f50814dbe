//! `keyline ledger …`: what can be typed, and the examples below its help.

use std::path::PathBuf;

use clap::Subcommand;

pub(super) const VERIFY: &str = "Examples:
  keyline ledger verify                          the station's own ledger, also while it works
  keyline ledger verify ledger-copy.db           a backup; no configuration is needed
  keyline ledger verify --json | jq .head

Exit code 0: what is looked at is as it was written. 8: it is not, the file cannot be read, or
--key is given and nothing is signed; the first wrong row is named.

Nothing answers for: names of batches and of their files, the tenant's name (a station refuses one
that is not its own), where a letter went, why a job is held and a credential is kept,
attestations of open jobs, and PINs in flight (their seals answer for those).

A ledger that was cut short verifies as far as it goes: write the last row down now and then, away
from the station, and look whether it is still there.";

pub(super) const BACKUP: &str = "Examples:
  keyline ledger backup /media/safe/ledger-2026-05-04.db
  keyline pins show 0042 --identity recovery.txt --ledger /media/safe/ledger-2026-05-04.db

The copy holds names, addresses and sealed PINs; it is readable for its owner alone. Not in it:
the station's keys, which lie in the folder that `[ledger] keys` names, and the recovery identity.
Keep the three apart from each other. A backup that is killed leaves FILE.part; the next backup
into the same folder removes it.

To restore: stop the station, move keyline.db away together with keyline.db-wal and
keyline.db-shm, and put the backup in its place: a -wal that stays there would spoil it. A job
that was in the middle of a key is held then, because the station's own copy of its PIN is gone;
`keyline jobs retry` starts it anew.";

/// `keyline ledger …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Ledger {
    /// Say whether the ledger is as it was written; changes nothing
    ///
    /// Looks at the structure of the file, walks the audit chain with its signatures, and compares all that the chain
    /// answers for: people, sealed PINs, jobs, attempts, passkeys, duties, letters. Works on a copy, and on the station's ledger while the station works.
    #[command(after_help = VERIFY)]
    Verify {
        /// A copy of a ledger, instead of the station's own
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Take checkpoints of this station key too: 64 hexadecimal digits; may be given several times
        ///
        /// For the station's own ledger its own key counts. For a copy every key counts, and is named, unless one is given here.
        #[arg(long = "key", value_name = "KEY", value_parser = key)]
        keys: Vec<[u8; 32]>,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Write a copy of the ledger as it is at this moment, also while the station works
    ///
    /// The copy is verified before it gets its name. It never overwrites a file. PINs in flight are left out as far as the
    /// station itself could open them; what the recovery identity opens is in it.
    #[command(after_help = BACKUP)]
    Backup {
        /// The new file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// The public half of a key that signs checkpoints, as `keyline ledger verify` prints it.
fn key(text: &str) -> Result<[u8; 32], String> {
    let wrong = || "a station key has 64 hexadecimal digits".to_owned();
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits.ok_or_else(wrong)?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    match <[u8; 32]>::try_from(bytes) {
        Ok(key) if rest.is_empty() => Ok(key),
        Ok(_) | Err(_) => Err(wrong()),
    }
}
