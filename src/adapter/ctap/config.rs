//! authenticatorConfig (CTAP 2.1 §6.11): toggleAlwaysUv and setMinPINLength. Does only what is missing, because a toggle
//! repeated is a toggle undone.

use ciborium::value::Value;

use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::port::Configuration;

use super::cbor::{self, Builder};
use super::client_pin::permission;
use super::key::{ANSWER_SECONDS, Key};
use super::pin_protocol::Token;
use super::status::{Command, unsupported};

/// Parameters of the command, §6.11.
mod parameter {
    pub(super) const SUB_COMMAND: u8 = 0x01;
    pub(super) const SUB_COMMAND_PARAMS: u8 = 0x02;
    pub(super) const PIN_UV_AUTH_PROTOCOL: u8 = 0x03;
    pub(super) const PIN_UV_AUTH_PARAM: u8 = 0x04;
}

/// Members of setMinPINLength's parameters, §6.11.4.
mod min_pin_length {
    pub(super) const NEW_MIN_PIN_LENGTH: u8 = 0x01;
    pub(super) const FORCE_CHANGE_PIN: u8 = 0x03;
}

const TOGGLE_ALWAYS_UV: u8 = 0x02;
const SET_MIN_PIN_LENGTH: u8 = 0x03;

impl Key {
    pub(super) fn bring_about(&mut self, pin: &Pin, wanted: Configuration) -> Result<(), Fault> {
        let info = self.read_info()?.capabilities;
        let toggle = wanted.always_uv && info.always_uv != Some(true);
        let length = wanted
            .min_pin_length
            .filter(|length| *length > info.min_pin_length);
        let force = wanted.force_pin_change && !info.force_pin_change;
        if !toggle && length.is_none() && !force {
            return Ok(());
        }
        if !info.authenticator_config {
            return Err(unsupported("authenticatorConfig"));
        }
        if toggle && info.always_uv.is_none() {
            return Err(unsupported("alwaysUv"));
        }
        if (force || length.is_some()) && !info.set_min_pin_length {
            return Err(unsupported("setMinPINLength"));
        }
        let token = self.token(pin, permission::AUTHENTICATOR_CONFIGURATION, None)?;
        self.forget_info();
        if toggle {
            self.config(Command::ToggleAlwaysUv, TOGGLE_ALWAYS_UV, None, &token)?;
        }
        if length.is_some() || force {
            let length = length.map(|length| u64::try_from(length).unwrap_or(u64::MAX));
            // Both in one: a longer minimum may force a change by itself, and then no second token can be had.
            let parameters = Builder::new()
                .with_some(min_pin_length::NEW_MIN_PIN_LENGTH, length)
                .with_some(min_pin_length::FORCE_CHANGE_PIN, force.then_some(true));
            self.config(
                Command::SetMinPinLength,
                SET_MIN_PIN_LENGTH,
                Some(parameters.into()),
                &token,
            )?;
        }
        Ok(())
    }

    fn config(
        &mut self,
        command: Command,
        sub_command: u8,
        sub_command_params: Option<Value>,
        token: &Token,
    ) -> Result<(), Fault> {
        // §6.11: 32 bytes of 0xFF, the command byte, the sub-command, its parameters.
        let mut message = vec![0xFF; 32];
        message.extend([command.byte(), sub_command]);
        if let Some(parameters) = &sub_command_params {
            message.extend(cbor::encode(parameters)?);
        }
        let parameters = Builder::new()
            .with(parameter::SUB_COMMAND, sub_command)
            .with_some(parameter::SUB_COMMAND_PARAMS, sub_command_params)
            .with(parameter::PIN_UV_AUTH_PROTOCOL, token.protocol().number())
            .with(parameter::PIN_UV_AUTH_PARAM, token.authenticate(&message)?);
        self.command(command, parameters, ANSWER_SECONDS).map(drop)
    }
}
