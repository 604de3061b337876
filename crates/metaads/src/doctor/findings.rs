//! What the doctor found, and how it is printed.

use std::fmt::Write as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// Cannot be checked from here, or is a choice.
    Note,
    /// Works now, but needs a fix.
    Warn,
    Fail,
}

#[derive(Debug)]
struct Diagnostic {
    verdict: Verdict,
    what: &'static str,
    text: String,
    /// How to fix it; may be empty.
    remedy: String,
}

#[derive(Debug, Default)]
pub struct Findings(Vec<Diagnostic>);

impl Findings {
    pub fn ok(&mut self, what: &'static str, text: impl Into<String>) {
        self.add(Verdict::Ok, what, text, "");
    }

    pub fn note(&mut self, what: &'static str, text: impl Into<String>) {
        self.add(Verdict::Note, what, text, "");
    }

    pub fn warn(&mut self, what: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Verdict::Warn, what, text, remedy);
    }

    pub fn fail(&mut self, what: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.add(Verdict::Fail, what, text, remedy);
    }

    fn add(
        &mut self,
        verdict: Verdict,
        what: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push(Diagnostic { verdict, what, text: text.into(), remedy: remedy.into() });
    }

    pub fn to_fix(&self) -> usize {
        self.0.iter().filter(|one| matches!(one.verdict, Verdict::Warn | Verdict::Fail)).count()
    }

    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for Diagnostic { verdict, what, text: found, remedy } in &self.0 {
            let mark = match verdict {
                Verdict::Ok => "ok  ",
                Verdict::Note => "note",
                Verdict::Warn => "WARN",
                Verdict::Fail => "FAIL",
            };
            let _ = writeln!(text, "{mark}  {what}: {found}");
            if !remedy.is_empty() {
                let _ = writeln!(text, "      FIX: {remedy}");
            }
        }
        text
    }
}
