//! Where Klime is and which write key to use: from options, files and the environment, and where each value came from.
//!
//! There is no option that holds a write key, because command lines are seen by all users of a machine and kept in histories.

use std::env::VarError;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use klime::{Client, ClientBuilder, Route};

use crate::print;

const WRITE_KEY: &str = "KLIME_WRITE_KEY";
const WRITE_KEY_FILE: &str = "KLIME_WRITE_KEY_FILE";
const ENDPOINT: &str = "KLIME_ENDPOINT";
const DISABLED: &str = "KLIME_DISABLED";

/// A file with a key is no larger; the SDK takes keys of at most 4 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The options of the commands that talk to Klime.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Where Klime is.
    // Written out, because rustdoc wants URLs to be links.
    #[arg(
        long,
        value_name = "URL",
        help = "Where Klime is, such as http://127.0.0.1:5546 for klime dev [default: $KLIME_ENDPOINT, else https://i.klime.com]"
    )]
    endpoint: Option<String>,

    /// A file that holds the write key [default: $KLIME_WRITE_KEY_FILE; without either, the key itself in $KLIME_WRITE_KEY]
    #[arg(long, value_name = "FILE")]
    write_key_file: Option<PathBuf>,

    /// Allow an http:// endpoint elsewhere than on this machine; the write key can then be read on the way
    #[arg(long)]
    allow_insecure_http: bool,
}

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An option of the command line.
    Option(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A file, which an option or a variable names.
    File { path: PathBuf, named_by: &'static str },
    /// Nobody set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(name) | Self::Variable(name) => f.write_str(name),
            Self::File { path, named_by } => write!(f, "{}, which {named_by} names", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A write key. It shows itself only in part.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WriteKey(String);

impl WriteKey {
    /// The first four characters, if that is no more than a third of it.
    pub(crate) fn masked(&self) -> String {
        print::masked(&self.0)
    }

    /// Tells it from other keys in a file, and does not give it away: what may be shown of it, and 16 bits of a hash.
    pub(crate) fn mark(&self) -> String {
        let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, self.0.as_bytes()).simple().to_string();
        format!("{} ({})", self.masked(), print::first_chars(&hash, 4))
    }
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// What is wrong with the settings; the text names the option, variable or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettingsError(String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The settings for talking to Klime.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) write_key: Option<(WriteKey, Source)>,
    pub(crate) endpoint: String,
    pub(crate) endpoint_source: Source,
    pub(crate) allow_insecure_http: bool,
    /// `KLIME_DISABLED` says that nothing is to be sent.
    pub(crate) is_disabled: bool,
}

impl Settings {
    /// Reads them: an option wins over a variable.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] when a variable cannot be read, or a file that should hold the key does not. That there is no key at all
    /// is found out by [`Self::client`].
    pub(crate) fn read(connection: &Connection) -> Result<Self, SettingsError> {
        Self::from_variables(connection, |name| std::env::var(name))
    }

    fn from_variables(
        connection: &Connection,
        variable: impl Fn(&str) -> Result<String, VarError>,
    ) -> Result<Self, SettingsError> {
        let read = |name: &'static str| match variable(name) {
            Ok(value) if value.trim().is_empty() => Ok(None),
            Ok(value) => Ok(Some(value.trim().to_owned())),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(SettingsError(format!("{name} is not valid Unicode"))),
        };
        let is_disabled = match read(DISABLED)?.as_deref() {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(other) => return Err(SettingsError(format!("{DISABLED} is {other:?}, it must be 1 or 0"))),
        };
        let (endpoint, endpoint_source) = match (&connection.endpoint, read(ENDPOINT)?) {
            (Some(endpoint), _) => (endpoint.clone(), Source::Option("--endpoint")),
            (None, Some(endpoint)) => (endpoint, Source::Variable(ENDPOINT)),
            (None, None) => (Route::DEFAULT_ENDPOINT.to_owned(), Source::Default),
        };
        let write_key = match &connection.write_key_file {
            Some(path) => Some(key_in_file(path, "--write-key-file")?),
            None => key_of_environment(read(WRITE_KEY)?, read(WRITE_KEY_FILE)?)?,
        };
        let allow_insecure_http = connection.allow_insecure_http;
        Ok(Self { write_key, endpoint, endpoint_source, allow_insecure_http, is_disabled })
    }

    /// A client with these settings, for further ones to be set.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] when there is no write key.
    pub(crate) fn client(&self) -> Result<ClientBuilder, SettingsError> {
        let Some((WriteKey(key), _)) = &self.write_key else {
            let hint = format!("set {WRITE_KEY}, or name a file that holds it by {WRITE_KEY_FILE} or --write-key-file");
            return Err(SettingsError(format!("no write key; {hint}")));
        };
        Ok(Client::builder(key).endpoint(&self.endpoint).allow_insecure_http(self.allow_insecure_http))
    }

    /// The same problem as the SDK has found, with the names that the settings have here.
    pub(crate) fn explain(&self, error: &klime::ConfigError) -> SettingsError {
        let text = error.to_string();
        SettingsError(match (error.setting(), &self.write_key) {
            ("write_key", Some((_, source))) => format!("the write key of {source}: {text}"),
            ("endpoint", _) => {
                let text = text.replace("set allow_insecure_http", "give --allow-insecure-http");
                match &self.endpoint_source {
                    Source::Variable(name) => format!("{name}: {text}"),
                    _ => text,
                }
            }
            _ => text,
        })
    }
}

fn key_of_environment(key: Option<String>, file: Option<String>) -> Result<Option<(WriteKey, Source)>, SettingsError> {
    match (key, file) {
        (Some(_), Some(_)) => Err(SettingsError(format!(
            "{WRITE_KEY} and {WRITE_KEY_FILE} are both set, so it is not clear which key is meant"
        ))),
        (Some(key), None) => Ok(Some((WriteKey(key), Source::Variable(WRITE_KEY)))),
        (None, Some(path)) => key_in_file(Path::new(&path), WRITE_KEY_FILE).map(Some),
        (None, None) => Ok(None),
    }
}

fn key_in_file(path: &Path, named_by: &'static str) -> Result<(WriteKey, Source), SettingsError> {
    match key_text(path) {
        Ok(key) => Ok((WriteKey(key), Source::File { path: path.to_owned(), named_by })),
        Err(problem) => Err(SettingsError(format!("{named_by}: {} {problem}", path.display()))),
    }
}

/// The write key in a file.
///
/// # Errors
///
/// What is wrong with the file, as the end of a sentence about it.
pub(crate) fn key_text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("is larger than {MAX_FILE_BYTES} bytes, so it holds no write key"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not text, so it holds no write key".to_owned())?;
    match text.trim() {
        "" => Err("is empty; it must hold the write key".to_owned()),
        key => Ok(key.to_owned()),
    }
}

#[cfg(test)]
mod tests;
