//! The access tokens that are good at the practice tenant, and how new ones come about. In memory only.

use std::collections::BTreeMap;

use ring::hmac;
use ring::rand::SystemRandom;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::encoding::base64url;
use super::jwt::{self, Bearer};
use super::refusal::Refusal;
use super::sign_ins::Asked;
use super::state::State;

/// Who asks for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The application with this client id itself.
    Application(String),
    /// An application in the administrator's name.
    Administrator(Asked),
}

/// All tokens, each with its end.
pub(super) struct Tokens {
    good: BTreeMap<String, Timestamp>,
    key: hmac::Key,
}

impl Tokens {
    pub(super) fn new(random: &SystemRandom) -> Result<Self, Fault> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, random).map_err(|_| Fault::Internal {
            what: "the practice tenant does not start: there is no randomness".to_owned(),
        })?;
        Ok(Self {
            good: BTreeMap::new(),
            key,
        })
    }
}

impl State {
    /// A new access token, and a refresh token for a person.
    pub(super) fn issue_token(
        &mut self,
        whose: Whose,
    ) -> Result<(String, Option<String>), Refusal> {
        let (upn, name) = self.administrator();
        let (client_id, scopes) = match &whose {
            Whose::Application(client_id) => (client_id, Vec::new()),
            Whose::Administrator(asked) => (&asked.client_id, asked.scopes.clone()),
        };
        // The application of the set-up was consented to, whoever asks for what; another has what was consented for it.
        let permissions = if *client_id == self.setup.client_id {
            self.setup.permissions.clone()
        } else if scopes.is_empty() {
            self.applications.roles(client_id)
        } else {
            scopes
        };
        let permissions = &permissions;
        let (bearer, refresh_token) = match &whose {
            Whose::Application(_) => (Bearer::Application { roles: permissions }, None),
            Whose::Administrator(asked) => {
                let fresh = if asked.lasts {
                    Some(format!("practice-refresh-{}", base64url(&self.random(96)?)))
                } else {
                    None
                };
                let bearer = Bearer::Person {
                    scopes: permissions,
                    upn,
                    name,
                };
                (bearer, fresh)
            }
        };
        let now = self.now();
        let seconds = self.setup.token_seconds;
        let token = jwt::mint(
            &self.tokens.key,
            &self.base,
            client_id,
            &bearer,
            (now, seconds),
        );
        self.tokens
            .good
            .insert(token.clone(), now.plus_seconds(seconds));
        if let Some(fresh) = &refresh_token {
            self.sign_ins.add_refresh_token(fresh.clone());
        }
        Ok((token, refresh_token))
    }

    /// UPN and name of the person who signs in here.
    pub(super) fn administrator(&self) -> (&str, &str) {
        let (upn, name) = &self.setup.administrator;
        (upn, name)
    }

    pub(super) fn tokens(&self) -> impl Iterator<Item = &str> {
        self.tokens.good.keys().map(String::as_str)
    }

    pub(super) fn forget_tokens(&mut self) {
        self.tokens.good.clear();
    }

    pub(super) fn is_token(&self, token: &str) -> bool {
        let end = self.tokens.good.get(token);
        end.is_some_and(|end| self.now() < *end)
    }
}
