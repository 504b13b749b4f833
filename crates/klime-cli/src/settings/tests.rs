use std::collections::HashMap;
use std::ffi::OsString;

use super::*;

fn read(connection: &Connection, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    let variable = |name: &str| variables.get(name).map(|value| (*value).to_owned()).ok_or(VarError::NotPresent);
    Settings::from_variables(connection, variable).map_err(|error| error.to_string())
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Settings, String> {
    read(&Connection::default(), variables)
}

fn file_with(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn of_file(file: &tempfile::NamedTempFile) -> Connection {
    Connection { write_key_file: Some(file.path().to_owned()), ..Connection::default() }
}

#[test]
fn without_anything_there_is_the_default_endpoint_and_no_key() {
    let settings = from_environment(&[("KLIME_WRITE_KEY", " "), ("KLIME_ENDPOINT", "")]).unwrap();
    assert_eq!((settings.endpoint.as_str(), &settings.endpoint_source), ("https://i.klime.com", &Source::Default));
    assert!(!settings.is_disabled);
    assert_eq!(
        settings.client().unwrap_err().to_string(),
        "no write key; set KLIME_WRITE_KEY, or name a file that holds it by KLIME_WRITE_KEY_FILE or --write-key-file"
    );
}

#[test]
fn the_environment_is_read_and_its_blanks_are_trimmed() {
    let settings = from_environment(&[
        ("KLIME_WRITE_KEY", "abc\n"),
        ("KLIME_ENDPOINT", " http://[::1]:1 "),
        ("KLIME_DISABLED", "1"),
    ]);
    let settings = settings.unwrap();
    assert_eq!(settings.write_key, Some((WriteKey("abc".to_owned()), Source::Variable("KLIME_WRITE_KEY"))));
    assert_eq!(settings.endpoint, "http://[::1]:1");
    assert_eq!(settings.endpoint_source, Source::Variable("KLIME_ENDPOINT"));
    assert!(settings.is_disabled);
    assert!(settings.client().unwrap().build().is_ok());
}

#[test]
fn an_option_wins_over_the_environment() {
    let file = file_with(b"  from_file\n");
    let connection = Connection { endpoint: Some("http://127.0.0.1:1".to_owned()), ..of_file(&file) };
    let settings = read(&connection, &[("KLIME_WRITE_KEY", "abc"), ("KLIME_ENDPOINT", "http://127.0.0.1:2")]).unwrap();
    let source = Source::File { path: file.path().to_owned(), named_by: "--write-key-file" };
    assert_eq!(settings.write_key, Some((WriteKey("from_file".to_owned()), source)));
    assert_eq!(
        (settings.endpoint.as_str(), settings.endpoint_source),
        ("http://127.0.0.1:1", Source::Option("--endpoint"))
    );
}

#[test]
fn the_environment_may_name_the_file() {
    let file = file_with(b"from_file");
    let path = file.path().to_str().unwrap();
    let settings = from_environment(&[("KLIME_WRITE_KEY_FILE", path)]).unwrap();
    let source = Source::File { path: file.path().to_owned(), named_by: "KLIME_WRITE_KEY_FILE" };
    assert_eq!(settings.write_key, Some((WriteKey("from_file".to_owned()), source)));

    let both = from_environment(&[("KLIME_WRITE_KEY_FILE", path), ("KLIME_WRITE_KEY", "abc")]).unwrap_err();
    assert_eq!(both, "KLIME_WRITE_KEY and KLIME_WRITE_KEY_FILE are both set, so it is not clear which key is meant");
}

#[test]
fn a_file_without_a_key_is_refused_by_name() {
    let refused = |file: &tempfile::NamedTempFile| {
        read(&of_file(file), &[]).unwrap_err().replace(file.path().to_str().unwrap(), "FILE")
    };
    assert_eq!(refused(&file_with(b" \n")), "--write-key-file: FILE is empty; it must hold the write key");
    assert_eq!(refused(&file_with(b"\xff")), "--write-key-file: FILE is not text, so it holds no write key");
    assert_eq!(
        refused(&file_with(&[b'a'; 65_537])),
        "--write-key-file: FILE is larger than 65536 bytes, so it holds no write key"
    );
    let missing = Connection { write_key_file: Some("/no/such/file".into()), ..Connection::default() };
    let problem = read(&missing, &[]).unwrap_err();
    assert!(problem.starts_with("--write-key-file: /no/such/file cannot be read: "), "{problem}");
}

#[test]
fn a_variable_that_cannot_be_read_is_refused_by_name() {
    assert_eq!(
        from_environment(&[("KLIME_DISABLED", "yes")]).unwrap_err(),
        "KLIME_DISABLED is \"yes\", it must be 1 or 0"
    );
    let not_unicode = |name: &str| match name {
        "KLIME_ENDPOINT" => Err(VarError::NotUnicode(OsString::new())),
        _ => Err(VarError::NotPresent),
    };
    let error = Settings::from_variables(&Connection::default(), not_unicode).unwrap_err();
    assert_eq!(error.to_string(), "KLIME_ENDPOINT is not valid Unicode");
}

#[test]
fn what_the_sdk_refuses_is_told_by_the_names_of_here() {
    let refused = |variables: &[(&str, &str)]| {
        let settings = from_environment(variables).unwrap();
        let error = settings.client().unwrap().build().unwrap_err();
        settings.explain(&error).to_string()
    };
    assert_eq!(
        refused(&[("KLIME_WRITE_KEY", "abc def")]),
        "the write key of KLIME_WRITE_KEY: write_key has U+0020 at byte 3, which no header can carry"
    );
    assert_eq!(
        refused(&[("KLIME_WRITE_KEY", "abc"), ("KLIME_ENDPOINT", "http://10.0.0.1")]),
        "KLIME_ENDPOINT: endpoint is \"http://10.0.0.1\", plain http would show the write key; use https, or \
         give --allow-insecure-http"
    );
}

#[test]
fn a_key_shows_a_third_of_itself_at_most() {
    let shown = |key: &str| format!("{:?}", WriteKey(key.to_owned()));
    assert_eq!(shown("klime_1234567890"), "klim…");
    assert_eq!(shown("short_key"), "(too short to show)");
    assert_eq!(shown("\u{1b}[2Jxxxxxxxxxxxx"), "\\u{1b}[2J…");
}
