//! Even draws, no PIN that people guess, and no PIN in any message.

use std::collections::BTreeMap;

use super::*;

/// Bytes that count up: as even as bytes can be.
fn counter() -> impl FnMut(&mut [u8]) -> Result<(), &'static str> {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_add(1);
        }
        Ok(())
    }
}

/// A small generator (splitmix64): not secret, but without patterns.
fn mixed(mut seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), &'static str> {
    move |bytes| {
        for byte in bytes {
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut value = seed;
            value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = (value ^ (value >> 31)).to_le_bytes()[0];
        }
        Ok(())
    }
}

fn rule(length: usize, alphabet: Alphabet) -> PinRule {
    PinRule { length, alphabet }
}

#[test]
fn every_character_is_equally_likely_to_the_byte() {
    for alphabet in [Alphabet::Digits, Alphabet::Alphanumeric] {
        let mut fill = counter();
        let count = alphabet.characters().len();
        // A whole round of fair bytes gives every character equally often.
        let fair = 256 / count * count;
        let text = rule(fair, alphabet).draw_text(&mut fill).unwrap();
        let mut seen: BTreeMap<char, usize> = BTreeMap::new();
        text.chars().for_each(|c| *seen.entry(c).or_default() += 1);
        assert_eq!(seen.len(), count);
        assert!(seen.values().all(|times| *times == 256 / count), "{seen:?}");
    }
}

#[test]
fn drawn_pins_pass_a_chi_square_test_at_every_place() {
    let mut fill = mixed(42);
    let draws = 20_000_u32;
    let mut counts = [[0_u32; 10]; 8];
    for _ in 0..draws {
        let pin = PinRule::default().draw(&mut fill).unwrap();
        for (place, digit) in pin.reveal().bytes().enumerate() {
            counts[place][usize::from(digit - b'0')] += 1;
        }
    }
    for (place, counts) in counts.iter().enumerate() {
        let expected = f64::from(draws) / 10.0;
        let chi_square: f64 = counts
            .iter()
            .map(|count| (f64::from(*count) - expected).powi(2) / expected)
            .sum();
        // Nine degrees of freedom: above 33.7 once in ten thousand.
        assert!(chi_square < 33.7, "place {place}: {chi_square}");
    }
}

#[test]
fn a_byte_that_would_favour_a_character_is_thrown_away() {
    let mut bytes = [255, 250, 249, 0, 1].into_iter();
    let mut fill = |slice: &mut [u8]| {
        slice[0] = bytes.next().ok_or("dry")?;
        Ok::<(), &str>(())
    };
    let text = rule(3, Alphabet::Digits).draw_text(&mut fill).unwrap();
    assert_eq!(text.as_str(), "901");
}

#[test]
fn alphanumeric_pins_have_no_look_alikes() {
    let characters = Alphabet::Alphanumeric.characters();
    for bad in b"01iloOIL" {
        assert!(!characters.contains(bad), "{}", char::from(*bad));
    }
    let mut unique = characters.to_vec();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), characters.len());
}

#[test]
fn every_pattern_that_people_use_is_refused_by_its_kind() {
    for (pin, kind) in [
        ("11111111", "few different characters"),
        ("12121212", "few different characters"),
        ("12345678", "a run"),
        ("87654321", "a run"),
        ("67890123", "a run"),
        ("43210987", "a run"),
        ("abcdefgh", "a run"),
        ("48204820", "a repeated block"),
        ("482482", "a repeated block"),
        ("11447799", "doubled characters"),
        ("48200284", "a palindrome"),
        ("4820284", "a palindrome"),
        ("14789632", "a path on the keypad"),
        ("25800852", "a palindrome"),
        ("24121987", "a date"),
        ("12241987", "a date"),
        ("19871224", "a date"),
        ("20261231", "a date"),
        ("241287", "a date"),
        ("871224", "a date"),
        ("qwertz", "a row of the keyboard"),
        ("ASDFGH", "a row of the keyboard"),
        ("159753", "among the most common"),
    ] {
        assert_eq!(guessable(pin), Some(kind), "{kind}");
        let pin = Pin::new(pin).unwrap();
        assert_eq!(refuse_guessable(&pin), Err(PinUnfit::Guessable(kind)));
    }
}

#[test]
fn a_keyboard_row_typed_backwards_is_refused_too() {
    assert_eq!(guessable("lkjhgf"), Some("a row of the keyboard"));
}

#[test]
fn a_pin_without_a_pattern_is_taken() {
    for pin in ["48209173", "739154", "k7pm2x", "9173558204", "Sommer-Regen"] {
        assert_eq!(guessable(pin), None, "{pin}");
    }
}

#[test]
fn a_specified_pin_in_any_script_is_judged_without_a_panic() {
    for pin in ["пароль", "éééé", "ßßßß", "日本語入力", "🔑🔑🔑🔑"] {
        let _ = guessable(pin);
    }
}

#[test]
fn no_guessable_pin_is_ever_drawn() {
    let mut fill = mixed(7);
    for alphabet in [Alphabet::Digits, Alphabet::Alphanumeric] {
        for length in [6, 8] {
            for _ in 0..5000 {
                let pin = rule(length, alphabet).draw(&mut fill).unwrap();
                assert_eq!(guessable(pin.reveal()), None);
                assert_eq!(pin.code_points(), length);
            }
        }
    }
}

#[test]
fn entropy_that_fails_is_handed_on_and_no_pin_is_made() {
    let failed = PinRule::default().draw(|_| Err("no entropy")).unwrap_err();
    assert_eq!(failed, NotDrawn::Entropy("no entropy"));
    let mut left = 5;
    let halfway = PinRule::default().draw(|bytes| {
        bytes[0] = 17;
        left -= 1;
        if left > 0 { Ok(()) } else { Err("dry") }
    });
    assert_eq!(halfway.unwrap_err(), NotDrawn::Entropy("dry"));
}

#[test]
fn a_stuck_source_of_randomness_gives_no_pin_at_all() {
    let stuck = PinRule::default().draw(|bytes| {
        bytes.fill(7);
        Ok::<(), &str>(())
    });
    assert_eq!(stuck.unwrap_err(), NotDrawn::Exhausted);
}

#[test]
fn a_length_that_is_not_worth_having_or_not_possible_is_refused() {
    for length in [0, 5, 64, usize::MAX] {
        let minimum = DRAWN_LENGTH_MIN;
        assert_eq!(
            rule(length, Alphabet::Digits).check(),
            Err(PinUnfit::LengthOutOfRange { length, minimum })
        );
    }
    for length in [6, 8, 63] {
        assert_eq!(rule(length, Alphabet::Digits).check(), Ok(()));
    }
}
