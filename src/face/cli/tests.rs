//! What can be typed, and what the answer to a slip is.

use clap::CommandFactory as _;
use expect_test::{Expect, expect};

use super::*;

fn command(line: &str) -> Command {
    match parse(line.split(' ')).unwrap() {
        Parsed::Command(cli) => cli.command,
        Parsed::Text(text) => panic!("{text}"),
    }
}

fn slip(line: &str, expected: Expect) {
    let complaint = parse(line.split(' ')).unwrap_err();
    assert_eq!(complaint.exit.number(), 2);
    let mut text = Vec::new();
    complaint.write(&mut text).unwrap();
    expected.assert_eq(&String::from_utf8(text).unwrap());
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn what_is_promised_can_be_typed() {
    for line in [
        "keyline init --recipient age1a --recipient age1b --dir station",
        "keyline init --practice-identity practice.txt",
        "keyline run --limit 3 --until-empty --operator 4711",
        "keyline check onboarding.csv",
        "keyline check --online --json --enrol-test test.user@contoso.com",
        "keyline status --json",
        "keyline jobs list --batch onboarding --json",
        "keyline jobs show 0042 --json",
        "keyline jobs hold anna@contoso.com --reason leave",
        "keyline jobs release 7 --json",
        "keyline jobs cancel 7 --json",
        "keyline jobs retry 7 --json",
        "keyline jobs add anna@contoso.com --policy standard --role backup --language de --name Anna",
        "keyline jobs from-group Sales --policy standard --missing-only --dry-run --role primary --json",
        "keyline users find anna --json",
        "keyline groups find sales --json",
        "keyline groups members Sales --csv",
        "keyline mailer reissue 0042 --reason torn --json",
        "keyline mailer confirm 482091735525 B-0042 --json",
        "keyline mailer confirm -",
        "keyline mailer spoil 0042 --reason torn --json",
        "keyline mailer dispatch onboarding --dry-run --json",
        "keyline keys identify --json",
        "keyline keys return 0042 --reason left --yes --wipe-later --json",
        "keyline keys lost 12345678 --reason stolen",
        "keyline keys scrap 0042 --reason broken --yes",
        "keyline handover 0042 --yes --json",
        "keyline handover --batch onboarding",
        "keyline slots learn",
        "keyline pins show 7 --identity recovery.txt --ledger copy.db",
        "keyline ledger verify",
        "keyline ledger verify copy.db --json --key 0123456789abcdef0123456789abcdef0123456789ABCDEF0123456789abcdef",
        "keyline ledger backup copy.db",
        "keyline people erase anna@contoso.com --json",
        "keyline entra setup --json",
        "keyline entra setup --certificate",
        "keyline entra setup --certificate entra.pem --json",
        "keyline entra setup --perform",
        "keyline entra setup --perform --yes --device-code --name keyline --also User.Read.All --also Member.Read.Hidden",
        "keyline entra login",
        "keyline entra login --device-code",
        "keyline entra login --browser",
        "keyline entra logout",
        "keyline entra whoami --json",
        "keyline console --ledger copy.db",
        "keyline console --ledger copy.db --listen [::1]:8137 --config other.toml",
        "keyline console user add anna --role operator --passphrase-file -",
        "keyline console user list --json",
        "keyline console user remove anna",
        "keyline console user passphrase anna",
        "keyline demo --console",
        "keyline demo --keys 8 --slots 2 --seed 7 --keep demo",
        "keyline demo --keys 2 --printer ipp://localhost/printers/letters",
        "keyline completions bash",
        "keyline man",
    ] {
        command(line);
    }
    let Parsed::Command(cli) = parse("keyline status --config other.toml".split(' ')).unwrap()
    else {
        panic!("no command");
    };
    assert_eq!(cli.config, PathBuf::from("other.toml"));
}

#[test]
fn a_slip_is_answered_with_what_would_be_right() {
    slip(
        "keyline jobs relaese 7",
        expect![[r#"
        error: Unrecognized subcommand 'relaese'.

        hint: A similar subcommand exists: 'release'.
              Usage: keyline jobs [OPTIONS] <COMMAND>
              Add `--help` to learn more.
    "#]],
    );
    slip(
        "keyline run --limit 0",
        expect![[r#"
        error: Invalid value '0' for '--limit <N>': at least 1 is needed.

        hint: Add `--help` to learn more.
    "#]],
    );
    slip(
        "keyline init",
        expect![[r#"
            error: The following required arguments were not provided:
              <--recipient <age1…>|--practice-identity <FILE>|--configured>

            hint: Usage: keyline init <--recipient <age1…>|--practice-identity <FILE>|--configured>
                  Add `--help` to learn more.
        "#]],
    );
    slip(
        "keyline jobs show",
        expect![[r#"
        error: The following required arguments were not provided:
          <JOB>

        hint: Usage: keyline jobs show <JOB>
              Add `--help` to learn more.
    "#]],
    );
    slip(
        "keyline run --operator \u{202E}",
        expect![[r#"
        error: Invalid value '�' for '--operator <BADGE>': a badge has no control or direction characters.

        hint: Add `--help` to learn more.
    "#]],
    );
}

#[test]
fn a_reason_that_says_nothing_is_none() {
    for command in [
        "jobs hold 7",
        "keys return 7",
        "keys lost 7",
        "keys scrap 7",
        "keys remove anna@contoso.com 7",
        "mailer spoil 7",
        "mailer reissue 7",
    ] {
        for reason in ["", "  ", "\u{200B}", "…"] {
            let words = ["keyline"].into_iter().chain(command.split(' '));
            let complaint = parse(words.chain(["--reason", reason])).unwrap_err();
            assert_eq!(complaint.exit.number(), 2, "{command} {reason:?}");
            assert!(complaint.message.contains("a reason has"), "{command}");
        }
    }
}

#[test]
fn a_script_is_known_by_its_words_alone() {
    let wants = |line: &str| {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        wants_json(&words)
    };
    assert!(wants("keyline status --json"));
    assert!(wants("keyline keys list --json --nonsense"));
    assert!(!wants("keyline status"));
    assert!(!wants("keyline users find -- --json"));
    assert!(!wants("keyline jobs hold 7 --reason=--json"));
}

#[test]
fn a_missing_choice_lists_the_choices() {
    let complaint = parse(["keyline", "jobs"]).unwrap_err();
    assert_eq!(complaint.message, "What shall be done is missing.");
    for choice in ["list", "show", "hold", "release", "cancel", "retry"] {
        assert!(complaint.hint.contains(choice), "{}", complaint.hint);
    }
}

#[test]
fn a_missing_choice_after_an_option_lists_the_choices_too() {
    let complaint = parse("keyline jobs --config x".split(' ')).unwrap_err();
    assert_eq!(complaint.message, "What shall be done is missing.");
    assert_eq!(
        complaint.hint,
        "One of these: list, show, hold, release, cancel, retry, add, from-group. Add `--help` to learn more."
    );
}

#[test]
fn help_is_an_answer_and_not_a_complaint() {
    let Parsed::Text(text) = parse(["keyline", "run", "--help"]).unwrap() else {
        panic!("no text");
    };
    for word in [
        "wipe N",
        "take N",
        "cards",
        "pin N PIN",
        "badge NAME",
        "quit",
        "--until-empty",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn every_command_has_help_and_stands_in_the_manual() {
    let mut page = Vec::new();
    man(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let mut root = Cli::command();
    root.build();
    visit(&root, "keyline", &page);
}

#[test]
fn the_manual_keeps_the_lines_of_the_first_help() {
    let mut page = Vec::new();
    man(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let (_, notes) = page.split_once(".SH NOTES\n.nf\n").unwrap();
    let (notes, _) = notes.split_once("\n.fi\n.SH COMMANDS").unwrap();
    let lines: Vec<String> = notes
        .lines()
        .map(|line| line.trim_start_matches("\\&").replace("\\-", "-"))
        .collect();
    assert_eq!(lines.join("\n"), FIRST_STEPS);
}

fn visit(command: &clap::Command, name: &str, page: &str) {
    assert!(command.get_about().is_some(), "{name} has no help");
    for argument in command.get_arguments() {
        assert!(argument.get_help().is_some(), "{name} {argument}");
    }
    for inner in command.get_subcommands() {
        let name = format!("{name} {}", inner.get_name());
        assert!(page.contains(&format!(".SS \"{name}\"")), "{name}");
        visit(inner, &name, page);
    }
}

/// What stands below the options of `command`.
fn below(command: &clap::Command) -> String {
    command
        .get_after_help()
        .map_or_else(String::new, ToString::to_string)
}

/// The commands in `text` that can be copied: from `keyline` to what a shell would do with it, or to the words beside it.
fn examples(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
    let own = lines.filter(|line| line.starts_with("keyline ") || line.starts_with("sudo "));
    own.map(|line| {
        let line = line.trim_start_matches("sudo -u keyline ");
        let ends = ["   ", " | ", " > "]
            .into_iter()
            .filter_map(|mark| line.find(mark));
        line.split_at(ends.min().unwrap_or(line.len())).0
    })
}

/// As a shell takes a line apart.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = None;
    for letter in line.chars() {
        match (letter, quoted) {
            ('"' | '\'', None) => quoted = Some(letter),
            (_, Some(mark)) if letter == mark => quoted = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn each(command: &clap::Command, name: &str, look: &mut impl FnMut(&clap::Command, &str)) {
    look(command, name);
    for inner in command.get_subcommands() {
        each(inner, &format!("{name} {}", inner.get_name()), look);
    }
}

#[test]
fn every_command_shows_an_example_of_itself_and_each_example_can_be_typed() {
    let mut root = Cli::command();
    root.build();
    let (mut leaves, mut tried) = (0, 0);
    each(&root, "keyline", &mut |command, name| {
        let text = below(command);
        if !command.has_subcommands() {
            leaves += 1;
            let own =
                examples(&text).any(|line| line == name || line.starts_with(&format!("{name} ")));
            assert!(
                own && text.contains("Examples:\n"),
                "`{name} --help` has no example of its own:\n{text}"
            );
        }
        for line in examples(&text) {
            tried += 1;
            if let Err(complaint) = parse(words(line)) {
                panic!("{name}: {line}: {}", complaint.message);
            }
        }
    });
    assert!(leaves > 40 && tried > 100, "{leaves} {tried}");
}

#[test]
fn no_line_of_a_help_is_broken_by_a_narrow_terminal_of_100_columns() {
    const COLUMNS: usize = 98;
    let mut root = Cli::command();
    root.build();
    let mut looked_at = 0;
    each(&root, "keyline", &mut |command, name| {
        let texts = [command.get_about(), command.get_after_help()];
        let texts = texts.into_iter().flatten().map(ToString::to_string);
        for line in texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()) {
            looked_at += 1;
            let columns = line.chars().count();
            assert!(
                columns <= COLUMNS,
                "{name} --help, {columns} columns: {line}"
            );
        }
    });
    assert!(looked_at > 300, "{looked_at}");
}

#[test]
fn taking_keys_off_the_stock_has_a_help_of_its_own() {
    let help = |line: &str| match parse(line.split(' ')).unwrap() {
        Parsed::Text(text) => text,
        Parsed::Command(_) => panic!("no text"),
    };
    let (import, remove) = (
        help("keyline stock import --help"),
        help("keyline stock remove --help"),
    );
    assert!(remove.contains("keyline stock remove wrong-list.csv"));
    assert!(!remove.contains("keyline stock import delivery"));
    assert!(import.contains("keyline stock import delivery"));
}

#[test]
fn only_a_key_that_comes_back_can_be_left_unwiped() {
    for (command, has) in [("return", true), ("lost", false), ("scrap", false)] {
        let Parsed::Text(text) = parse(["keyline", "keys", command, "--help"]).unwrap() else {
            panic!("no text");
        };
        assert_eq!(text.contains("not wiped yet"), has, "{text}");
        let others = ["return", "lost", "scrap"];
        for other in others.into_iter().filter(|other| *other != command) {
            assert!(
                !text.contains(&format!("  keyline keys {other} ")),
                "{text}"
            );
        }
    }
}

#[test]
fn a_choice_that_is_missing_names_all_that_would_do() {
    for (line, choices) in [
        ("keyline handover", "<JOB|--batch <BATCH>>"),
        (
            "keyline keys remove anna@contoso.com",
            "<KEY|--all|--all-passkeys>",
        ),
        ("keyline check", "<FILE|--online>"),
        ("keyline check --json", "  --online"),
        ("keyline check --enrol-test anna@contoso.com", "  --online"),
        (
            "keyline init",
            "<--recipient <age1…>|--practice-identity <FILE>|--configured>",
        ),
    ] {
        let complaint = parse(line.split(' ')).unwrap_err();
        assert!(
            complaint.message.contains(choices),
            "{line}: {}",
            complaint.message
        );
        assert!(complaint.hint.starts_with("Usage: keyline "), "{line}");
    }
}

#[test]
fn both_spellings_are_taken() {
    for line in [
        "keyline check --online --enroll-test test.user@contoso.com",
        "keyline check --online --enrol-test test.user@contoso.com",
        "keyline mailer preview din5008b --lang de -o letter.pdf",
        "keyline mailer preview din5008b --language de -o letter.pdf",
        "keyline jobs add anna@contoso.com --lang de",
        "keyline jobs add anna@contoso.com --language de",
        "keyline jobs from-group Sales --policy standard --lang de",
        "keyline jobs from-group Sales --policy standard --language de",
    ] {
        command(line);
    }
}

#[test]
fn a_disk_without_room_is_told_and_no_panic() {
    let mut none: [u8; 0] = [];
    assert!(completions(clap_complete::Shell::Bash, &mut none.as_mut_slice()).is_err());
    assert!(man(&mut none.as_mut_slice()).is_err());
}

#[test]
fn completions_know_every_command() {
    let mut script = Vec::new();
    completions(clap_complete::Shell::Bash, &mut script).unwrap();
    let script = String::from_utf8(script).unwrap();
    for word in ["until-empty", "practice-identity", "release", "erase"] {
        assert!(script.contains(word), "{word}");
    }
}
