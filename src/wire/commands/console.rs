//! `keyline console …`: who may sign in, and the pages over a copy. It works beside a running station, which looks at the accounts anew each time.

mod copied;

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use zeroize::{Zeroize as _, Zeroizing};

use crate::adapter::accounts::AccountsFile;
use crate::domain::account::{AccountName, AccountsFault, PASSPHRASE_BYTES_MAX, Passphrase};
use crate::face::ask;
use crate::face::cli::{Console, ConsoleUser, PassphraseFrom};
use crate::face::control::{Answer, Ask};
use crate::face::report::{self, Style};
use crate::face::say::console as words;
use crate::face::say::{Complaint, ExitCode};
use crate::port::{Accounts as _, Keeping};
use crate::wire::commands::reply::reply;
use crate::wire::commands::{Ended, admin};
use crate::wire::config::Config;
use crate::wire::console::{accounts, accounts_path};
use crate::wire::init::refuse_as_root_for_another;

/// Bytes of a file with a passphrase, with a line end or two.
const FILE_BYTES_MAX: u64 = 1024;

/// `keyline console …`
pub(super) fn console(path: &Path, command: &Console, out: &mut dyn Write) -> Ended {
    if let Some(copy) = &command.ledger {
        return copied::copied(path, copy, command.listen);
    }
    let Some(crate::face::cli::ConsoleCommand::User { command }) = &command.command else {
        return Err(words::nothing_asked());
    };
    let config = admin::load(path)?;
    match command {
        ConsoleUser::List { json } => {
            report::accounts(&accounts(&config).list()?, &Style::here(*json), out)?;
            Ok(ExitCode::Done)
        }
        ConsoleUser::Add {
            name,
            role,
            passphrase,
        } => reply(passphrase.json, out, |reply| {
            let accounts = writable(&config)?;
            // Before anybody types a passphrase for nothing.
            if accounts.find(name)?.is_some() {
                return Err(AccountsFault::Taken(name.clone()).into());
            }
            let added = accounts.add(name, (*role).into(), &chosen(passphrase)?)?;
            reply.fact("added", json!({ "name": added.name, "role": added.role }));
            reply.line(&words::added(&added));
            Ok(ExitCode::Done)
        }),
        ConsoleUser::Remove { name, json } => reply(*json, out, |reply| {
            writable(&config)?.remove(name)?;
            reply.fact("removed", json!({ "name": name }));
            reply.line(&words::removed(name));
            Ok(ExitCode::Done)
        }),
        ConsoleUser::Passphrase { name, passphrase } => reply(passphrase.json, out, |reply| {
            let accounts = writable(&config)?;
            if accounts.find(name)?.is_none() {
                return Err(AccountsFault::Unknown(name.clone()).into());
            }
            accounts.set_passphrase(name, &chosen(passphrase)?)?;
            reply.fact("passphrase_set", json!({ "name": name }));
            reply.line(&words::passphrase_set(name));
            Ok(ExitCode::Done)
        }),
    }
}

/// The accounts, for whoever may write them. The ledger hears of each change before it is made: from the running station, or from
/// us where none runs.
fn writable(config: &Config) -> Result<AccountsFile, Complaint> {
    refuse_as_root_for_another(&accounts_path(config))?;
    let told = config.clone();
    Ok(
        accounts(config).told(Arc::new(move |name: &AccountName, change| {
            let asked = Ask::Keep {
                keeping: Keeping::Account {
                    name: name.clone(),
                    change,
                },
                actor: admin::actor(),
            };
            admin::put(&told, &asked)
                .and_then(Answer::into_result)
                .map(drop)
                .map_err(|complaint| words::inner(&complaint.message))
        })),
    )
}

/// The passphrase that somebody chooses: asked for twice, or out of a file.
fn chosen(from: &PassphraseFrom) -> Result<Passphrase, Complaint> {
    let text = match &from.passphrase_file {
        Some(file) => read(file)?,
        None => {
            let asked = ask::secret("New passphrase").ok_or_else(words::no_passphrase)?;
            Passphrase::chosen(&asked).map_err(words::unfit)?;
            let again = ask::secret("Once more").ok_or_else(words::no_passphrase)?;
            if !Passphrase::offered(&asked).is_same_as(&Passphrase::offered(&again)) {
                return Err(words::not_the_same());
            }
            asked
        }
    };
    Passphrase::chosen(&text).map_err(words::unfit)
}

/// A passphrase out of a file, or from stdin: one line, whose end is no part of it.
fn read(file: &Path) -> Result<Zeroizing<String>, Complaint> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_BYTES_MAX * 4));
        std::io::stdin()
            .lock()
            .take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| words::unreadable("stdin", &error))?;
        bytes
    } else {
        let place = file.display().to_string();
        crate::adapter::RegularFile::read(file, FILE_BYTES_MAX)
            .map_err(|error| words::unreadable(&place, &error))?
    };
    let mut text = match String::from_utf8(bytes.to_vec()) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            error.into_bytes().zeroize();
            return Err(words::unreadable(
                &file.display().to_string(),
                &"it is not text",
            ));
        }
    };
    let length = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(length);
    Ok(text)
}
