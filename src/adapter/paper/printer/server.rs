//! What the settings of a print server on this computer (CUPS' cupsd.conf) mean for letters. It does not tell them over IPP, so its
//! file is read, where it can be. Reads only.

use std::path::Path;

use crate::domain::paper::printer::Concern;

/// Where CUPS has its settings.
const SETTINGS: &str = "/etc/cups/cupsd.conf";
/// Fewer jobs than these in a print server, and those of others may crowd out a letter or its record.
const JOBS_MIN: u32 = 20;
/// A job's record has to be there until the station has asked.
const HISTORY_SECONDS_MIN: u64 = 600;

/// What should be changed at the print server. `local`: it runs on this computer.
pub(super) fn concerns_of_server(local: bool) -> Vec<Concern> {
    if !local {
        return vec![Concern::Unread {
            what: "the print server is another computer".to_owned(),
        }];
    }
    match std::fs::read_to_string(Path::new(SETTINGS)) {
        Ok(text) => concerns_of(&text),
        Err(error) => vec![Concern::Unread {
            what: format!("{SETTINGS} cannot be read: {error}"),
        }],
    }
}

/// What is wrong with these settings.
fn concerns_of(text: &str) -> Vec<Concern> {
    let setting = |name: &str| {
        text.lines()
            .filter_map(|line| line.trim().split_once(char::is_whitespace))
            .filter(|(word, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .next_back()
    };
    let mut concerns = Vec::new();
    // One day, where nothing is said.
    let files = setting("PreserveJobFiles").unwrap_or_else(|| "86400".to_owned());
    if !is_no(&files) {
        concerns.push(Concern::KeepsFiles {
            setting: format!("PreserveJobFiles {files}"),
        });
    }
    if let Some(history) = setting("PreserveJobHistory")
        && (is_no(&history) || seconds(&history).is_some_and(|kept| kept < HISTORY_SECONDS_MIN))
    {
        concerns.push(Concern::ForgetsJobs {
            setting: format!("PreserveJobHistory {history}"),
        });
    }
    if let Some(jobs_max) = setting("MaxJobs").and_then(|jobs| jobs.parse().ok())
        && (1..JOBS_MIN).contains(&jobs_max)
    {
        concerns.push(Concern::FewJobs { jobs_max });
    }
    concerns
}

fn is_no(value: &str) -> bool {
    ["no", "off", "false", "0"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no))
}

/// A time as CUPS writes it: a number, and s, m, h, d or w. `None` for words such as `Yes`.
fn seconds(value: &str) -> Option<u64> {
    let digits = value.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let unit = match value.get(digits.len()..)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps(setting: &str) -> Concern {
        Concern::KeepsFiles {
            setting: setting.to_owned(),
        }
    }

    #[test]
    fn settings_that_keep_or_lose_too_much_are_named_as_they_are() {
        assert_eq!(concerns_of(""), [keeps("PreserveJobFiles 86400")]);
        assert_eq!(
            concerns_of("# PreserveJobFiles No\n"),
            [keeps("PreserveJobFiles 86400")]
        );
        assert_eq!(
            concerns_of("PreserveJobFiles No\n  preservejobfiles   1d\n"),
            [keeps("PreserveJobFiles 1d")]
        );
        let good = "MaxJobs 500\nPreserveJobFiles No\nPreserveJobHistory Yes\n";
        assert_eq!(concerns_of(good), []);
        let forgets = |history: &str| {
            concerns_of(&format!(
                "PreserveJobFiles No\nPreserveJobHistory {history}\n"
            ))
        };
        for history in ["No", "off", "0", "30", "5m"] {
            let setting = format!("PreserveJobHistory {history}");
            assert_eq!(forgets(history), [Concern::ForgetsJobs { setting }]);
        }
        for history in ["Yes", "600", "1h", "10m"] {
            assert_eq!(forgets(history), [], "{history}");
        }
        // Without a limit, and with room.
        for (jobs, few) in [("0", false), ("1", true), ("19", true), ("20", false)] {
            let concerns = concerns_of(&format!("PreserveJobFiles No\nMaxJobs {jobs}\n"));
            assert_eq!(!concerns.is_empty(), few, "{jobs}");
        }
    }
}
