//! What is kept, where, and for how long: tables, other databases, erasure
//! of everything that holds a person's words, old engines.

use std::path::Path;

use serde_json::Value;

use crate::ledger::{Kept, NOW, PERSONAL, POSTS, changed, conforms};
use crate::{code, run, stderr, stdout};

/// The text of a file below the ledger.
#[cfg(feature = "postgres")]
fn below(kept: &Kept, name: &str) -> Option<String> {
    std::fs::read_to_string(kept.path().join(name)).ok()
}

fn decide(kept: &Kept, case: &Value, outcome: &str) -> Value {
    let id = case["id"].as_str().expect("an id");
    let words = [
        "case", "decide", "LEDGER", id, outcome, "--by", "R", "--reason", "r",
    ];
    kept.json(&words).remove(0)
}

#[test]
fn tables_say_what_the_lines_say() {
    let kept = Kept::new(&[]);
    for (audience, columns, some) in [
        ("reviewer", 37, "gambling.demo.zh"),
        ("subject", 19, "真.人.百.家.乐 加微信 abc12345 秒到账"),
        ("public", 4, "gambling"),
    ] {
        let words =
            ["ledger", "export", "LEDGER", "--for", audience, "--format"];
        let csv = kept.text(&[&words[..], &["csv"]].concat());
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert_eq!(reader.headers().expect("a header").len(), columns);
        let rows: Vec<csv::StringRecord> =
            reader.records().collect::<Result<_, _>>().expect("rows");
        assert!(rows.iter().any(|row| row.iter().any(|cell| cell == some)));
        if audience == "public" {
            continue;
        }
        let all = kept.json(&[&words[..], &["ndjson"]].concat());
        assert_eq!(rows.len(), all.len(), "{audience}");
        for (row, line) in rows.iter().zip(&all) {
            if audience == "reviewer" {
                let record: Value =
                    serde_json::from_str(&row[36]).expect("JSON");
                assert_eq!(record, *line);
            } else {
                // Every word of the statement is in the row.
                assert_eq!(row[17], *line["text"]["zh"].as_str().unwrap());
                assert_eq!(row[11], *line["quote"].as_str().unwrap());
            }
        }
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_needs_its_feature() {
    let kept = Kept::new(&[]);
    let words = ["ledger", "export", "LEDGER", "--format", "parquet"];
    let output = kept.at(NOW, &words);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    let error = stderr(&output);
    assert!(error.contains("--features parquet"), "{error}");
}

#[cfg(feature = "parquet")]
mod columns {
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{
        Float64Type, Int64Type, TimestampMillisecondType,
    };
    use arrow_array::{Array as _, RecordBatch};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn read(kept: &Kept, audience: &str) -> RecordBatch {
        let path = kept.folder.path().join(format!("{audience}.parquet"));
        let name = path.to_str().expect("UTF-8");
        kept.text(&[
            "ledger", "export", "LEDGER", "--for", audience, "--format",
            "parquet", "-o", name,
        ]);
        let file = std::fs::File::open(path).expect("a file");
        let mut reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.build())
            .expect("a Parquet file");
        let batch = reader.next().expect("rows").expect("rows");
        assert!(reader.next().is_none());
        batch
    }

    fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
        let column = batch.column_by_name(name).expect(name);
        let texts = column.as_string::<i32>();
        texts.iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn exports_read_back() {
        let kept = Kept::new(&[]);
        let all = kept.reviewer();
        let batch = read(&kept, "reviewer");
        assert_eq!(batch.num_rows(), all.len());
        let records = texts(&batch, "record");
        for (n, line) in all.iter().enumerate() {
            let record: Value =
                serde_json::from_str(records[n].as_deref().unwrap()).unwrap();
            assert_eq!(record, *line);
            let decision = &line["evidence"]["decision"];
            let rule = texts(&batch, "rule")[n].clone();
            assert_eq!(rule.as_deref(), decision["rule"].as_str());
            let lang = texts(&batch, "lang")[n].clone();
            assert_eq!(
                lang.as_deref(),
                line["evidence"]["item"]["lang"].as_str()
            );
            let sure = batch.column_by_name("confidence").unwrap();
            let sure = sure.as_primitive::<Float64Type>().value(n);
            assert_eq!(Some(sure), decision["confidence"].as_f64());
            let exempt = batch.column_by_name("statement_exempt").unwrap();
            let exempt = exempt.as_boolean().value(n);
            assert_eq!(Some(exempt), decision["statement_exempt"].as_bool());
            let seq = batch.column_by_name("seq").unwrap();
            let seq = seq.as_primitive::<Int64Type>().value(n);
            assert_eq!(Some(seq), line["seq"].as_i64());
            let start = batch.column_by_name("start").unwrap();
            let start = start.as_primitive::<TimestampMillisecondType>();
            assert_eq!(start.value(n), 1_795_161_600_000);
        }
        let batch = read(&kept, "subject");
        assert_eq!(batch.num_rows(), all.len());
        assert!(batch.column_by_name("author").is_none());
        let shown = format!("{batch:?}");
        assert!(!shown.contains("hk:") && !shown.contains("demo.zh"));
        let batch = read(&kept, "public");
        let count = batch.column_by_name("count").unwrap();
        assert_eq!(count.null_count(), 0);
        assert!(texts(&batch, "value").contains(&Some("gambling".into())));
    }

    #[test]
    fn an_export_of_nothing_is_a_table_too() {
        let kept = Kept::new(&[]);
        let path = kept.folder.path().join("none.parquet");
        let name = path.to_str().expect("UTF-8");
        kept.text(&[
            "ledger",
            "export",
            "LEDGER",
            "--since",
            "2030-01-01",
            "--format",
            "parquet",
            "-o",
            name,
        ]);
        let file = std::fs::File::open(path).expect("a file");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file);
        let builder = builder.expect("a Parquet file");
        assert_eq!(builder.metadata().file_metadata().num_rows(), 0);
        assert_eq!(builder.schema().fields().len(), 37);
    }
}

