//! Reads the paths out of Rust text, well enough to guard borders: comments, strings and test code are left out, `use`
//! trees are taken apart, `self` and `super` are resolved. It knows nothing of names, types or macros.

/// One piece of Rust text.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// An identifier or keyword.
    Word(String),
    /// `::`
    Colons,
    /// Any other character.
    Sign(char),
}

/// Every path in `text`, with the line on which it begins. `module` is where the text stands (`["domain", "pin"]`);
/// relative paths come back as `crate::…`.
pub(crate) fn paths_of(text: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let tokens = without_tests(tokens_of(text));
    let mut found = Vec::new();
    let mut here: Vec<String> = module.to_vec();
    // For each open brace, whether it opened an inline module.
    let mut braces: Vec<bool> = Vec::new();
    let mut in_use = false;
    let mut at = 0;
    while let Some((line, token)) = tokens.get(at) {
        match token {
            Token::Sign(';') => {
                in_use = false;
                at += 1;
            }
            Token::Sign('{') => {
                let name = inline_module(&tokens, at);
                braces.push(name.is_some());
                here.extend(name);
                at += 1;
            }
            Token::Sign('}') => {
                if braces.pop() == Some(true) {
                    here.pop();
                }
                at += 1;
            }
            Token::Word(word) if word == "use" && !is(&tokens, at + 1, &Token::Sign('<')) => {
                in_use = true;
                at += 1;
            }
            Token::Word(_) if starts_path(&tokens, at) => {
                let mut paths = Vec::new();
                let start = at;
                at = read_tree(&tokens, at, &[], &mut paths);
                // A word alone is a variable or a function, which may be called as a crate is.
                if at == start + 1 && !in_use {
                    continue;
                }
                found.extend(paths.into_iter().map(|path| (*line, resolve(path, &here))));
            }
            Token::Word(_) | Token::Colons | Token::Sign(_) => at += 1,
        }
    }
    found
}

type Placed = (usize, Token);

fn word_at(tokens: &[Placed], at: usize) -> Option<&str> {
    match tokens.get(at) {
        Some((_, Token::Word(word))) => Some(word),
        _ => None,
    }
}

fn is(tokens: &[Placed], at: usize, token: &Token) -> bool {
    tokens.get(at).is_some_and(|(_, found)| found == token)
}

/// The name in `mod name {`, when `at` is that brace.
fn inline_module(tokens: &[Placed], at: usize) -> Option<String> {
    let name = word_at(tokens, at.checked_sub(1)?)?;
    (word_at(tokens, at.checked_sub(2)?)? == "mod").then(|| name.to_owned())
}

/// Whether the word at `at` begins a path: it does not go on with one, and it is no field or method.
fn starts_path(tokens: &[Placed], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return true;
    };
    if is(tokens, before, &Token::Sign('.')) {
        return false;
    }
    if !is(tokens, before, &Token::Colons) {
        return true;
    }
    // `::name` after a word or `>` goes on with a path; after anything else it is absolute.
    let Some(left) = before.checked_sub(1) else {
        return true;
    };
    match tokens.get(left) {
        Some((_, Token::Word(word))) => ["use", "as", "in", "return"].contains(&word.as_str()),
        Some((_, Token::Sign(sign))) => *sign != '>',
        Some((_, Token::Colons)) | None => true,
    }
}

/// Reads `a::b` or the tree `a::{b, c::d}` at `at` and gives the place behind it. `super`, a word of its own in Rust, is
/// a part like every other.
fn read_tree(
    tokens: &[Placed],
    mut at: usize,
    before: &[String],
    found: &mut Vec<Vec<String>>,
) -> usize {
    let mut path = before.to_vec();
    while let Some(word) = word_at(tokens, at) {
        path.push(word.to_owned());
        at += 1;
        if !is(tokens, at, &Token::Colons) {
            break;
        }
        if is(tokens, at + 1, &Token::Sign('{')) {
            return read_group(tokens, at + 2, &path, found);
        }
        if word_at(tokens, at + 1).is_none() {
            // `Vec::<u8>` or `module::*`.
            at += 1;
            break;
        }
        at += 1;
    }
    found.push(path);
    at
}

/// Reads `b, c::d}` after `a::{`.
fn read_group(
    tokens: &[Placed],
    mut at: usize,
    before: &[String],
    found: &mut Vec<Vec<String>>,
) -> usize {
    while at < tokens.len() {
        if is(tokens, at, &Token::Sign('}')) {
            return at + 1;
        }
        if word_at(tokens, at) == Some("as") {
            // `x as y`: the new name is no path.
            at += 2;
        } else if word_at(tokens, at).is_some() {
            at = read_tree(tokens, at, before, found);
        } else {
            at += 1;
        }
    }
    at
}

