//! How a decoded text lies in the text that it was decoded from.

use super::to_u32;

/// Runs of a decoded text and where they stand in the host: runs that are the same in both, and
/// atoms such as escapes, which are not divisible. What only the host has is in no run.
#[derive(Clone, Debug, Default)]
pub struct SegmentMap {
    segments: Vec<Segment>,
}

// INVARIANT: segments follow each other without a gap in the decoded text. In the host they do so in
// order, unless the text was put together from places that do not.
#[derive(Clone, Copy, Debug)]
struct Segment {
    decoded: u32,
    decoded_len: u32,
    host: u32,
    host_len: u32,
    atom: bool,
}

impl Segment {
    fn decoded_end(self) -> u32 {
        self.decoded.saturating_add(self.decoded_len)
    }

    fn host_end(self) -> u32 {
        self.host.saturating_add(self.host_len)
    }
}

impl SegmentMap {
    /// Adds `len` bytes that are the same in both texts.
    pub fn push_verbatim(&mut self, len: usize, host: usize) {
        let (len, host) = (to_u32(len), to_u32(host));
        match self.segments.last_mut() {
            _ if len == 0 => {}
            Some(last) if !last.atom && last.host_end() == host => {
                last.decoded_len = last.decoded_len.saturating_add(len);
                last.host_len = last.host_len.saturating_add(len);
            }
            _ => self.push(len, host, len, false),
        }
    }

    /// Adds an escape: `decoded_len` bytes that stand for `host_len` others.
    pub fn push_atom(&mut self, decoded_len: usize, host: usize, host_len: usize) {
        if decoded_len > 0 {
            self.push(to_u32(decoded_len), to_u32(host), to_u32(host_len), true);
        }
    }

    fn push(&mut self, decoded_len: u32, host: u32, host_len: u32, atom: bool) {
        let decoded = self.segments.last().map_or(0, |last| last.decoded_end());
        self.segments.push(Segment { decoded, decoded_len, host, host_len, atom });
    }

    /// Adds what another map of the same host holds.
    pub fn append(&mut self, other: &Self) {
        for segment in &other.segments {
            if segment.atom {
                self.push(segment.decoded_len, segment.host, segment.host_len, true);
            } else {
                self.push_verbatim(segment.decoded_len as usize, segment.host as usize);
            }
        }
    }

    /// The map of a part of the decoded text.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let (start, end) = (to_u32(start), to_u32(end));
        let mut part = Self::default();
        let first = self.segments.partition_point(|segment| segment.decoded_end() <= start);
        for segment in self.segments.iter().skip(first) {
            let from = segment.decoded.max(start);
            let until = segment.decoded_end().min(end);
            if from >= until {
                break;
            }
            let len = until - from;
            if segment.atom {
                part.push(len, segment.host, segment.host_len, true);
            } else {
                let host = segment.host.saturating_add(from - segment.decoded);
                part.push_verbatim(len as usize, host as usize);
            }
        }
        part
    }

    /// The host's range for a range of the decoded text.
    pub fn to_host(&self, start: u32, end: u32) -> (u32, u32) {
        let last = self.segments.last().map_or(0, |last| last.host_end());
        let at = self.segments.partition_point(|segment| segment.decoded_end() <= start);
        let host_start = match self.segments.get(at) {
            Some(segment) if segment.atom => segment.host,
            Some(segment) => segment.host.saturating_add(start.saturating_sub(segment.decoded)),
            None => last,
        };
        if end <= start {
            return (host_start, host_start);
        }
        let at = self.segments.partition_point(|segment| segment.decoded_end() < end);
        let host_end = match self.segments.get(at) {
            Some(segment) if segment.atom => segment.host_end(),
            Some(segment) => segment.host.saturating_add(end.saturating_sub(segment.decoded)),
            None => last,
        };
        if host_end < host_start {
            // Pieces from here and there: the first of them stands for all.
            let first = self
                .segments
                .get(self.segments.partition_point(|segment| segment.decoded_end() <= start));
            return (host_start, first.map_or(host_start, |first| first.host_end()));
        }
        (host_start, host_end)
    }

    /// The decoded range for a range of the host, where the map reaches it.
    pub fn to_decoded(&self, start: u32, end: u32) -> Option<(u32, u32)> {
        let at = self.segments.partition_point(|segment| segment.host_end() <= start);
        let first = self.segments.get(at).filter(|first| first.host <= start)?;
        let decoded_start =
            if first.atom { first.decoded } else { first.decoded + (start - first.host) };
        if end <= start {
            return Some((decoded_start, decoded_start));
        }
        let at = self.segments.partition_point(|segment| segment.host_end() < end);
        let last = self.segments.get(at).filter(|last| last.host < end)?;
        let decoded_end =
            if last.atom { last.decoded_end() } else { last.decoded + (end - last.host) };
        Some((decoded_start, decoded_end.max(decoded_start)))
    }
}
