/// Largest keyring or signature, in bytes.
pub(super) const BYTES_MAX: usize = 16 << 20;
/// Most packets of a keyring.
const PACKETS_MAX: usize = 100_000;

/// One packet: what it is, and its body.
#[derive(Clone, Copy)]
pub(super) struct Packet<'a> {
    pub tag: u8,
    pub body: &'a [u8],
}

/// Bytes that are taken from the front.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    /// Takes a big-endian number of up to eight bytes.
    pub fn number(&mut self, bytes: usize) -> Option<usize> {
        let number = self.take(bytes)?.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
        usize::try_from(number).ok()
    }

    /// Takes a number that says its length in bits first.
    pub fn mpi(&mut self) -> Option<&'a [u8]> {
        let bits = self.number(2)?;
        self.take(bits.div_ceil(8))
    }
}

/// Splits bytes into packets.
///
/// # Errors
/// They are no packets, or too many.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, String> {
    if bytes.len() > BYTES_MAX {
        return Err(format!("more than the limit of {BYTES_MAX} bytes"));
    }
    let mut rest = Reader(bytes);
    let mut found = Vec::new();
    while !rest.0.is_empty() {
        if found.len() == PACKETS_MAX {
            return Err(format!("more than the limit of {PACKETS_MAX} packets"));
        }
        found.push(packet(&mut rest)?);
    }
    Ok(found)
}

fn packet<'a>(rest: &mut Reader<'a>) -> Result<Packet<'a>, String> {
    const SHORT: &str = "openpgp: invalid data: a packet is cut short";
    let first = rest.number(1).ok_or(SHORT)? as u8;
    if first & 0x80 == 0 {
        return Err(
            "openpgp: invalid data: tag byte does not have MSB set; a keyring is what `gpg --export` \
                    writes, a keybox (pubring.kbx) is none"
                .to_owned(),
        );
    }
    let (tag, length) = if first & 0x40 == 0 {
        let length = match first & 3 {
            3 => Some(rest.0.len()),
            kind => rest.number(1 << kind),
        };
        (first >> 2 & 0xf, length)
    } else {
        let length = match rest.number(1).ok_or(SHORT)? {
            short @ 0..192 => Some(short),
            two @ 192..224 => rest.number(1).map(|low| ((two - 192) << 8) + low + 192),
            255 => rest.number(4),
            _ => return Err("unsupported: openpgp packets of partial lengths".to_owned()),
        };
        (first & 0x3f, length)
    };
    let body = length.and_then(|length| rest.take(length)).ok_or(SHORT)?;
    Ok(Packet { tag, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_both_formats_are_read_and_others_refused() {
        let tags = |bytes: &[u8]| -> Vec<(u8, usize)> {
            packets(bytes).unwrap().iter().map(|p| (p.tag, p.body.len())).collect()
        };
        assert_eq!(tags(&[0x99, 0, 2, 1, 2, 0xcd, 1, b'x']), [(6, 2), (13, 1)]);
        for bytes in [&[0x01_u8, 2][..], &[0xcd, 5, 1], &[0xcd, 230, 0], &[0xcd]] {
            assert!(packets(bytes).is_err(), "{bytes:?}");
        }
    }
}
