//! `keyline console user list`.

use std::io::Write;

use serde_json::{Value, json};

use crate::domain::account::Account;
use crate::face::grid::{self, Side};
use crate::face::report::{Style, json, written};
use crate::face::say::{Complaint, console, moment};

/// Writes who may sign in to the console.
///
/// # Errors
/// When `to` fails.
pub fn accounts(accounts: &[Account], style: &Style, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if style.json {
            let list: Vec<Value> = accounts
                .iter()
                .map(|account| {
                    json!({
                        "name": account.name,
                        "role": account.role,
                        "set": moment::utc(account.set),
                    })
                })
                .collect();
            return json::write(&Value::Array(list), to);
        }
        if accounts.is_empty() {
            return writeln!(to, "{}", console::NOBODY);
        }
        let rows: Vec<[String; 3]> = accounts
            .iter()
            .map(|account| {
                [
                    account.name.to_string(),
                    account.role.as_str().to_owned(),
                    moment::local(account.set, &style.zone),
                ]
            })
            .collect();
        let columns = [
            ("name", Side::Left),
            ("role", Side::Left),
            ("since", Side::Open),
        ];
        grid::write(columns, &rows, to)
    })
}
