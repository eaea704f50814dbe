//! What hands do to letters and bags, as it is typed: the examples below the help of `keyline mailer confirm`, `spoil`, `dispatch`.

pub(super) const CONFIRM: &str = "Examples:
  keyline mailer confirm 482091735525            the number on the sheet, with or without blanks
  keyline mailer confirm B-0042                  the key of envelope 0042 lies in its bag
  keyline mailer confirm -                       a hand scanner types them, one after another

A letter's first scan says: this sheet is there, and it is good. The second one says: it lies in
its envelope. What is not the job's current sheet is VOID: destroy it. L-0042 alone confirms
nothing, since it can be typed without the sheet. With `-` each line is answered at once; what is
no code, such as an empty line or what a touched key types, is passed over.

Exit code 0: everything was taken, or stood there already. 2: a code cannot be read. 3: a letter
is void, or is not waited for. 4: the station works on that job just now; scan it again.";

pub(super) const REISSUE: &str = "Examples:
  keyline mailer reissue 0042 --reason \"nobody knows whether it came out\"
  keyline mailer reissue 482091735525 --reason \"jammed in the printer\"";

pub(super) const SPOIL: &str = "Examples:
  keyline mailer spoil 0042 --reason \"torn\"
  keyline mailer reissue 0042 --reason \"torn\"   then: the same key gets a new PIN and a new letter

Before its confirmation a letter that is spoiled leaves its job on hold until it is reissued.
After it, and until the letter is dispatched, the job stays done and the person needs a
replacement: drop a job file with `replace` = yes for them. Neither the letter nor its bag is
dispatched then.";

pub(super) const DISPATCH: &str = "Examples:
  keyline mailer dispatch onboarding --dry-run   what would leave now, and why the rest stays
  keyline mailer dispatch onboarding             note down what leaves; post exactly that
  keyline mailer dispatch onboarding             the next day: the letters

Bags leave as soon as their jobs are done. A letter leaves `gap_days` of its policy after its bag,
full days of 24 hours; where keys have no bags they count from the end of the key's enrollment.
It can be repeated as often as one likes: what has left stays so.

Exit code 0: something leaves, or nothing is left that could. 3: a void letter is among the batch,
though the others may leave. 4: nothing can leave now, and something stays.";
