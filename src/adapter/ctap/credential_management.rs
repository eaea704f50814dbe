//! authenticatorCredentialManagement (CTAP 2.1 §6.8, and its preview under 0x41): what discoverable credentials a key
//! holds, and removing one. Needs the PIN for everything.

use ciborium::value::Value;

use crate::domain::credential::{CredentialId, RpId, UserHandle};
use crate::domain::fault::{CtapStatus, Fault};
use crate::domain::pin::Pin;

use super::assertion::descriptor;
use super::cbor::{self, Builder, Map, garbled, required};
use super::client_pin::permission;
use super::key::{ANSWER_SECONDS, Key};
use super::pin_protocol::Token;
use super::status::{self, Command, unsupported};

/// More discoverable credentials than any key holds: a key that says so is not believed.
const CREDENTIALS_MAX: u64 = 4096;

/// Sub-commands, §6.8.
mod sub_command {
    pub(super) const GET_METADATA: u8 = 0x01;
    pub(super) const ENUMERATE_RPS_BEGIN: u8 = 0x02;
    pub(super) const ENUMERATE_RPS_NEXT: u8 = 0x03;
    pub(super) const ENUMERATE_CREDENTIALS_BEGIN: u8 = 0x04;
    pub(super) const ENUMERATE_CREDENTIALS_NEXT: u8 = 0x05;
    pub(super) const DELETE_CREDENTIAL: u8 = 0x06;
}

/// Members of the answers, §6.8.
mod member {
    pub(super) const EXISTING: u8 = 0x01;
    pub(super) const REMAINING: u8 = 0x02;
    pub(super) const RP: u8 = 0x03;
    pub(super) const RP_ID_HASH: u8 = 0x04;
    pub(super) const TOTAL_RPS: u8 = 0x05;
    pub(super) const USER: u8 = 0x06;
    pub(super) const CREDENTIAL_ID: u8 = 0x07;
    pub(super) const TOTAL_CREDENTIALS: u8 = 0x09;
}

/// How many discoverable credentials there are, and how many more fit at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub existing: u64,
    pub remaining: u64,
}

/// One discoverable credential on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCredential {
    pub rp_id: RpId,
    pub user_handle: UserHandle,
    pub id: CredentialId,
}

impl Key {
    /// getCredsMetadata.
    ///
    /// # Errors
    /// [`Fault::Unsupported`], those of a wrong PIN, and those of the transport.
    pub fn credential_room(&mut self, pin: &Pin) -> Result<Room, Fault> {
        let (command, token) = self.manager(pin)?;
        let answer = self.manage(command, sub_command::GET_METADATA, None, Some(&token))?;
        let answer = answer.map_err(|status| status::fault(command, status))?;
        Ok(Room {
            existing: required(answer.unsigned(member::EXISTING, "existing")?, "existing")?,
            remaining: required(
                answer.unsigned(member::REMAINING, "remaining")?,
                "remaining",
            )?,
        })
    }

    /// Every discoverable credential on the key.
    ///
    /// # Errors
    /// As [`Key::credential_room`].
    pub fn held_credentials(&mut self, pin: &Pin) -> Result<Vec<HeldCredential>, Fault> {
        let (command, token) = self.manager(pin)?;
        let mut held = Vec::new();
        // All relying parties first: asking for credentials ends their enumeration (§6.8.3).
        let rps = self.enumerate(
            command,
            (
                sub_command::ENUMERATE_RPS_BEGIN,
                sub_command::ENUMERATE_RPS_NEXT,
                member::TOTAL_RPS,
            ),
            None,
            &token,
        )?;
        for rp in rps {
            let names = required(rp.map(member::RP, "rp")?, "rp")?;
            let rp_id = RpId(required(names.text("id", "rp.id")?, "rp.id")?.to_owned());
            let hash = required(rp.bytes(member::RP_ID_HASH, "rpIDHash")?, "rpIDHash")?;
            let credentials = self.enumerate(
                command,
                (
                    sub_command::ENUMERATE_CREDENTIALS_BEGIN,
                    sub_command::ENUMERATE_CREDENTIALS_NEXT,
                    member::TOTAL_CREDENTIALS,
                ),
                Some(Builder::new().with(0x01, hash.to_vec()).into()),
                &token,
            )?;
            for credential in credentials {
                let user = required(credential.map(member::USER, "user")?, "user")?;
                let id = required(
                    credential.map(member::CREDENTIAL_ID, "credentialID")?,
                    "credentialID",
                )?;
                held.push(HeldCredential {
                    rp_id: rp_id.clone(),
                    user_handle: UserHandle(
                        required(user.bytes("id", "user.id")?, "user.id")?.to_vec(),
                    ),
                    id: CredentialId(
                        required(id.bytes("id", "credentialID")?, "credentialID")?.to_vec(),
                    ),
                });
            }
        }
        Ok(held)
    }

