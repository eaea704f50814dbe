//! The parts of the bench's page in one language, each a piece of HTML with an id of its own: what the page shows at first, and
//! what the stream sends again when it is another. The same board gives the same text, letter for letter.

use std::collections::BTreeMap;

use askama::Template;

use crate::app::board::{KeyInSlot, View};
use crate::app::station::offers::Offer;
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::face::console::bench::Facts;
use crate::face::console::bench::card::{Card, Picture, Reached, Scene};
use crate::face::console::bench::hands::{self, Letter};
use crate::face::console::bench::moment::Anchor;
use crate::face::console::bench::top::{self, Top};
use crate::face::console::words::Words;
use crate::face::prompt::Wanted;
use crate::face::say::clean::clean;
use crate::face::say::slot::Tone;

/// What the metadata calls a certified key; a level may stand behind it.
const CERTIFIED: &str = "FIDO_CERTIFIED";
/// Mebibytes of a gibibyte.
const GIB_MIB: u64 = 1024;

/// What the parts are made from.
pub(super) struct Sight<'a> {
    pub(super) view: &'a View,
    pub(super) anchor: Anchor,
    /// The slots at which somebody is to type a PIN, and for whose key.
    pub(super) pins: &'a [Wanted],
    /// What happened last, in English; may be empty.
    pub(super) news: &'a str,
    pub(super) facts: &'a Facts,
    pub(super) free_bytes: Option<u64>,
}

/// The name of the part that only administrators are sent.
pub(super) const PACE: &str = "pace";
/// The name of the part with the letters that wait for a word.
pub(super) const LETTERS: &str = "letters";

/// The name of a slot's part.
pub(super) fn of_slot(slot: Slot) -> String {
    format!("slot-{}", slot.0)
}

/// All parts, by their ids.
pub(super) fn parts(sight: &Sight<'_>, words: &'static Words) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let top = top::of(sight.view, sight.anchor, sight.free_bytes);
    let facts = sight.facts;
    parts.insert("top".to_owned(), render(&TopPart { top, words, facts }));
    let rate = top::keys_per_hour(sight.view);
    parts.insert(PACE.to_owned(), render(&PacePart { rate, words }));
    let letters = hands::of(sight.view);
    parts.insert(LETTERS.to_owned(), render(&LettersPart { letters, words }));
    let news = sight.news;
    parts.insert("news".to_owned(), render(&NewsPart { news }));
    let scene = Scene {
        view: sight.view,
        anchor: sight.anchor,
        pins: sight.pins,
    };
    for slot in facts.slots(sight.view) {
        let card = scene.card(slot);
        parts.insert(of_slot(slot), render(&CardPart { card, words }));
    }
    parts
}

fn render(part: &impl Template) -> String {
    part.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a part of the bench could not be made");
        String::new()
    })
}

#[derive(Template)]
#[template(path = "card.html")]
struct CardPart {
    card: Card,
    words: &'static Words,
}

