//! What a change that the administrator asked for came to, for scripts: the job as it stands now, and what happened to it.

use serde_json::{Value, json};

use crate::app::admin::Changed;
use crate::face::report::json;
use crate::port::JobRecord;

/// The job as every list has it, the change in one word, and what else there is to say of it. `void`: the control number of a letter
/// that is not to be trusted any more.
pub fn changed_facts(record: &JobRecord, changed: &Changed) -> Value {
    let (change, more) = match changed {
        Changed::Held => ("held", json!({})),
        Changed::Released => ("released", json!({})),
        Changed::Cancelled { begun, void } => {
            ("cancelled", json!({ "begun": begun, "void": void }))
        }
        Changed::Retried {
            begun,
            reissue,
            void,
        } => (
            "retried",
            json!({ "begun": begun, "reissue_dropped": reissue, "void": void }),
        ),
        Changed::Reissued { void } => ("reissued", json!({ "void": void })),
        Changed::HandedOver { older } => ("handed_over", json!({ "older_passkeys": older })),
        Changed::Retired { fate, void, kept } => (
            fate.word(),
            json!({ "void": void, "older_passkeys_kept": kept }),
        ),
    };
    let mut value = json::job(record);
    if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
        fields.insert("change".to_owned(), change.into());
        fields.extend(more);
    }
    value
}
