//! Which permissions a station is to have.

use super::*;

fn names(also: &[&str]) -> Vec<&'static str> {
    let also: Vec<String> = also.iter().map(|&name| name.to_owned()).collect();
    let wanted = wanted(&also).expect("they are known");
    wanted.iter().map(|one| one.name).collect()
}

#[test]
fn the_least_is_what_the_preflight_would_miss_and_more_only_on_request() {
    assert_eq!(
        names(&[]),
        [
            "UserAuthMethod-Passkey.ReadWrite.All",
            "Policy.Read.All",
            "User.ReadBasic.All",
            "GroupMember.Read.All"
        ]
    );
    // The broader one makes the narrower one superfluous.
    assert_eq!(
        names(&["user.read.all"]),
        [
            "UserAuthMethod-Passkey.ReadWrite.All",
            "Policy.Read.All",
            "User.Read.All",
            "GroupMember.Read.All"
        ]
    );
    let also = ["Directory.ReadWrite.All".to_owned()];
    assert_eq!(wanted(&also), Err("Directory.ReadWrite.All"));
}
