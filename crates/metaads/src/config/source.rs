//! Where the values come from. The only reader of the environment.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// Named values: the process environment over a `.env` file, or a list in a test. Wiped when dropped, because some are
/// secret; the process environment itself stays as the system made it.
pub struct Source {
    values: HashMap<String, Zeroizing<String>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&String> = self.values.keys().collect();
        names.sort();
        f.debug_struct("Source").field("names", &names).finish()
    }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    pub fn add(&mut self, name: &str, what: &str) {
        self.0.push((name.to_owned(), what.to_owned()));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The configuration has {} mistake(s):", self.0.len())?;
        self.0.iter().try_for_each(|(name, what)| writeln!(f, "  {name} {what}."))
    }
}

impl std::error::Error for Mistakes {}

impl Source {
    /// The environment, and under it the `.env` file of the working directory.
    pub fn process() -> Result<Source, Mistakes> {
        let mut values = HashMap::new();
        #[expect(clippy::disallowed_methods, reason = "this is the one home of the environment")]
        let file = dotenvy::dotenv_iter();
        match file {
            Ok(entries) => {
                for entry in entries {
                    // The line may hold a secret, so it is not repeated.
                    let (name, value) = entry.map_err(|_| {
                        Mistakes(vec![(".env".to_owned(), "has a line that is not NAME=value".to_owned())])
                    })?;
                    values.insert(name, value.into());
                }
            }
            Err(error) if error.not_found() => {}
            Err(_) => return Err(Mistakes(vec![(".env".to_owned(), "cannot be read".to_owned())])),
        }
        #[expect(clippy::disallowed_methods, reason = "this is the one home of the environment")]
        let process = std::env::vars_os();
        for (name, value) in process {
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                values.insert(name, value.into());
            }
        }
        Ok(Source { values })
    }

    /// Exactly these values.
    pub fn of<const N: usize>(values: [(&str, &str); N]) -> Source {
        Source {
            values: values
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned().into()))
                .collect(),
        }
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned().into());
    }

    /// A value that is there and not blank.
    pub fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some() || self.text(&format!("{name}_FILE")).is_some()
    }

    /// A secret: `NAME`, or the content of the file that `NAME_FILE` names.
    pub fn secret(&self, name: &'static str, mistakes: &mut Mistakes) -> Option<String> {
        let file_name = format!("{name}_FILE");
        match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                mistakes.add(name, &format!("and {file_name} are both set: only one of them can be"));
                None
            }
            (Some(value), None) => Some(value),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
                Ok(_) => {
                    mistakes.add(&file_name, "names an empty file");
                    None
                }
                Err(error) => {
                    mistakes.add(&file_name, &format!("names a file that cannot be read ({})", error.kind()));
                    None
                }
            },
            (None, None) => None,
        }
    }

    pub fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Reads a value with `read`; the default if it is absent or wrong.
    pub fn with<T>(
        &self,
        name: &str,
        default: T,
        mistakes: &mut Mistakes,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = self.text(name) else { return default };
        match read(&text) {
            Ok(value) => value,
            Err(what) => {
                mistakes.add(name, &what);
                default
            }
        }
    }

    /// Reads a value by its type; `what` describes a valid one.
    pub fn parsed<T: FromStr>(&self, name: &str, default: &str, what: &str, mistakes: &mut Mistakes) -> T {
        let text = self.text(name);
        if let Some(value) = text.and_then(|text| text.parse().ok()) {
            return value;
        }
        if self.text(name).is_some() {
            mistakes.add(name, &format!("must be {what}"));
        }
        default.parse().ok().expect("every default is well-formed")
    }

    pub fn switch(&self, name: &str, default: bool, mistakes: &mut Mistakes) -> bool {
        self.with(name, default, mistakes, |text| match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("must be on or off".to_owned()),
        })
    }
}
