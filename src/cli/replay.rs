//! `trommel replay`: kept decisions judged again.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;

use super::exit::Exit;
use super::ledger::{content_of, output, store};
use super::ledger_args::ReplayArgs;
use super::{messages, rules};
use crate::eval::{Config, Policy, Scanner, Scratch};
use crate::evidence::archive::Archive;
use crate::evidence::ledger::Book;
use crate::evidence::ledger::entry::Kind;
use crate::evidence::ledger::index::{Index, Wanted};
use crate::evidence::{Content, Evidence};
use crate::image::{Image, is_image};
use crate::tools::replay::{self, Ending};

/// A line of `ledger export --for reviewer`.
#[derive(Deserialize)]
struct Line {
    evidence: Evidence,
    content: Option<Content>,
}

pub fn run(args: &ReplayArgs) -> anyhow::Result<Exit> {
    let mut replayer = Replayer::new(args)?;
    for path in &args.evidence {
        if path.is_dir() {
            let book = Book::open(path)?;
            let store = store(&book)?;
            let index = Index::open(&book)?;
            replayer.archives.push(Archive::new(&path.join("archive")));
            let kind = Some(Kind::Evidence);
            for place in index.find(&Wanted { kind, ..Wanted::default() })? {
                let evidence = index.evidence(&place)?;
                let content = content_of(&store, &evidence)?;
                replayer.one(&evidence, content.as_ref())?;
            }
        } else {
            let shown = path.display();
            let file = std::fs::File::open(path)
                .with_context(|| shown.to_string())?;
            let lines = std::io::BufReader::new(file).lines();
            for (number, line) in (1..).zip(lines) {
                let line = line.with_context(|| shown.to_string())?;
                let line: Line =
                    serde_json::from_str(&line).with_context(|| {
                        format!(
                            "{shown}:{number}: expected a line of `trommel \
                             ledger export --for reviewer`"
                        )
                    })?;
                replayer.one(&line.evidence, line.content.as_ref())?;
            }
        }
    }
    replayer.end()
}

struct Replayer<'a> {
    args: &'a ReplayArgs,
    archives: Vec<Archive>,
    /// Images that `--packs` names.
    given: Vec<Image>,
    /// By digests of image and policy; an error is why there is none.
    scanners: BTreeMap<(String, String), Result<Rc<Scanner>, String>>,
    scratch: Scratch,
    out: super::table::Out,
    /// Identical, changed, not replayable.
    counts: [u64; 3],
}

