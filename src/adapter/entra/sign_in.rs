//! An administrator signs in: by a code that is typed on another device, or in a browser on this computer. What comes of it is a
//! token for the work at hand and a refresh token that is kept sealed. No token is ever shown.

use std::time::Duration;

use crate::domain::fault::Fault;
use crate::domain::sign_in::TokenClaims;

use super::browser::{self, Pages};
use super::device_code::{self, DevicePrompt};
use super::token::Issued;
use super::way::{Delegated, SignInWay};
use super::{Entra, claims};

impl Entra {
    /// Signs an administrator in who types a code on any device (RFC 8628). `show` tells where and which; it may be called
    /// once. Waits until it is done, or the code's time is over.
    ///
    /// # Errors
    /// [`Fault::SignIn`]: declined, expired, or not allowed; [`Fault::StationKeys`]; those of the network.
    pub fn sign_in_by_device_code(
        &self,
        show: &mut dyn FnMut(&DevicePrompt),
    ) -> Result<Option<TokenClaims>, Fault> {
        let delegated = self.delegated()?;
        delegated.keep.prepare()?;
        let scope = delegated.scope(&self.config);
        let issued = device_code::sign_in(self, &scope, show)?;
        self.begin(delegated, issued)
    }

    /// Signs an administrator in who uses a browser on this computer (RFC 8252: loopback, PKCE). `show` tells the address to
    /// open. Waits until it is done, for `patience` at the most.
    ///
    /// # Errors
    /// [`Fault::SignIn`]: declined, not in time, or not allowed; [`Fault::StationKeys`]; those of the network.
    pub fn sign_in_by_browser(
        &self,
        pages: &Pages,
        patience: Duration,
        show: &mut dyn FnMut(&str),
    ) -> Result<Option<TokenClaims>, Fault> {
        let delegated = self.delegated()?;
        delegated.keep.prepare()?;
        let scope = delegated.scope(&self.config);
        let issued = browser::sign_in(self, &scope, pages, patience, show)?;
        self.begin(delegated, issued)
    }

    /// What the access token says of itself, fetching one when none is held; `None` when it is opaque.
    ///
    /// # Errors
    /// Those of the sign-in.
    pub fn permissions(&self) -> Result<Option<TokenClaims>, Fault> {
        Ok(claims::read(self.token()?.reveal()))
    }

    fn delegated(&self) -> Result<&Delegated, Fault> {
        match &self.way {
            SignInWay::Delegated(delegated) => Ok(delegated),
            SignInWay::ClientSecret(_) | SignInWay::Certificate(_) => Err(Fault::SignIn {
                what: "the station signs in as itself, so nobody has to; for an administrator's sign-in write method = \"delegated\" under [entra]".to_owned(),
            }),
        }
    }

    fn begin(&self, delegated: &Delegated, issued: Issued) -> Result<Option<TokenClaims>, Fault> {
        delegated.keep(&self.config, &issued, &self.clock)?;
        self.tokens.put(issued, self.clock.now());
        self.permissions()
    }
}