    /// deleteCredential. One that is not there is no fault: the wish is fulfilled.
    ///
    /// # Errors
    /// As [`Key::credential_room`].
    pub fn delete_held(&mut self, pin: &Pin, id: &CredentialId) -> Result<(), Fault> {
        let (command, token) = self.manager(pin)?;
        let parameters = Builder::new().with(0x02, descriptor(id)).into();
        self.forget_info();
        match self.manage(
            command,
            sub_command::DELETE_CREDENTIAL,
            Some(parameters),
            Some(&token),
        )? {
            Ok(_) | Err(CtapStatus::NO_CREDENTIALS) => Ok(()),
            Err(status) => Err(status::fault(command, status)),
        }
    }

    /// The command that this key knows, and a token for it.
    fn manager(&mut self, pin: &Pin) -> Result<(Command, Token), Fault> {
        let info = self.info()?;
        let command = if info.standard_credential_management {
            Command::CredentialManagement
        } else if info.capabilities.credential_management {
            Command::CredentialManagementPreview
        } else {
            return Err(unsupported("credentialManagement"));
        };
        Ok((
            command,
            self.token(pin, permission::CREDENTIAL_MANAGEMENT, None)?,
        ))
    }

    /// Begin, then next until all are there.
    fn enumerate(
        &mut self,
        command: Command,
        (begin, next, total): (u8, u8, u8),
        parameters: Option<Value>,
        token: &Token,
    ) -> Result<Vec<Map>, Fault> {
        let first = match self.manage(command, begin, parameters, Some(token))? {
            Ok(first) => first,
            Err(CtapStatus::NO_CREDENTIALS) => return Ok(Vec::new()),
            Err(status) => return Err(status::fault(command, status)),
        };
        let count = required(first.unsigned(total, "the total")?, "the total")?;
        if count > CREDENTIALS_MAX {
            return Err(garbled(format!("an enumeration of {count}")));
        }
        // Some firmware says zero and sends an empty first entry.
        let mut entries = if count == 0 { Vec::new() } else { vec![first] };
        for _ in 1..count {
            let entry = self.manage(command, next, None, None)?;
            entries.push(entry.map_err(|status| status::fault(command, status))?);
        }
        Ok(entries)
    }

    fn manage(
        &mut self,
        command: Command,
        sub_command: u8,
        sub_command_params: Option<Value>,
        token: Option<&Token>,
    ) -> Result<Result<Map, CtapStatus>, Fault> {
        let mut parameters = Builder::new()
            .with(0x01, sub_command)
            .with_some(0x02, sub_command_params.clone());
        if let Some(token) = token {
            let mut message = vec![sub_command];
            if let Some(parameters) = &sub_command_params {
                message.extend(cbor::encode(parameters)?);
            }
            parameters = parameters
                .with(0x03, token.protocol().number())
                .with(0x04, token.authenticate(&message)?);
        }
        self.attempt(command, parameters, ANSWER_SECONDS)
    }
}
