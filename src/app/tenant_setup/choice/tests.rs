//! Which permissions a station is to have.

use super::*;

fn names(also: &[&str], without: &[&str], least: bool) -> Vec<&'static str> {
    let [also, without] = [also, without].map(owned);
    let wanted = wanted(&Choice {
        also: &also,
        without: &without,
        least,
    });
    let wanted = wanted.expect("they are known");
    wanted.iter().map(|one| one.name).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

const ENROLS: &str = "UserAuthMethod-Passkey.ReadWrite.All";

#[test]
fn the_least_is_what_the_preflight_would_miss_and_more_only_on_request() {
    let all = [
        ENROLS,
        "Policy.Read.All",
        "User.ReadBasic.All",
        "GroupMember.Read.All",
    ];
    assert_eq!(names(&[], &[], false), all);
    // The broader one makes the narrower one superfluous.
    let [first, second, _, fourth] = all;
    let broader = [first, second, "User.Read.All", fourth];
    assert_eq!(names(&["user.read.all"], &[], false), broader);
}

#[test]
fn whatever_is_not_needed_can_be_left_out_and_what_is_needed_comes_first() {
    let useful = [
        "Policy.Read.All",
        "user.readbasic.all",
        "GroupMember.Read.All",
    ];
    assert_eq!(names(&[], &useful, false), [ENROLS]);
    assert_eq!(names(&[], &[], true), [ENROLS]);
    assert_eq!(
        names(&["Policy.Read.All"], &[], true),
        [ENROLS, "Policy.Read.All"]
    );
    let optional = |also: &[&str]| {
        let also = owned(also);
        let wanted = wanted(&Choice {
            also: &also,
            ..Choice::default()
        });
        let wanted = wanted.expect("they are known").into_iter();
        let optional = wanted.filter(|one| one.optional);
        optional.map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!(
        optional(&[]),
        [
            "Policy.Read.All",
            "User.ReadBasic.All",
            "GroupMember.Read.All"
        ]
    );
    // Whoever names one is not asked whether they mean it.
    assert_eq!(
        optional(&["Policy.Read.All", "Member.Read.Hidden"]),
        ["User.ReadBasic.All", "GroupMember.Read.All"]
    );
}

#[test]
fn what_is_no_choice_is_refused_by_its_name() {
    let refused = |also: &[&str], without: &[&str]| {
        let [also, without] = [also, without].map(owned);
        let wanted = wanted(&Choice {
            also: &also,
            without: &without,
            least: false,
        });
        format!("{:?}", wanted.expect_err("refused"))
    };
    let broad = "Directory.ReadWrite.All";
    assert_eq!(refused(&[broad], &[]), format!("Unknown({broad:?})"));
    assert_eq!(refused(&[], &[broad]), format!("Unknown({broad:?})"));
    assert_eq!(refused(&[], &[ENROLS]), format!("Needed({ENROLS:?})"));
    let both = "Policy.Read.All";
    assert_eq!(refused(&[both], &[both]), format!("Both({both:?})"));
}