/// Turns `self::x` and `super::x` into `crate::…::x`.
fn resolve(path: Vec<String>, here: &[String]) -> Vec<String> {
    let mut base = here.to_vec();
    let mut rest = path.as_slice();
    let relative = rest
        .first()
        .is_some_and(|word| word == "self" || word == "super");
    while let Some((word, tail)) = rest.split_first() {
        match word.as_str() {
            "self" => {}
            "super" => {
                base.pop();
            }
            _ => break,
        }
        rest = tail;
    }
    if relative {
        let mut whole = vec!["crate".to_owned()];
        whole.extend(base);
        whole.extend_from_slice(rest);
        return whole;
    }
    path
}

/// Leaves out every item under `#[cfg(test)]`.
fn without_tests(tokens: Vec<Placed>) -> Vec<Placed> {
    let mark = [
        Token::Sign('#'),
        Token::Sign('['),
        Token::Word("cfg".to_owned()),
        Token::Sign('('),
        Token::Word("test".to_owned()),
        Token::Sign(')'),
        Token::Sign(']'),
    ];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let marked = (0..mark.len()).all(|step| is(&tokens, at + step, &mark[step]));
        if marked {
            at = behind_item(&tokens, at + mark.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// The place behind an item: behind its `;`, or behind the brace that closes it.
fn behind_item(tokens: &[Placed], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some((_, token)) = tokens.get(at) {
        at += 1;
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign(')' | ']') => depth = depth.saturating_sub(1),
            Token::Sign('}') => {
                depth = depth.saturating_sub(1);
                // The group of a `use` ends with `;` instead.
                if depth == 0 && !is(tokens, at, &Token::Sign(';')) {
                    return at;
                }
            }
            Token::Sign(';') if depth == 0 => return at,
            Token::Word(_) | Token::Colons | Token::Sign(_) => {}
        }
    }
    at
}

fn tokens_of(text: &str) -> Vec<Placed> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while let Some(&sign) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let end = if sign == '/' && next == Some('/') {
            find(&chars, at, |rest| rest.starts_with(&['\n']))
        } else if sign == '/' && next == Some('*') {
            behind_block_comment(&chars, at)
        } else if sign == '"' {
            behind_string(&chars, at + 1)
        } else if let Some(end) = behind_raw_string(&chars, at) {
            end
        } else if sign == '\'' {
            behind_quote(&chars, at)
        } else if sign.is_alphanumeric() || sign == '_' {
            let end = find(&chars, at, |rest| {
                !rest[0].is_alphanumeric() && rest[0] != '_'
            });
            tokens.push((line, Token::Word(chars[at..end].iter().collect())));
            end
        } else if sign == ':' && next == Some(':') {
            tokens.push((line, Token::Colons));
            at + 2
        } else {
            if !sign.is_whitespace() {
                tokens.push((line, Token::Sign(sign)));
            }
            at + 1
        };
        line += chars[at..end].iter().filter(|sign| **sign == '\n').count();
        at = end;
    }
    tokens
}

/// The first place from `at` on where the rest fits, or the end.
fn find(chars: &[char], at: usize, fits: impl Fn(&[char]) -> bool) -> usize {
    (at..chars.len())
        .find(|place| fits(&chars[*place..]))
        .unwrap_or(chars.len())
}

fn behind_block_comment(chars: &[char], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut place = at;
    while place < chars.len() {
        if chars[place..].starts_with(&['/', '*']) {
            depth += 1;
            place += 2;
        } else if chars[place..].starts_with(&['*', '/']) {
            depth -= 1;
            place += 2;
            if depth == 0 {
                break;
            }
        } else {
            place += 1;
        }
    }
    place.min(chars.len())
}

fn behind_string(chars: &[char], mut at: usize) -> usize {
    while let Some(sign) = chars.get(at) {
        match sign {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// Behind `r"…"`, `r#"…"#`, `b"…"`, `br#"…"#` and their like, when one begins here.
fn behind_raw_string(chars: &[char], at: usize) -> Option<usize> {
    let glued = at
        .checked_sub(1)
        .is_some_and(|before| chars[before].is_alphanumeric() || chars[before] == '_');
    if glued {
        return None;
    }
    let start = find(chars, at, |rest| !['b', 'c', 'r'].contains(&rest[0]));
    let raw = chars[at..start].contains(&'r');
    if !raw || start - at > 2 {
        return None;
    }
    let quote = find(chars, start, |rest| rest[0] != '#');
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let mut close = vec!['"'];
    close.extend(std::iter::repeat_n('#', quote - start));
    let end = find(chars, quote + 1, |rest| rest.starts_with(&close));
    Some((end + close.len()).min(chars.len()))
}

/// Behind a character (`'x'`, `'\n'`), or behind the quote of a lifetime.
fn behind_quote(chars: &[char], at: usize) -> usize {
    if chars.get(at + 1) == Some(&'\\') {
        // The character after the backslash may itself be a quote.
        let end = find(chars, at + 3, |rest| rest[0] == '\'');
        return (end + 1).min(chars.len());
    }
    if chars.get(at + 2) == Some(&'\'') {
        return at + 3;
    }
    at + 1
}