#[test]
fn statements_fit_the_schema_of_the_database() {
    let schema: Value =
        serde_json::from_str(&stdout(&run(&["schema", "dsa"]))).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    let text = "[category.gambling]\nground = \"law\"\n\
                reference = \"Glücksspielstaatsvertrag § 4\"\n\
                [category.spam]\nstatement_exempt = false\n";
    std::fs::write(&policy, text).expect("written");
    let kept = Kept::new(&["--policy", policy.to_str().expect("UTF-8")]);
    let words = ["ledger", "export", "LEDGER", "--format", "dsa"];
    let all = kept.json(&words);
    assert_eq!(all.len(), 3);
    for statement in &all {
        conforms(&schema, &schema, statement, "statement");
        let scope = statement["territorial_scope"].as_array();
        assert_eq!(scope.map(Vec::len), Some(30));
    }
    let ground = "DECISION_GROUND_ILLEGAL_CONTENT";
    assert_eq!(all[0]["decision_ground"], ground);
    let only = kept.json(&[&words[..], &["--territory", "de,fr"]].concat());
    assert_eq!(only[0]["territorial_scope"].as_array().unwrap().len(), 2);
}

#[test]
fn a_store_is_named_once() {
    let kept = Kept::new(&[]);
    let elsewhere = "postgres://nobody@localhost/other";
    let output = kept.scan(POSTS, &["--ledger-sync", "end"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let name = kept.name();
    let scan = |store: &str, ledger: &str| {
        let words =
            ["scan", "-q", "-r", "demo", "--ledger", ledger, "--store", store];
        let mut command = kept.command(&words, NOW);
        command.arg("ledger.ndjson").output().expect("the program starts")
    };
    let output = scan(elsewhere, &name);
    assert_eq!(code(&output), 2);
    let error = stderr(&output);
    assert!(error.contains("is kept elsewhere"), "{error}");
    let fresh = kept.folder.path().join("fresh");
    let fresh = fresh.to_str().expect("UTF-8");
    for (store, part) in [
        ("mysql://x", "expected a URL of PostgreSQL"),
        #[cfg(not(feature = "postgres"))]
        ("postgres://x@localhost/y", "--features postgres"),
        #[cfg(feature = "postgres")]
        ("postgres:///y?host=/no/such/folder", "PostgreSQL: error connecting"),
        #[cfg(feature = "postgres")]
        ("postgres://x@localhost/y?sslmode=maybe", "PostgreSQL: invalid"),
    ] {
        let output = scan(store, fresh);
        assert_eq!((code(&output), stdout(&output)), (2, String::new()));
        let error = stderr(&output);
        assert!(error.contains(part), "{error}");
    }
    // A URL that failed is not remembered.
    let words = ["scan", "-q", "-r", "demo", "--ledger", fresh];
    let mut command = kept.command(&words, NOW);
    let output = command.arg("ledger.ndjson").output().expect("it starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

/// Needs the server of `tests/postgres.sh`.
#[cfg(feature = "postgres")]
#[test]
fn a_database_holds_many_ledgers() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(url) = crate::ledger::store() else { return };
    let (one, two) = (Kept::new(&[]), Kept::new(&[]));
    for kept in [&one, &two] {
        assert_eq!(below(kept, "store.url"), Some(format!("{url}\n")));
        let path = kept.path().join("store.url");
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!kept.path().join("store.sqlite").exists());
        assert_eq!(kept.reviewer()[0]["content_state"], "kept");
    }
    one.text(&["ledger", "erase", "LEDGER", "--author", "u1"]);
    assert_eq!(one.reviewer()[0]["content_state"], "erased");
    assert_eq!(two.reviewer()[0]["content_state"], "kept");
    // Nobody wrote the text into the database either.
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let identity = below(&two, "ledger.json").unwrap();
    let identity: Value = serde_json::from_str(&identity).unwrap();
    let table = format!("trommel_{}", identity["id"].as_str().unwrap());
    let rows = client
        .query(&format!("select owner, sealed from {table}.content"), &[])
        .unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let (owner, sealed): (String, Vec<u8>) = (row.get(0), row.get(1));
        assert!(owner.starts_with("hk:") || owner.starts_with("item:"));
        let text = "加微信".as_bytes();
        assert!(!sealed.windows(text.len()).any(|part| part == text));
    }
    // Another form is refused.
    client
        .batch_execute(&format!("update {table}.form set number = 9"))
        .unwrap();
    let output = two.at(NOW, &["case", "list", "LEDGER"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("form 9"), "{}", stderr(&output));
}

#[test]
fn erasing_a_person_takes_every_copy() {
    let kept = Kept::new(&[]);
    let case = kept
        .json(&["case", "open", "LEDGER", "p1", "--text", "a joke"])
        .remove(0);
    let report = kept
        .json(&[
            "case",
            "open",
            "LEDGER",
            "p3",
            "--report",
            "--reporter",
            "u1",
            "--text",
            "look at this",
        ])
        .remove(0);
    let told = decide(&kept, &case, "overturn");
    let test = told["test"].as_str().expect("a test").to_owned();
    assert!(std::fs::read_to_string(&test).unwrap().contains("abc12345"));
    let erase = ["ledger", "erase", "LEDGER", "--author", "u1"];
    let dry = kept.text(&[&erase[..], &["--dry-run"]].concat());
    assert!(dry.contains("1 must-pass tests would be removed"), "{dry}");
    assert!(std::fs::exists(&test).unwrap());
    let text = kept.text(&erase);
    assert!(text.contains("1 must-pass tests removed"), "{text}");
    assert!(!std::fs::exists(&test).unwrap());
    for case in [case, report] {
        let id = case["id"].as_str().expect("an id");
        let shown = kept.json(&["case", "show", "LEDGER", id]).remove(0);
        assert_eq!(shown["text"], Value::Null, "{shown}");
    }
}

#[test]
fn what_was_said_in_cases_expires() {
    let kept = Kept::new(&[]);
    let words = ["case", "open", "LEDGER", "p2", "--text", "please look"];
    let case = kept.json(&words).remove(0);
    let id = case["id"].as_str().expect("an id").to_owned();
    let expire = |now: &str, more: &[&str]| {
        let words = [&["ledger", "expire", "LEDGER"][..], more].concat();
        let output = kept.at(now, &words);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        stdout(&output)
    };
    let later = "2027-05-19T08:00:00Z";
    let soon = ["--days", "case=1"];
    // Open: kept.
    assert!(!expire(later, &soon).contains("texts of cases"));
    decide(&kept, &case, "uphold");
    assert!(!expire(NOW, &soon).contains("texts of cases"));
    let text = expire(later, &[]);
    assert!(text.contains("1 texts of cases would be erased"), "{text}");
    assert!(expire(later, &["--apply"]).contains("1 texts of cases erased"));
    assert!(!expire(later, &["--apply"]).contains("texts of cases"));
    let shown = kept.json(&["case", "show", "LEDGER", &id]).remove(0);
    assert_eq!(shown["text"], Value::Null);
    let last = kept.json(&["ledger", "show", "LEDGER"]).pop().unwrap();
    assert_eq!(last["payload"]["cases"][0], id.as_str());
}

#[test]
fn no_number_of_several_is_kept() {
    let kept = Kept::empty();
    let rules = kept.folder.path().join("personal.toml");
    let two = PERSONAL.replace("when = \"number\"", "when = \"number or x\"");
    let two =
        two.replace("number = {", "x = { list = [\"王五\"] }\nnumber = {");
    std::fs::write(&rules, two).expect("written");
    let post = "{\"id\":\"d\",\"text\":\"王五 13800138000 或 13900139001，\
                也可 137-0013-7002\"}\n";
    let output = kept.scan(post, &["-r", rules.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let all = kept.reviewer();
    assert_eq!(all.len(), 1);
    for number in ["0138000", "0139001", "0013-7002"] {
        assert!(!format!("{all:?}").contains(number), "{all:?}");
    }
}

#[test]
fn an_image_of_another_engine_is_not_run() {
    let kept = Kept::new(&[]);
    let archive = kept.path().join("archive");
    let image = std::fs::read_dir(archive)
        .expect("an archive")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|e| e == "img"))
        .expect("an image");
    let whole = std::fs::read(&image).expect("read");
    // The version of the format, as a later engine would count it.
    let mut newer = whole.clone();
    newer[8] += 1;
    std::fs::write(&image, newer).expect("written");
    let (exit, told, note) = changed(&kept, &["replay", "LEDGER"]);
    assert_eq!((exit, told.len()), (0, 4), "{note}");
    let reason = told[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("format"), "{reason}");
    // Other rules may be asked all the same.
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example.toml");
    let example = example.to_str().expect("UTF-8");
    let words = ["replay", "LEDGER", "--packs", example, "--any-image"];
    let (exit, told, note) = changed(&kept, &words);
    assert_eq!(exit, 1, "{told:?} {note}");
    std::fs::write(&image, &whole[..whole.len() / 2]).expect("written");
    let (exit, told, _) = changed(&kept, &["replay", "LEDGER"]);
    assert_eq!((exit, told.len()), (0, 4));
    // The rules of today have the same digest: they are the same image.
    let words = ["replay", "LEDGER", "--packs", "demo"];
    let (exit, told, note) = changed(&kept, &words);
    assert_eq!((exit, told.len()), (0, 0), "{told:?} {note}");
}

#[test]
fn readers_that_go_away_are_no_error() {
    let kept = Kept::new(&[]);
    for words in [
        vec!["ledger", "show", "LEDGER"],
        vec!["ledger", "export", "LEDGER"],
        vec!["ledger", "export", "LEDGER", "--format", "csv"],
        vec!["replay", "LEDGER", "-v"],
        vec!["case", "list", "LEDGER"],
        vec!["rulebook", "demo"],
    ] {
        let name = kept.name();
        let words: Vec<&str> = words
            .iter()
            .map(|w| if *w == "LEDGER" { name.as_str() } else { w })
            .collect();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = kept.command(&words, NOW);
        let output = command.stdout(writer).output().expect("it starts");
        assert_eq!(code(&output), 0, "{words:?} {}", stderr(&output));
        assert!(!stderr(&output).contains("panic"), "{words:?}");
    }
}

#[test]
fn a_reader_that_goes_away_leaves_a_signed_ledger() {
    let kept = Kept::empty();
    let name = kept.name();
    let words = ["scan", "-r", "demo", "-q", "--ledger", &name];
    let mut child = kept
        .command(&words, NOW)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("a pipe");
    // Fails when the program has ended.
    let _ =
        std::io::Write::write_all(&mut input, POSTS.repeat(20_000).as_bytes());
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let text = kept.text(&["ledger", "verify", "LEDGER"]);
    assert!(text.starts_with("ok"), "{text}");
    let all = kept.json(&["ledger", "show", "LEDGER"]);
    assert_eq!(all.last().expect("entries")["kind"], "run_end");
}
