//! What the help says below the options: examples to copy, and what one has to know.

pub(super) const FIRST_STEPS: &str = "First steps:
  keyline demo                              see it all at work, with practice keys
  keyline init --recipient age1…            make a station in this folder
  keyline check config/station.toml         is the configuration right?
  keyline check --online                    is the tenant ready, and the bench?
  keyline check onboarding.csv              is this job file right? Nothing is taken in.
  keyline run                               start the station
  cp onboarding.csv queue/new/              give it work
  keyline status                            how far is it?

Exit codes:
  0 done   1 a defect of keyline   2 wrong usage or configuration   3 a job or policy was refused
  4 a job is held or waits for somebody   5 a key failed   6 Entra or the network failed
  7 the letter failed   8 the ledger or a folder failed   130 stopped

Answers go to stdout, talk goes to stderr. With --json stdout has one JSON value; what failed
stands in it under `error` (message, hint, exit_code), and nobody is asked. NO_COLOR is respected.
KEYLINE_LOG=trace wins over `[log] level` for one run; no level shows a PIN.";

pub(super) const INIT: &str = "Examples:
  keyline init --recipient age1qx…                        production: seal PINs to this one
  keyline init --recipient age1qx… --recipient age1yub…   either of two identities opens them
  keyline init --dir /srv/keyline --practice-identity practice.txt
  sudo -u keyline keyline init --configured     when /etc/keyline/station.toml is filled in

Every PIN is sealed to the recipients, and the station itself cannot open it again once it is
delivered. Make the recovery pair on another computer (`age-keygen`, or a plugin for a hardware
key) and keep its private half off the station. --practice-identity makes a pair here instead;
that is for trying out, because whoever copies the station then has both halves.";

pub(super) const RUN: &str = "Examples:
  keyline run
  keyline run --operator 4711               who is at the bench; it stands in the journal
  keyline run --limit 3                     a pilot: three keys, then nothing new is started
  keyline run --until-empty                 end when nothing is left to do

While it runs you may type, followed by Enter:
  wipe N       wipe the used key in slot N, when the slot asks
  take N       take the card in slot N, and all cards of its batch, when the slot asks
  cards        the same for every slot that asks
  pin N PIN    the PIN that the key in slot N has now, when the slot asks; it is not shown
  p            the letter that was named is in your hand, and good (policy: confirm = \"key\")
  b            the key that was named lies in its bag (policy: bag = \"key\")
  badge NAME   somebody else is at the bench now
  quit         finish the steps in hand, then end
A hand scanner types here too: the code of a letter (PM1…), a control number or the label of a bag
(B-0042) is taken at any time, whatever the slots ask; see `keyline mailer confirm --help`.
Enter alone does nothing, and what a touched key types is ignored.";

pub(super) const STATUS: &str = "Examples:
  keyline status
  keyline status --json | jq .held";

pub(super) const PINS: &str = "Examples:
  keyline pins show anna@contoso.com --identity recovery.txt --ledger ledger-copy.db
  keyline pins show 0042 --identity recovery.txt --void \"the lost key was found\"";

pub(super) const DEMO: &str = "Examples:
  keyline demo
  keyline demo --keys 8 --slots 2 --seed 7
  keyline demo --console                    watch it in the browser; Ctrl-C ends it
  keyline demo --keep /tmp/keyline-demo     keep everything for a closer look
  keyline demo --keys 2 --printer ipp://localhost/printers/letters
                                            two letters on real paper, marked PRACTICE

While it runs, a second terminal can practise with its tenant: 24 people, and the groups Site
Berlin, Site London, Site Madrid, Site Paris, Pilot users, Field staff, All employees (in which
the sites are nested) and Newcomers (empty):
  cd /tmp/keyline-demo
  keyline users find anna
  keyline groups members \"Pilot users\"
  keyline jobs from-group \"Pilot users\" --policy standard --dry-run";

pub(super) const COMPLETIONS: &str = "Examples:
  keyline completions bash > /etc/bash_completion.d/keyline
  keyline completions zsh > ~/.zfunc/_keyline";

pub(super) const MAN: &str = "Examples:
  keyline man > /usr/local/share/man/man1/keyline.1";
