//! A writer keeps keys of authors at hand; an erasure by somebody else in
//! between must count all the same.

use trommel::base::clock::Moment;
use trommel::evidence::Kept;
use trommel::evidence::ledger::Book;
use trommel::evidence::recorder::{Config, Keeper as _, Recorder};
use trommel::evidence::store::{Erase, Store};
use trommel::verdict::Category;

const NOW: Moment = Moment(1_800_000_000_000);

fn kept(id: &str, owner: &str) -> Kept {
    Kept {
        id: id.to_owned(),
        at: NOW,
        payload: format!("{{\"id\":\"{id}\"}}").into_bytes().into(),
        owner: owner.to_owned(),
        category: Category::Spam,
        content: format!("content of {id}").into_bytes().into(),
    }
}

#[test]
fn a_key_that_somebody_else_erased_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path());
    let (mut recorder, _) = Recorder::open(&config, NOW).unwrap();
    recorder.keep(&[kept("one", "author"), kept("two", "other")]).unwrap();
    recorder.keep(&[kept("three", "author")]).unwrap();

    let book = Book::open(folder.path()).unwrap();
    let mut store = Store::open(&book, false).unwrap();
    let found = |store: &Store, id: &str| {
        let content = store.content(id).unwrap();
        content.map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let whole = |id: &str| Some(format!("content of {id}"));
    assert_eq!(found(&store, "three"), whole("three"));
    let author = Erase::Person(vec!["author".to_owned()]);
    let erased = store.erase(&author, "asked for", NOW).unwrap();
    assert!(erased.key_destroyed && erased.ids.len() == 2, "{erased:?}");

    recorder.keep(&[kept("four", "author"), kept("five", "other")]).unwrap();
    for id in ["one", "three"] {
        assert_eq!(found(&store, id), None);
    }
    // Not sealed under the key that is gone.
    for id in ["two", "four", "five"] {
        assert_eq!(found(&store, id), whole(id));
    }
}

#[test]
fn what_was_sealed_under_an_erased_key_meets_no_other_key() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path());
    let (mut recorder, _) = Recorder::open(&config, NOW).unwrap();
    recorder.keep(&[kept("one", "author")]).unwrap();
    let book = Book::open(folder.path()).unwrap();
    let mut store = Store::open(&book, false).unwrap();
    let database = folder.path().join("store.sqlite");
    let database = rusqlite::Connection::open(database).unwrap();
    let copy = "create table copy as select * from content";
    database.execute_batch(copy).unwrap();

    let author = Erase::Person(vec!["author".to_owned()]);
    store.erase(&author, "asked for", NOW).unwrap();
    recorder.keep(&[kept("two", "author")]).unwrap();
    // A backup comes back: its content stays erased.
    let back = "insert into content select * from copy";
    database.execute_batch(back).unwrap();
    assert_eq!(store.content("one").unwrap(), None);
    assert!(store.content("two").unwrap().is_some());
}
