//! Where the console's accounts are kept.

use crate::domain::account::{Account, AccountName, AccountsFault, Passphrase, Role};

/// The console's accounts. Every call looks at what is there now, so that an account that was taken away is away at once.
/// Calls block: those with a passphrase for tenths of a second, on purpose.
pub trait Accounts: Send + Sync {
    /// All of them, by name.
    ///
    /// # Errors
    /// As the place fails where they are kept.
    fn list(&self) -> Result<Vec<Account>, AccountsFault>;

    /// The account with this name, if there is one.
    ///
    /// # Errors
    /// As [`Accounts::list`].
    fn find(&self, name: &AccountName) -> Result<Option<Account>, AccountsFault> {
        let mut accounts = self.list()?;
        accounts.retain(|account| account.name == *name);
        Ok(accounts.pop())
    }

    /// Adds an account.
    ///
    /// # Errors
    /// [`AccountsFault::Taken`], and as [`Accounts::list`].
    fn add(
        &self,
        name: &AccountName,
        role: Role,
        passphrase: &Passphrase,
    ) -> Result<Account, AccountsFault>;

    /// Adds an administrator where there is no account at all yet; `None` where there is one. Both in one act.
    ///
    /// # Errors
    /// As [`Accounts::list`].
    fn add_first(
        &self,
        name: &AccountName,
        passphrase: &Passphrase,
    ) -> Result<Option<Account>, AccountsFault>;

    /// Takes an account away.
    ///
    /// # Errors
    /// [`AccountsFault::Unknown`], [`AccountsFault::LastAdministrator`] while there are other accounts, and as
    /// [`Accounts::list`].
    fn remove(&self, name: &AccountName) -> Result<(), AccountsFault>;

    /// Sets another passphrase.
    ///
    /// # Errors
    /// [`AccountsFault::Unknown`], and as [`Accounts::list`].
    fn set_passphrase(
        &self,
        name: &AccountName,
        passphrase: &Passphrase,
    ) -> Result<Account, AccountsFault>;

    /// The account, when this is its passphrase. An unknown name takes as long as a wrong passphrase.
    ///
    /// # Errors
    /// As [`Accounts::list`].
    fn verify(&self, name: &str, passphrase: &Passphrase)
    -> Result<Option<Account>, AccountsFault>;
}
