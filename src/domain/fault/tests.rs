//! What an older keyline wrote is read, and written again as it was.

use super::*;

#[test]
fn faults_of_an_older_journal_are_read_and_stay_as_they_were() {
    for text in [
        r#"{"fault":"user_unknown","request_id":"r-1"}"#,
        r#"{"fault":"user_unknown","request_id":"r-1","code":"Request_ResourceNotFound"}"#,
        r#"{"fault":"answer_unusable","what":"there is no challenge in it"}"#,
    ] {
        let fault: Fault = serde_json::from_str(text).expect("a fault");
        assert_eq!(serde_json::to_string(&fault).expect("text"), text);
    }
    let newer = Fault::AnswerUnusable {
        what: "no".to_owned(),
        request_id: "r-1".to_owned(),
    };
    let text = serde_json::to_string(&newer).expect("text");
    assert_eq!(
        serde_json::from_str::<Fault>(&text).expect("a fault"),
        newer
    );
}
