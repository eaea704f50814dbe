//! Where the lines of a shaped text end. Knows widths and where a line may break, and nothing of glyphs. Widths are parts of
//! the type size.

use std::ops::Range;

use unicode_linebreak::BreakOpportunity;

use super::Shaped;

/// What no line break divides, with the blanks after it.
struct Word {
    start: usize,
    /// Where its blanks begin.
    solid_end: usize,
    end: usize,
    ends_line: bool,
}

/// Where the lines of a text begin, in bytes, and how wide its last line is.
struct Breaks {
    starts: Vec<usize>,
    last: f32,
}

/// The lines of `shaped`, none wider than `width`; where a word or two would stand alone on the last one, as many lines a
/// little shorter.
pub(super) fn lines(shaped: &Shaped<'_>, width: f32) -> Vec<Range<usize>> {
    /// A last line shorter than this part of the width looks lost.
    const LOST: f32 = 0.25;
    const NARROWER: [f32; 8] = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6];
    let words = words(shaped.text);
    let is_lost = |breaks: &Breaks| breaks.starts.len() > 1 && breaks.last < width * LOST;
    let mut breaks = fill(shaped, &words, width);
    if is_lost(&breaks) {
        for part in NARROWER {
            let narrower = fill(shaped, &words, width * part);
            if narrower.starts.len() == breaks.starts.len() && !is_lost(&narrower) {
                breaks = narrower;
                break;
            }
        }
    }
    let ends = breaks.starts.iter().skip(1).copied();
    let ends: Vec<usize> = ends.chain([shaped.text.len()]).collect();
    breaks
        .starts
        .into_iter()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

/// The parts of `text` that no line break divides.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = 0;
    for (end, opportunity) in unicode_linebreak::linebreaks(text) {
        let word = text.get(start..end).unwrap_or("");
        // An address on the web is copied by hand from paper: it stays whole while it can.
        if word.ends_with('/') && end < text.len() {
            continue;
        }
        words.push(Word {
            start,
            solid_end: start + word.trim_end().len(),
            end,
            ends_line: opportunity == BreakOpportunity::Mandatory && end < text.len(),
        });
        start = end;
    }
    words
}

/// Fills each line before it begins the next.
fn fill(shaped: &Shaped<'_>, words: &[Word], width: f32) -> Breaks {
    let mut starts = vec![0];
    let mut begin = 0;
    let mut last = 0.0;
    for word in words {
        // Blanks at the end of a line may hang over.
        let reach = shaped.reach_of(word.solid_end);
        if reach - shaped.reach_of(begin) > width && word.start > begin {
            begin = word.start;
            starts.push(begin);
        }
        if reach - shaped.reach_of(begin) > width {
            for cut in cuts(shaped, word, width) {
                begin = cut;
                starts.push(cut);
            }
        }
        last = reach - shaped.reach_of(begin);
        if word.ends_line {
            begin = word.end;
            starts.push(begin);
        }
    }
    Breaks { starts, last }
}

/// Where an overlong word has to be cut: before each cluster that is too much for its line.
fn cuts(shaped: &Shaped<'_>, word: &Word, width: f32) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut begin = shaped.reach_of(word.start);
    for pair in shaped.reach.windows(2) {
        let [(start, before), (_, after)] = pair else {
            continue;
        };
        let inside = word.start < *start && *start < word.solid_end;
        if inside && after - begin > width {
            cuts.push(*start);
            begin = *before;
        }
    }
    cuts
}
