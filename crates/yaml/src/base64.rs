use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Decodes padded standard base64 with line breaks, as Go's `base64.StdEncoding`: bits behind the last byte are passed over.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    const STANDARD: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let digits: Vec<u8> = text.bytes().filter(|c| !matches!(c, b'\r' | b'\n')).collect();
    STANDARD.decode(digits).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn padding_is_required_and_line_breaks_are_not_data() {
        assert_eq!(super::decode("aGVs\nbG8="), Some(b"hello".to_vec()));
        assert_eq!(super::decode("aGVsbG8"), None);
        assert_eq!(super::decode("a*=="), None);
    }
}
