//! Sheets that are none: how letters look, where a profile's boxes lie, and whether everything fits.

pub(super) const PREVIEW: &str = "Examples:
  keyline mailer preview din5008b -o letter.pdf
  keyline mailer preview us10 --lang fr --kind receipt --name \"Zoë Álvarez\" -o receipt.pdf
  keyline mailer preview label -o - | lp

PROFILE is a shipped one (c5, din5008a, din5008b, label, seal-z, us10) or one of the folder that
`[paper] templates` names. The PIN on it is 1234 5678, which no policy ever draws, and SPECIMEN
stands across the page. No ledger and no printer is touched; without a configuration what is
shipped is shown.";

pub(super) const CALIBRATE: &str = "Examples:
  keyline mailer calibrate din5008b -o rulers.pdf

Print it at 100 %, without scaling, on the paper of the letters. Its rulers stand where printers
print and count from the paper's edge: lay a ruler of your own there and compare. Then fold it and
put it into the envelope: only what lies in the outline of the window may be seen through it.";

pub(super) const CHECK: &str = "Examples:
  keyline mailer check
  keyline mailer check --json | jq '.sheets[] | select(.outcome != \"fits\")'

Sets every sheet of every profile in every language with long names, addresses and PINs. A
language whose script needs a font that is not named is a warning. Whether a person's own name and
address fit is tried again when a job file is taken in.

Exit code 0: everything fits. 7: something does not.";
