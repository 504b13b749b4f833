use proptest::prelude::*;

use super::*;

/// A reader over bytes that come a few at a time.
fn trickle(bytes: &[u8], step: usize) -> Source {
    struct Trickle(std::collections::VecDeque<u8>, usize);
    impl io::Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(buffer.len());
            io::Read::read(&mut self.0, buffer.get_mut(..most).unwrap())
        }
    }
    Source::stream(Trickle(bytes.to_vec().into(), step))
}

fn lines(bytes: &[u8]) -> Reader {
    Reader::lines(trickle(bytes, 3))
}

fn table(bytes: &[u8]) -> Reader {
    Reader::table(trickle(bytes, 3), Dialect::Csv(b','), Header::FirstRow).unwrap()
}

fn all(mut reader: Reader) -> Vec<Record> {
    std::iter::from_fn(|| reader.read().unwrap()).collect()
}

/// `line:text` of each record.
fn shown(reader: Reader) -> Vec<String> {
    let show = |record: &Record| match &record.content {
        Content::Line(text) => format!("{}:{}", record.line, String::from_utf8_lossy(text)),
        Content::Row(row) => format!("{}:{row:?}", record.line),
        Content::TooLong(start) => format!("{}: {} kept of {}", record.line, start.len(), record.bytes),
    };
    all(reader).iter().map(show).collect()
}

#[test]
fn lines_are_counted_blank_ones_too() {
    assert_eq!(shown(lines(b"{\"a\":1}\n\n  \r\n{\"b\":2}\r\n{half")), ["1:{\"a\":1}", "4:{\"b\":2}", "5:{half"]);
    assert_eq!(shown(lines("\u{feff}{}\n".as_bytes())), ["1:{}"]);
    assert_eq!(shown(lines(b"\n\n")), [""; 0]);
    assert_eq!(shown(lines(b"")), [""; 0]);
}

#[test]
fn a_line_that_is_too_long_is_told_by_its_size() {
    let mut bytes = b"{}\n".to_vec();
    bytes.extend(vec![b'x'; 3 * MAX_RECORD_BYTES]);
    bytes.extend(b"\n{}\n");
    let reader = Reader::lines(Source::stream(io::Cursor::new(bytes)));
    assert_eq!(shown(reader), ["1:{}", &format!("2: 1000 kept of {}", 3 * MAX_RECORD_BYTES + 1), "3:{}"]);
}