impl CardPart {
    fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.say(key)
    }

    fn tone(&self) -> &'static str {
        match self.card.says.tone {
            Tone::Free => "free",
            Tone::Works => "works",
            Tone::Act => "act",
            Tone::Waits => "waits",
            Tone::Stop => "stop",
            Tone::Done => "done",
        }
    }

    fn tone_word(&self) -> &str {
        self.words.say(match self.card.says.tone {
            Tone::Free => "bench.tone.free",
            Tone::Works => "bench.tone.works",
            Tone::Act => "bench.tone.act",
            Tone::Waits => "bench.tone.waits",
            Tone::Stop => "bench.tone.stop",
            Tone::Done => "bench.tone.done",
        })
    }

    /// What is heard when the card comes to say this.
    fn sound(&self) -> &'static str {
        match (self.card.says.tone, self.card.says.picture) {
            (_, Picture::Touch | Picture::Hold) => "touch",
            (Tone::Stop, _) | (_, Picture::Wrong) => "stop",
            (_, Picture::Ask | Picture::Pin) => "ask",
            (Tone::Done, _) => "done",
            (Tone::Free | Tone::Works | Tone::Act | Tone::Waits, _) => "",
        }
    }

    /// What a screen reader says when the card comes to say this.
    fn announcement(&self) -> String {
        let slot = self.card.slot.to_string();
        let big = self.card.says.big.say(self.words);
        let who = self.card.who.as_ref();
        let person = who.map_or("", |who| who.person.as_str());
        let values = [
            ("slot", slot.as_str()),
            ("says", big.as_str()),
            ("person", person),
        ];
        let key = if person.is_empty() {
            "bench.announce.nobody"
        } else {
            "bench.announce.somebody"
        };
        self.words.fill(key, &values)
    }

    fn step(&self, step: &Step) -> &str {
        self.words.say(match step {
            Step::Reset => "bench.step.reset",
            Step::SetPin => "bench.step.set_pin",
            Step::MakeCredential => "bench.step.make_credential",
            Step::Register => "bench.step.register",
            Step::Configure => "bench.step.configure",
            Step::ChangePin => "bench.step.change_pin",
            Step::Bag => "bench.step.bag",
            Step::Deliver => "bench.step.deliver",
        })
    }

    const fn reached(&self, reached: &Reached) -> &'static str {
        match reached {
            Reached::Done => "done",
            Reached::Now => "now",
            Reached::Later => "later",
        }
    }

    fn reached_word(&self, reached: &Reached) -> &str {
        self.words.say(match reached {
            Reached::Done => "bench.reached.done",
            Reached::Now => "bench.reached.now",
            Reached::Later => "bench.reached.later",
        })
    }

    fn model(&self, key: &KeyInSlot) -> String {
        clean(&key.model)
    }

    fn clean(&self, text: &str) -> String {
        clean(text)
    }

    /// Such as "FIDO L2".
    fn certification(&self, key: &KeyInSlot) -> Option<String> {
        let status = key.certification.as_deref()?;
        let level = status.strip_prefix(CERTIFIED)?.trim_start_matches('_');
        let level = clean(level);
        let text = self.words.fill("bench.certified", &[("level", &level)]);
        Some(text.trim_end().to_owned())
    }

    fn called(&self, by: &str) -> String {
        self.words.fill("bench.help.called_by", &[("by", by)])
    }

    fn more(&self) -> String {
        let slot = self.card.slot.to_string();
        self.words.fill("bench.more", &[("slot", &slot)])
    }

    const fn is_asked_twice(&self, offer: &Offer) -> bool {
        is_asked_twice(*offer)
    }

    const fn word(&self, offer: &Offer) -> &'static str {
        word(*offer)
    }

    fn offer(&self, offer: &Offer, part: &str) -> String {
        said_of(self.words, *offer, part)
    }
}

#[derive(Template)]
#[template(path = "top.html")]
struct TopPart<'a> {
    top: Top,
    words: &'static Words,
    facts: &'a Facts,
}

impl TopPart<'_> {
    fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.say(key)
    }

    fn disk(&self) -> String {
        match self.top.disk_mib {
            None => "–".to_owned(),
            Some(mib) => match mib.checked_div(GIB_MIB) {
                Some(gib) if gib > 0 => format!("{gib} GiB"),
                Some(_) | None => format!("{mib} MiB"),
            },
        }
    }

    fn place(&self, slot: &Option<u16>) -> String {
        match slot {
            Some(slot) => format!("{} {slot}", self.words.say("bench.slot")),
            None => self.words.say("bench.title").to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "pace.html")]
struct PacePart {
    rate: Option<u128>,
    words: &'static Words,
}

impl PacePart {
    fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.say(key)
    }
}

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPart {
    letters: Vec<Letter>,
    words: &'static Words,
}

impl LettersPart {
    fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.say(key)
    }

    fn others(&self) -> String {
        let others = self.letters.len().saturating_sub(1);
        self.words.count("bench.letter.others", others)
    }

    const fn word(&self, letter: &Letter) -> &'static str {
        word(letter.no)
    }

    fn no(&self, letter: &Letter, part: &str) -> String {
        said_of(self.words, letter.no, part)
    }
}

/// What `part` of an offer is called: `do` on its button, `means` behind it.
fn said_of(words: &Words, offer: Offer, part: &str) -> String {
    words
        .say(&format!("bench.{}.{part}", word(offer)))
        .to_owned()
}

/// The word of an offer in forms, and in the keys of its texts.
pub(super) const fn word(offer: Offer) -> &'static str {
    match offer {
        Offer::Skip => "skip",
        Offer::Another => "another",
        Offer::Cancel => "cancel",
        Offer::Bagged => "bag",
        Offer::Good => "letter",
        Offer::Spoiled => "spoiled",
        Offer::Reissue => "reissue",
    }
}

/// Whether it cannot be taken back, so that one press is not enough.
const fn is_asked_twice(offer: Offer) -> bool {
    match offer {
        Offer::Another | Offer::Cancel | Offer::Spoiled | Offer::Reissue => true,
        Offer::Skip | Offer::Bagged | Offer::Good => false,
    }
}

#[derive(Template)]
#[template(path = "news.html")]
struct NewsPart<'a> {
    news: &'a str,
}

#[cfg(test)]
mod tests;
