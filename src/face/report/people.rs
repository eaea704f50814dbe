//! `keyline users …`, `keyline groups …`, `keyline jobs from-group`: people and groups as tables, JSON and CSV. Lists of members are
//! written as they come, so that nothing but a page of them is kept.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::app::people::LeftOut;
use crate::domain::document::no_formula;
use crate::domain::job::column::Column;
use crate::domain::job::proposal::Proposal;
use crate::domain::person::{Group, Person};
use crate::face::grid::{self, Side};
use crate::face::report::{self, written};
use crate::face::say::clean::{clean, pad};
use crate::face::say::people::account;
use crate::face::say::{self, Complaint, cannot_write};

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
            return report::json::write(&json!(people), to);
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
            return report::json::write(&json!(groups), to);
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
            // Who has to be told of a failure before the first page gets no list at all.
            Shape::Json => String::new(),
            Shape::Csv => {
                let columns = "name,user,mail,department,employee_id,language,account,id";
                format!("\u{FEFF}{columns}\r\n")
            }
        };
        write!(to, "{head}").map_err(|error| cannot_write(&error))?;
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
                    let before = self.before();
                    format!("{before}\n  {}", json!(person))
                }
                Shape::Csv => record(person).map_err(|error| cannot_write(&error))?,
            };
            self.begun = true;
            write!(self.to, "{text}").map_err(|error| cannot_write(&error))?;
        }
        Ok(())
    }

    /// The list is whole.
    ///
    /// # Errors
    /// When the place to write to fails.
    pub fn end(self) -> Result<(), Complaint> {
        let foot = match (self.shape, self.begun) {
            (Shape::Table | Shape::Csv, _) => "",
            (Shape::Json, true) => "\n]\n",
            (Shape::Json, false) => "[]\n",
        };
        write!(self.to, "{foot}")
            .and_then(|()| self.to.flush())
            .map_err(|error| cannot_write(&error))
    }
}

impl Members<'_> {
    /// What stands before the next member of a list for scripts.
    const fn before(&self) -> &'static str {
        if self.begun { "," } else { "[" }
    }

    /// The list is not whole. A script finds why behind the last member; where there is none yet, it is told as of every command.
    pub fn broken_off(self, why: &Complaint) {
        if self.shape == Shape::Json && self.begun {
            // What went wrong first is what counts.
            let _ = write!(self.to, ",\n  {}\n]\n", report::failure(why));
        }
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
    writeln!(to, "{head}").map_err(|error| cannot_write(&error))
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
    writeln!(to, "{text}").map_err(|error| cannot_write(&error))
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
pub fn left_out(people: &[(Person, LeftOut)], to: &mut dyn Write) -> io::Result<()> {
    if people.is_empty() {
        return Ok(());
    }
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
}

/// The same for scripts: each person as `groups members` has them, and why they get no key.
pub fn left_out_facts(people: &[(Person, LeftOut)]) -> Vec<Value> {
    let one = |(person, why): &(Person, LeftOut)| {
        json!({
            "person": person,
            "why": say::people::left_out_word(why),
            "message": say::people::left_out(why),
        })
    };
    people.iter().map(one).collect()
}

/// A row that lies in a job file, or would, for scripts: its cells by their columns.
pub fn row(row: &Proposal) -> Value {
    let cells = Column::ALL.into_iter().filter_map(|column| {
        let text = row.get(column);
        (!text.is_empty()).then(|| (column.word().to_owned(), Value::from(text)))
    });
    let mut cells: Map<String, Value> = cells.collect();
    cells.insert("object_id".to_owned(), json!(row.object_id));
    Value::Object(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::{ObjectId, UserType};

    fn person(id: &str) -> Person {
        Person {
            id: ObjectId(id.to_owned()),
            display_name: None,
            user_principal_name: None,
            mail: None,
            department: None,
            employee_id: None,
            preferred_language: None,
            user_type: UserType::Member,
            enabled: None,
        }
    }

    #[test]
    fn a_list_for_scripts_is_one_value_also_where_it_breaks_off() {
        let told = |people: &[&str], why: Option<&Complaint>| {
            let mut text = Vec::new();
            let mut list = Members::begin(Shape::Json, &mut text).expect("room");
            for id in people {
                list.add(&[person(id)]).expect("room");
            }
            match why {
                None => list.end().expect("room"),
                Some(why) => list.broken_off(why),
            }
            String::from_utf8(text).expect("text")
        };
        let read = |text: &str| -> Vec<Value> { serde_json::from_str(text).expect("one list") };
        let away = Complaint::usage("Entra is away.", "Try again.");
        assert_eq!(read(&told(&[], None)), Vec::<Value>::new());
        assert_eq!(read(&told(&["a", "b"], None)).len(), 2);
        let broken = read(&told(&["a", "b"], Some(&away)));
        assert_eq!((broken.len(), &broken[1]["id"]), (3, &Value::from("b")));
        assert_eq!(broken[2]["error"]["message"], "Entra is away.");
        assert_eq!(told(&[], Some(&away)), "", "told as of every command");
    }
}
