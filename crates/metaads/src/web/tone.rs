//! How good or bad something is, as a color.

/// In addition to the color, whatever has a tone says it in words too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warning,
    Bad,
    Neutral,
}

impl Tone {
    /// The ending of CSS classes: `note-warn`, `banner-bad`.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "ok",
            Tone::Warning => "warn",
            Tone::Bad => "bad",
            Tone::Neutral => "plain",
        }
    }
}
