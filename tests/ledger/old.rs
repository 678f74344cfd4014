//! A ledger of each format version, as it was written then
//! (`tests/data/ledger-v1`, its README has the command).

use std::path::Path;

use trommel::evidence::ledger::Book;
use trommel::evidence::ledger::index::{Index, Wanted};
use trommel::evidence::ledger::proof::prove;
use trommel::evidence::ledger::verify::verify;

#[test]
fn version_1_opens_and_proves() {
    let old = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/ledger-v1/ledger");
    // The index is written beside it.
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(old).unwrap() {
        let path = entry.unwrap().path();
        let to = folder.path().join(path.file_name().unwrap());
        std::fs::copy(path, to).unwrap();
    }
    let book = Book::open(folder.path()).unwrap();
    let point = book.checkpoint().unwrap().unwrap();
    let found = verify(book.storage(), None, &[point]).unwrap();
    assert!(found.holds() && found.entries > 5, "{found:?}");
    let index = Index::open(&book).unwrap();
    for place in index.find(&Wanted::default()).unwrap() {
        let entry = index.read(&place).unwrap();
        entry.json().unwrap();
        let proof = prove(&book, entry.seq, &entry.bytes).unwrap();
        proof.check(&book.verifier().unwrap()).unwrap();
        let mut wrong = proof;
        wrong.index ^= 1;
        assert!(wrong.check(&book.verifier().unwrap()).is_err());
    }
    assert!(index.resolve("no such id").is_err());
    index.evidence(&index.resolve("2").unwrap()).unwrap();
}
