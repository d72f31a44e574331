//! What a process writes, as lines; a part of evcxr, added by adapt_evcxr.py.

use crate::NO_END;
use std::io::{BufRead, BufReader, Read};

/// A longer line comes in pieces.
const MOST: usize = 64 * 1024;
/// A piece does not end within what may become a mark of evcxr's; this is longer than each of them.
const MARK: &[u8] = b"EVCXR_";
const LONGEST_MARK: usize = 64;
/// Of one media type of a result.
pub(crate) const MOST_SHOWN: usize = 16 * 1024 * 1024;

/// Lines without their ends, and pieces of longer ones with `NO_END` behind each but the last. What is no UTF-8 is replaced.
pub(crate) struct Pieces<R> {
    from: BufReader<R>,
    /// What was read of a line and not yet given.
    rest: Vec<u8>,
}

impl<R: Read> Pieces<R> {
    pub(crate) fn of(from: R) -> Pieces<R> {
        Pieces { from: BufReader::new(from), rest: Vec::new() }
    }
}

impl<R: Read> Iterator for Pieces<R> {
    type Item = std::io::Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let room = (MOST - self.rest.len()) as u64;
        if let Err(error) = (&mut self.from).take(room).read_until(b'\n', &mut self.rest) {
            return Some(Err(error));
        }
        if self.rest.is_empty() {
            return None;
        }
        if self.rest.last() != Some(&b'\n') && self.rest.len() == MOST {
            let rest = self.rest.split_off(end_of_piece(&self.rest));
            let piece = std::mem::replace(&mut self.rest, rest);
            return Some(Ok(format!("{}{NO_END}", String::from_utf8_lossy(&piece))));
        }
        let mut line = std::mem::take(&mut self.rest);
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Some(Ok(String::from_utf8_lossy(&line).into_owned()))
    }
}

/// Where a piece of `MOST` bytes ends: before the last mark in it, or before what may be the beginning of one, and not within a character.
fn end_of_piece(bytes: &[u8]) -> usize {
    let mark = (1..=bytes.len() - MARK.len()).rev().find(|at| bytes[*at..].starts_with(MARK));
    let end = mark.unwrap_or(bytes.len() - LONGEST_MARK);
    // A character has at most three bytes behind its first one.
    let is_first = |at: &usize| bytes[*at] & 0b1100_0000 != 0b1000_0000;
    (end.saturating_sub(3).max(1)..=end).rev().find(is_first).unwrap_or(end)
}
