//! `keyline users …`, `keyline groups …`, `keyline jobs from-group`: people and groups as tables, JSON and CSV. Lists of members are
//! written as they come, so that nothing but a page of them is kept.

use std::io::{self, Write};

use crate::app::people::LeftOut;
use crate::domain::document::no_formula;
use crate::domain::job::column::Column;
use crate::domain::job::proposal::Proposal;
use crate::domain::person::{Group, Person};
use crate::face::grid::{self, Side};
use crate::face::report::{broken_pipe, json, written};
use crate::face::say::clean::{clean, pad};
use crate::face::say::people::account;
use crate::face::say::{self, Complaint};

/// Columns of what is written before its widths can be known.
const NAME_WIDTH: usize = 28;
const USER_WIDTH: usize = 36;
const DEPARTMENT_WIDTH: usize = 20;
const ACCOUNT_WIDTH: usize = 8;
const LANGUAGE_WIDTH: usize = 8;

/// How a list of members is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Table,
    Json,
    Csv,
}

/// Writes the people that were found.
///
/// # Errors
/// When `to` fails.
pub fn users(people: &[Person], as_json: bool, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if as_json {
            return json::write(&serde_json::json!(people), to);
        }
        if people.is_empty() {
            return writeln!(to, "Nobody is found.");
        }
        let columns = [
            ("name", Side::Left),
            ("user", Side::Left),
            ("department", Side::Left),
            ("account", Side::Left),
            ("id", Side::Open),
        ];
        let rows: Vec<[String; 5]> = people.iter().map(cells).collect();
        grid::write(columns, &rows, to)
    })
}

/// Writes the groups that were found.
///
/// # Errors
/// When `to` fails.
pub fn groups(groups: &[Group], as_json: bool, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if as_json {
            return json::write(&serde_json::json!(groups), to);
        }
        if groups.is_empty() {
            return writeln!(to, "No group is found.");
        }
        let columns = [
            ("id", Side::Left),
            ("name", Side::Left),
            ("description", Side::Open),
        ];
        let row = |group: &Group| {
            let about = group.description.clone().unwrap_or_default();
            [group.id.0.clone(), group.display_name.clone(), about]
        };
        let rows: Vec<[String; 3]> = groups.iter().map(row).collect();
        grid::write(columns, &rows, to)
    })
}

fn cells(person: &Person) -> [String; 5] {
    let text = |text: Option<&String>| text.cloned().unwrap_or_else(|| "-".to_owned());
    [
        text(person.display_name.as_ref()),
        text(person.user_principal_name.as_ref()),
        text(person.department.as_ref()),
        account(person).to_owned(),
        person.id.0.clone(),
    ]
}

/// A list of members under way.
pub struct Members<'a> {
    shape: Shape,
    to: &'a mut dyn Write,
    begun: bool,
}

impl<'a> Members<'a> {
    /// The head of the list.
    ///
    /// # Errors
    /// When `to` fails.
    pub fn begin(shape: Shape, to: &'a mut dyn Write) -> Result<Self, Complaint> {
        let head = match shape {
            Shape::Table => line(["name", "user", "department", "account", "id"]),
            Shape::Json => "[".to_owned(),
            Shape::Csv => {
                let columns = "name,user,mail,department,employee_id,language,account,id";
                format!("\u{FEFF}{columns}\r\n")
            }
        };
        write!(to, "{head}").map_err(|error| broken_pipe(&error))?;
        Ok(Self {
            shape,
            to,
            begun: false,
        })
    }

    /// Writes some of them.
    ///
    /// # Errors
    /// When the place to write to fails.
    pub fn add(&mut self, people: &[Person]) -> Result<(), Complaint> {
        for person in people {
            let text = match self.shape {
                Shape::Table => {
                    let cells = cells(person);
                    line(cells.each_ref().map(String::as_str))
                }
                Shape::Json => {
                    let comma = if self.begun { "," } else { "" };
                    format!("{comma}\n  {}", serde_json::json!(person))
                }
                Shape::Csv => record(person).map_err(|error| broken_pipe(&error))?,
            };
            self.begun = true;
            write!(self.to, "{text}").map_err(|error| broken_pipe(&error))?;
        }
        Ok(())
    }

    /// The list is whole.
    ///
    /// # Errors
    /// When the place to write to fails.
    pub fn end(self) -> Result<(), Complaint> {
        let foot = match self.shape {
            Shape::Table | Shape::Csv => "",
            Shape::Json => "\n]\n",
        };
        write!(self.to, "{foot}")
            .and_then(|()| self.to.flush())
            .map_err(|error| broken_pipe(&error))
    }
}

fn line(cells: [&str; 5]) -> String {
    let [name, user, department, account, id] = cells;
    format!(
        "{}  {}  {}  {}  {}\n",
        pad(name, NAME_WIDTH),
        pad(user, USER_WIDTH),
        pad(department, DEPARTMENT_WIDTH),
        pad(account, ACCOUNT_WIDTH),
        clean(id)
    )
}

fn record(person: &Person) -> io::Result<String> {
    let text = |text: &Option<String>| no_formula(text.as_deref().unwrap_or_default());
    let cells = [
        text(&person.display_name),
        text(&person.user_principal_name),
        text(&person.mail),
        text(&person.department),
        text(&person.employee_id),
        text(&person.preferred_language),
        account(person).to_owned(),
        person.id.0.clone(),
    ];
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(cells)?;
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The head above rows that would be written.
///
/// # Errors
/// When `to` fails.
pub fn proposals_head(to: &mut dyn Write) -> Result<(), Complaint> {
    let head = proposed(["user", "name", "department", "language", "mail"]);
    writeln!(to, "{head}").map_err(|error| broken_pipe(&error))
}

/// A row that would be written.
///
/// # Errors
/// When `to` fails.
pub fn proposal(row: &Proposal, to: &mut dyn Write) -> Result<(), Complaint> {
    let cells = [
        Column::User,
        Column::Name,
        Column::Department,
        Column::Language,
        Column::Mail,
    ];
    let text = proposed(cells.map(|column| row.get(column)));
    writeln!(to, "{text}").map_err(|error| broken_pipe(&error))
}

fn proposed(cells: [&str; 5]) -> String {
    let [user, name, department, language, mail] = cells;
    let line = format!(
        "{}  {}  {}  {}  {}",
        pad(user, USER_WIDTH),
        pad(name, NAME_WIDTH),
        pad(department, DEPARTMENT_WIDTH),
        pad(language, LANGUAGE_WIDTH),
        clean(mail)
    );
    line.trim_end().to_owned()
}

/// Writes who was left out, and why.
///
/// # Errors
/// When `to` fails.
pub fn left_out(people: &[(Person, LeftOut)], to: &mut dyn Write) -> Result<(), Complaint> {
    if people.is_empty() {
        return Ok(());
    }
    written(to, |to| {
        writeln!(to, "Left out:")?;
        let columns = [
            ("name", Side::Left),
            ("user", Side::Left),
            ("why", Side::Open),
        ];
        let rows: Vec<[String; 3]> = people
            .iter()
            .map(|(person, why)| {
                let user = person.user_principal_name.as_ref();
                [
                    person
                        .display_name
                        .clone()
                        .unwrap_or_else(|| "-".to_owned()),
                    user.unwrap_or(&person.id.0).clone(),
                    say::people::left_out(why),
                ]
            })
            .collect();
        grid::write(columns, &rows, to)?;
        writeln!(to)
    })
}