#[test]
fn rows_of_mysql_have_escapes_and_no_quotes() {
    let text = b"id\tno\\te\r\n1\tsays \"hi\n2\ta\\nb\\\\n\\tc\n\n\"\tNULL\n\r\td\re";
    let reader = Reader::table(trickle(text, 3), Dialect::Mysql, Header::FirstRow).unwrap();
    assert_eq!(reader.columns(), Some(&["id".to_owned(), "no\te".to_owned()][..]));
    assert_eq!(
        shown(reader),
        [r#"2:["1", "says \"hi"]"#, r#"3:["2", "a\nb\\n\tc"]"#, r#"5:["\"", "NULL"]"#, r#"6:["\r", "d\re"]"#,]
    );
}

#[test]
fn rows_begin_on_the_line_that_is_told() {
    let text = b"id,note\r\n1,plain\r\n2,\"over\r\ntwo lines\"\r\n\r\n3,\"quo\"\"ted\"\n4,last";
    assert_eq!(
        shown(table(text)),
        [r#"2:["1", "plain"]"#, r#"3:["2", "over\r\ntwo lines"]"#, r#"6:["3", "quo\"ted"]"#, r#"7:["4", "last"]"#,]
    );
    assert_eq!(shown(table("\u{feff}id\n1\n".as_bytes())), [r#"2:["1"]"#]);
}

#[test]
fn rows_may_have_any_number_of_fields() {
    assert_eq!(shown(table(b"a,b\n1\n1,2,3\n,\n")), [r#"2:["1"]"#, r#"3:["1", "2", "3"]"#, r#"4:["", ""]"#]);
}

#[test]
fn a_quote_that_is_never_closed_takes_no_memory() {
    let mut bytes = b"a,b\n1,2\n3,\"".to_vec();
    bytes.extend(b"x,y\n".repeat(MAX_RECORD_BYTES));
    let reader = Reader::table(Source::stream(io::Cursor::new(bytes)), Dialect::Csv(b','), Header::FirstRow).unwrap();
    let expected = format!("3: 1000 kept of {}", 3 + 4 * MAX_RECORD_BYTES);
    assert_eq!(shown(reader), [r#"2:["1", "2"]"#, &expected]);
}

#[test]
fn a_quote_that_is_never_closed_is_told_by_the_line_on_which_it_was_opened() {
    for (text, ending, lines) in [
        ("a,b\n1,\"x\ny\nz", Ending::Quote(2), 4),
        ("a,b\n1,\"x\ny\nz\n", Ending::Quote(2), 4),
        ("a,b\n\"x\r\ny\",\"z\r\nu\r\n", Ending::Quote(3), 4),
        ("a,b\n1,\"x\ny\"", Ending::Source, 3),
        ("a,b\n1,\"x\ny\"\n", Ending::Line, 3),
        ("a,b\n1,\"", Ending::Quote(2), 2),
        ("a,b\n1,2", Ending::Source, 2),
        ("a,b\r\n1,2\r\n", Ending::Line, 2),
    ] {
        let last = all(table(text.as_bytes())).pop().unwrap();
        assert_eq!((last.ending, last.end.lines), (ending, lines), "{text:?}");
    }
    let content = all(table(b"a,b\n1,\"x\ny\n")).pop().unwrap().content;
    assert_eq!(content, Content::TooLong(b"1,\"x\ny\n".to_vec()), "as it stands in the source");
}

#[test]
fn the_last_line_counts_without_a_line_end_too() {
    let ends =
        |text: &[u8]| all(lines(text)).iter().map(|record| (record.end.lines, record.ending)).collect::<Vec<_>>();
    assert_eq!(ends(b"{}\n{}\n"), [(1, Ending::Line), (2, Ending::Line)]);
    assert_eq!(ends(b"{}\n{}"), [(1, Ending::Line), (2, Ending::Source)]);
}

#[test]
fn what_is_written_behind_the_end_once_it_was_seen_is_for_another_run() {
    /// Is at its end once between the two.
    struct Growing(std::collections::VecDeque<&'static [u8]>);
    impl io::Read for Growing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.pop_front().map_or(Ok(0), |mut bytes| io::Read::read(&mut bytes, buffer))
        }
    }
    let growing = |before, after| Source::stream(Growing([before, &b""[..], after].into()));
    let mut lines = Reader::lines(growing(b"{\"total\":12", b"34}\n{}\n"));
    assert_eq!(lines.read().unwrap().unwrap().ending, Ending::Source);
    let source = growing(b"total\n12", b"34\n56\n");
    let mut table = Reader::table(source, Dialect::Csv(b','), Header::FirstRow).unwrap();
    assert_eq!(table.read().unwrap().unwrap().ending, Ending::Source);
    for reader in [&mut lines, &mut table] {
        assert_eq!((reader.read().unwrap(), reader.read().unwrap()), (None, None));
    }
    let mut whole = Reader::lines(growing(b"{}\n", b"{}\n"));
    assert_eq!(whole.read().unwrap().unwrap().ending, Ending::Line);
    assert_eq!((whole.read().unwrap(), whole.read().unwrap()), (None, None));
}

#[test]
fn a_header_must_tell_its_columns_apart() {
    let problem =
        |text: &[u8]| Reader::table(trickle(text, 3), Dialect::Csv(b','), Header::FirstRow).unwrap_err().to_string();
    assert_eq!(problem(b""), "it is empty, so there is no header");
    assert_eq!(problem(b"id,name,id\n"), "two columns of the header are called \"id\"");
    assert_eq!(problem(b"id,,name\n"), "column 2 of the header has no name");
    assert_eq!(problem(b"id,n\xff\n"), "its header is not UTF-8");
    assert_eq!(problem(b"id,\n\"n\n1,2\n"), "column 2 of the header has no name");
    assert_eq!(problem(b"id,\"n\n1,2\n"), "in its header a quote opened at line 1 is never closed");
}

#[test]
fn names_may_be_given_instead_of_a_header() {
    let header = Header::Given(vec!["id".to_owned(), "name".to_owned()]);
    let reader = Reader::table(trickle(b"1;Ann\n", 3), Dialect::Csv(b';'), header).unwrap();
    assert_eq!(reader.columns().unwrap(), ["id", "name"]);
    assert_eq!(shown(reader), [r#"1:["1", "Ann"]"#]);
}

/// What a file of records may hold, whole or torn.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let parts: [&[u8]; 9] = [b"{\"a\":1}", b"\n", b"\r\n", b",", b"\"", b"x", b"\xff", b"\r", "\u{feff}".as_bytes()];
    let part = prop::sample::select(parts.to_vec());
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn reading_goes_on_from_each_position_as_if_it_had_not_stopped(text in any_text(), step in 1..9_usize, is_table: bool) {
        let open = || match is_table {
            false => Some(Reader::lines(trickle(&text, step))),
            true => Reader::table(trickle(&text, step), Dialect::Csv(b','), Header::FirstRow).ok(),
        };
        if let Some(reader) = open() {
            let whole = all(reader);
            for (index, record) in whole.iter().enumerate() {
                let mut reader = open().unwrap();
                reader.go_to(record.end).unwrap();
                prop_assert_eq!(&all(reader), &whole[index + 1..]);
            }
            let last = whole.last().map_or(0, |record| record.end.bytes);
            prop_assert!(last <= text.len() as u64);
        }
    }

    #[test]
    fn files_and_streams_are_read_alike(text in any_text(), at in 0..40_usize) {
        let file = tempfile::tempfile().unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &text, 0).unwrap();
        let whole = all(lines(&text));
        let mut reader = Reader::lines(Source::file(file));
        let start = whole.get(at).map_or(Position::default(), |record| record.end);
        reader.go_to(start).unwrap();
        let rest = whole.iter().position(|record| record.end == start).map_or(0, |index| index + 1);
        prop_assert_eq!(&all(reader), &whole[rest..]);
    }
}

#[test]
fn a_source_that_ends_before_the_position_is_told() {
    let far = Position { bytes: 100, lines: 9, records: 9 };
    assert_eq!(lines(b"{}\n").go_to(far).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    let mut reader = Reader::lines(Source::file(tempfile::tempfile().unwrap()));
    assert_eq!(reader.go_to(far).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}
