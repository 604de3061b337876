//! The lifeline: a drawing of how far a connection is between its start and its end.

/// All positions are in percent of the lifetime.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lifeline {
    /// Today, and where renewal begins (0: it has begun).
    Running(f64, f64),
    Expiring(f64),
    /// The access has no end date.
    Endless,
    Broken(f64),
    Disconnected,
}

impl Lifeline {
    /// Where `now` is between two moments, in percent, kept off the very ends.
    pub fn share(start: i64, now: i64, end: i64) -> f64 {
        let whole = (end - start).max(1) as f64;
        ((now - start) as f64 / whole * 100.0).clamp(3.0, 97.0).round()
    }

    /// The SVG. Coordinates are in percent, so that the line stretches while the text below it does not.
    pub fn svg(self) -> String {
        let start = r#"<circle cx="0%" cy="10" r="4.5"/>"#;
        let end = r#"<circle class="open" cx="100%" cy="10" r="4"/>"#;
        let rest = |from: f64, class: &str| {
            format!(r#"<line class="rest{class}" x1="{from}%" y1="10" x2="100%" y2="10"/>"#)
        };
        let past = |to: f64| format!(r#"<line x1="0%" y1="10" x2="{to}%" y2="10"/>"#);
        let today = |at: f64| format!(r#"<circle cx="{at}%" cy="10" r="5.5"/>"#);
        let (class, inner) = match self {
            Lifeline::Running(at, tick) => {
                let tick = match tick > at {
                    true => format!(r#"<line class="tick" x1="{tick}%" y1="5" x2="{tick}%" y2="15"/>"#),
                    false => String::new(),
                };
                ("", rest(at, "") + &tick + &past(at) + start + &today(at) + end)
            }
            Lifeline::Expiring(at) => {
                (" lifeline-expiring", rest(at, "") + &past(at) + start + &today(at) + end)
            }
            Lifeline::Endless => ("", rest(29.0, " dash") + &past(29.0) + start + &today(29.0)),
            Lifeline::Broken(at) => {
                let slash = format!(
                    r#"<svg x="{}%" overflow="visible"><line class="slash" x1="-2" y1="16" x2="3" y2="4"/></svg>"#,
                    at + 2.0
                );
                (" lifeline-broken", rest(at + 5.0, " dash") + &past(at) + start + &slash + end)
            }
            Lifeline::Disconnected => ("", rest(0.0, " dash") + end),
        };
        format!(r#"<svg class="lifeline{class}" height="20" aria-hidden="true">{inner}</svg>"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_outside_the_range_stay_on_the_line() {
        assert_eq!(Lifeline::share(0, 50, 100), 50.0);
        assert_eq!([Lifeline::share(0, -5, 100), Lifeline::share(0, 500, 100)], [3.0, 97.0]);
        assert!(Lifeline::share(7, 7, 7).is_finite());
    }
}
