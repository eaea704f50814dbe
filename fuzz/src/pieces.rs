//! One input, cut into the answers of one conversation.

/// Answers in one conversation: enough for the longest command, few enough that a case stays quick.
const PIECES_MAX: usize = 48;

/// Pieces of an input, each after its length in two bytes, big endian. The last one is what is left.
pub struct Pieces<'a> {
    rest: &'a [u8],
    given: usize,
}

impl<'a> Pieces<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            given: 0,
        }
    }

    /// The bytes whose pieces are these.
    pub fn join<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in pieces {
            let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
            bytes.extend(length.to_be_bytes());
            bytes.extend(piece.iter().take(usize::from(length)));
        }
        bytes
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<2>()?;
        if self.given == PIECES_MAX {
            return None;
        }
        self.given += 1;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (piece, rest) = rest.split_at(length);
        self.rest = rest;
        Some(piece)
    }
}