impl<'a> Replayer<'a> {
    fn new(args: &'a ReplayArgs) -> anyhow::Result<Replayer<'a>> {
        Ok(Replayer {
            args,
            archives: args.archive.iter().map(|a| Archive::new(a)).collect(),
            given: given(&args.packs)?,
            scanners: BTreeMap::new(),
            scratch: Scratch::default(),
            out: output(None)?,
            counts: [0; 3],
        })
    }

    fn one(
        &mut self,
        evidence: &Evidence,
        content: Option<&Content>,
    ) -> anyhow::Result<()> {
        let ending = self.ending(evidence, content);
        let (index, name, detail) = match &ending {
            Ending::Identical => (0, "identical", json!(null)),
            Ending::Changed(what) => (1, "changed", json!(what)),
            Ending::NotReplayable(why) => (2, "not_replayable", json!(why)),
        };
        self.counts[index] += 1;
        if index == 0 && !self.args.verbose {
            return Ok(());
        }
        let mut line = json!({"id": evidence.id, "result": name});
        match index {
            1 => line["changes"] = detail,
            2 => line["reason"] = detail,
            _ => {}
        }
        writeln!(self.out, "{line}")?;
        Ok(())
    }

    fn ending(
        &mut self,
        evidence: &Evidence,
        content: Option<&Content>,
    ) -> Ending {
        let obstacle = replay::obstacle(evidence, content);
        let (None, Some(content)) = (&obstacle, content) else {
            return Ending::NotReplayable(obstacle.unwrap_or_default());
        };
        match self.scanner(evidence) {
            Ok(scanner) => {
                let scratch = &mut self.scratch;
                replay::replay(evidence, content, &scanner, scratch)
            }
            Err(why) => Ending::NotReplayable(why),
        }
    }

    fn scanner(&mut self, evidence: &Evidence) -> Result<Rc<Scanner>, String> {
        let image = evidence.pack.digest.clone();
        let key = (image, evidence.engine.policy.clone());
        if let Some(known) = self.scanners.get(&key) {
            return known.clone();
        }
        let made = self.make(&key.0, &key.1).map(Rc::new);
        self.scanners.insert(key, made.clone());
        made
    }

    fn make(&self, digest: &str, policy: &str) -> Result<Scanner, String> {
        let image = self.image(digest)?;
        let mut config = Config::new().engine(rules::engine(self.args.engine));
        if let Some(text) = self.policy(policy)? {
            let all = &image.meta().rules;
            let ids: Vec<&str> = all.iter().map(|r| r.id.as_str()).collect();
            let policy = Policy::parse(&text, &ids)
                .map_err(|error| format!("policy: {error}"))?;
            config = config.policy(policy);
        }
        Scanner::with_config(image, config).map_err(|e| e.to_string())
    }

    fn image(&self, digest: &str) -> Result<Image, String> {
        let given = self.given.iter().find(|i| i.digest() == digest);
        if let Some(image) = given {
            return Ok(image.clone());
        }
        let mut why = format!("no image {digest} was found");
        for archive in &self.archives {
            match archive.image(digest) {
                // Other fold tables or format: an engine of then has to be
                // used.
                Some(Err(error)) => why = error.to_string(),
                Some(Ok(image)) if image.digest() == digest => {
                    return Ok(image);
                }
                _ => {}
            }
        }
        match self.given.first() {
            Some(image) if self.args.any_image => Ok(image.clone()),
            _ => Err(why),
        }
    }

    /// The text of a policy; `None` for the built-in one.
    fn policy(&self, digest: &str) -> Result<Option<String>, String> {
        if digest.is_empty() {
            return Ok(None);
        }
        for archive in &self.archives {
            if let Some(text) = archive.policy(digest) {
                return text.map(Some).map_err(|error| error.to_string());
            }
        }
        let Some(path) = &self.args.policy else {
            return Err(format!("no policy {digest} was found"));
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let hash = blake3::hash(text.as_bytes()).to_hex();
        if format!("b3:{hash}") != digest && !self.args.any_image {
            return Err(format!(
                "{} is not the policy {digest}",
                path.display()
            ));
        }
        Ok(Some(text))
    }

    fn end(mut self) -> anyhow::Result<Exit> {
        self.out.flush()?;
        let [identical, changed, not] = self.counts;
        messages::note(&format!(
            "{identical} identical, {changed} changed, {not} not replayable"
        ));
        if identical + changed + not == 0 {
            bail!("no evidence was found");
        }
        Ok(if changed > 0 { Exit::Failed } else { Exit::Done })
    }
}

/// Images of `--packs`: image files, folders of them, packs.
fn given(names: &[String]) -> anyhow::Result<Vec<Image>> {
    let mut images = Vec::new();
    let mut packs = Vec::new();
    for name in names {
        let files = image_files(Path::new(name));
        if files.is_empty() {
            packs.push(name.clone());
        }
        for file in files {
            match Image::open_verified(&file) {
                Ok(image) => images.push(image),
                Err(error) => {
                    messages::warning(&format!("{}: {error}", file.display()))
                }
            }
        }
    }
    if !packs.is_empty() {
        images.push(rules::image(&packs)?);
    }
    Ok(images)
}

fn image_files(path: &Path) -> Vec<PathBuf> {
    let head = |path: &Path| {
        use std::io::Read as _;
        let mut head = [0; 8];
        std::fs::File::open(path)
            .is_ok_and(|mut f| f.read_exact(&mut head).is_ok())
            && is_image(&head)
    };
    if path.is_file() {
        return if head(path) { vec![path.to_owned()] } else { Vec::new() };
    }
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && head(path))
        .collect();
    files.sort();
    files
}
