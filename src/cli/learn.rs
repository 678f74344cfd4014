//! `trommel learn`: a pack of learned dictionaries out of labelled records.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail, ensure};

use super::exit::Exit;
use super::learn_args::{LearnArgs, LearnLoss};
use super::{messages, scan};
use crate::base::clock;
use crate::scan::grams::Sizes;
use crate::source::{SourceConfig, Sources};
use crate::tools::corpus::Unread;
use crate::tools::evaluate::Exclude;
use crate::tools::learn::{
    self, Loss, Plan, Reading, Ready, Report, Training, Words,
};
use crate::verdict::Category;

pub fn run(args: &LearnArgs) -> anyhow::Result<Exit> {
    let plan = plan(args)?;
    ensure!(
        args.output.is_some() || args.cross_validate.is_some(),
        "say where the pack goes (-o PACK), or ask for --cross-validate N"
    );
    let threads = args.threads.map_or(0, std::num::NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("starting threads")?;
    pool.install(|| learned(args, &plan))
}

fn learned(args: &LearnArgs, plan: &Plan) -> anyhow::Result<Exit> {
    let decoder = scan::decoder(&args.input)?;
    let reading = Reading {
        label: args.label.clone(),
        weight: args.weight.clone(),
        exclude: Exclude::parse_all(&args.exclude)?,
    };
    let config = SourceConfig::new()
        .format(scan::format(args.input.format))
        .texts(decoder.text_paths());
    let sources = Sources::open(&args.paths, config);
    let read = learn::prepare(&decoder, sources, &reading, plan);
    let (ready, unread) = read?;
    messages::note(&summary(&ready, &unread));
    if let Some(folds) = args.cross_validate {
        let report = learn::cross_validate(&ready, plan, folds.into());
        let title = format!(
            "out-of-fold scores of {folds} folds, threshold {}",
            report.threshold
        );
        show(args, &report, &title)?;
    }
    if let Some(output) = &args.output {
        let (models, report) = learn::learn(&ready, plan);
        let words = words(args, output)?;
        let files = learn::files(&ready, &models, &report, plan, &words);
        write(output, &files)?;
        if args.cross_validate.is_none() {
            let title =
                format!("records held out, threshold {}", report.threshold);
            show(args, &report, &title)?;
        }
        messages::note(&format!(
            "{}: {} models, {} n-grams",
            output.display(),
            models.len(),
            models.iter().map(|model| model.grams.len()).sum::<usize>()
        ));
    }
    Ok(if unread.rejects > 0 { Exit::Rejects } else { Exit::Done })
}

fn plan(args: &LearnArgs) -> anyhow::Result<Plan> {
    let share = |name: &str, value: f64, most: f64| {
        ensure!(
            (0.0..=most).contains(&value),
            "--{name} {value}: expected a number from 0 to {most}"
        );
        Ok(value)
    };
    ensure!(
        args.chars > 0 || args.words > 0 || args.signs > 0,
        "--chars 0 --words 0 --signs 0: nothing is left to learn from"
    );
    ensure!(
        args.strength > 0.0 && args.strength.is_finite(),
        "--strength {}: expected a number above 0",
        args.strength
    );
    let mut categories = BTreeMap::new();
    for pair in &args.category {
        let Some((label, name)) = pair.split_once('=') else {
            bail!("--category {pair}: expected LABEL=NAME or LABEL=-");
        };
        let category = match name {
            "-" => None,
            _ => Some(category(pair, name)?),
        };
        categories.insert(label.to_owned(), category);
    }
    Ok(Plan {
        sizes: Sizes {
            chars: args.chars,
            words: args.words,
            signs: args.signs,
        },
        least: args.min_records,
        training: Training {
            seed: args.seed,
            loss: match args.loss {
                LearnLoss::Hinge => Loss::Hinge,
                LearnLoss::Log => Loss::Logistic,
            },
            strength: args.strength,
            features_max: args.max_features.get(),
        },
        fpr_max: share("max-fpr", args.max_fpr, 0.5)?,
        held_out: share("held-out", args.held_out, 0.9)?,
        clean: args.clean.clone(),
        categories,
    })
}

fn category(pair: &str, name: &str) -> anyhow::Result<Category> {
    let known = Category::ALL.map(Category::as_str);
    Category::parse(name).with_context(|| {
        let near = crate::base::near::nearest(name, known);
        let near = near
            .map_or(String::new(), |near| format!("did you mean {near}? "));
        format!(
            "--category {pair}: no category is called {name:?}; \
             {near}categories are {}",
            known.join(", ")
        )
    })
}

fn words(args: &LearnArgs, output: &Path) -> anyhow::Result<Words> {
    let name =
        output.file_name().and_then(|name| name.to_str()).with_context(
            || format!("{}: the pack needs a name", output.display()),
        )?;
    let review_by = match &args.review_by {
        Some(day) => {
            ensure!(
                clock::parse_date(day).is_some(),
                "--review-by {day}: expected a date such as 2027-05-20"
            );
            day.clone()
        }
        None => clock::day_after(clock::today(), REVIEW_DAYS),
    };
    Ok(Words {
        name: name.to_owned(),
        owner: args.owner.clone(),
        licence: args.licence.clone(),
        review_by,
        command: command(args, name),
    })
}

/// Half a year: language of this kind ages.
const REVIEW_DAYS: u32 = 180;

/// The command that makes the pack again, without paths of this machine.
fn command(args: &LearnArgs, name: &str) -> String {
    let mut out = String::from("trommel learn");
    for path in &args.paths {
        let file = path.file_name().unwrap_or(path.as_os_str());
        let _ = write!(out, " {}", file.to_string_lossy());
    }
    for pair in &args.category {
        let _ = write!(out, " --category {pair}");
    }
    for pair in &args.exclude {
        let _ = write!(out, " --exclude '{pair}'");
    }
    if args.loss == LearnLoss::Log {
        out.push_str(" --loss log");
    }
    let _ = write!(
        out,
        " --chars {} --words {} --signs {} --min-records {} \
         --max-features {} --strength {} --max-fpr {} --held-out {} \
         --seed {} -o {name}",
        args.chars,
        args.words,
        args.signs,
        args.min_records,
        args.max_features,
        args.strength,
        args.max_fpr,
        args.held_out,
        args.seed
    );
    out
}

fn summary(ready: &Ready, unread: &Unread) -> String {
    let rows = &ready.rows;
    format!(
        "{} records, {} n-grams; left out: {} excluded, {} without a label, \
         {} without text, {} rejects",
        ready.row_count(),
        ready.gram_count(),
        rows.excluded,
        rows.unlabelled,
        rows.empty,
        unread.rejects
    )
}

fn show(args: &LearnArgs, report: &Report, title: &str) -> anyhow::Result<()> {
    let text = if args.json {
        format!("{:#}\n", learn::report_json(report))
    } else {
        learn::report_text(report, title)
    };
    messages::stdout(&text)?;
    Ok(())
}

/// Writes the files of a pack. A folder that holds anything else than a
/// learned pack is left alone.
fn write(output: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    if output.exists() {
        let own = output.join("learned.toml").is_file();
        let empty = std::fs::read_dir(output)
            .with_context(|| output.display().to_string())?
            .next()
            .is_none();
        ensure!(
            own || empty,
            "{}: exists and is no learned pack: name another folder",
            output.display()
        );
        // Models of categories that are no longer learned would be unused
        // files.
        let weights = output.join("weights");
        if own && weights.is_dir() {
            std::fs::remove_dir_all(&weights)
                .with_context(|| weights.display().to_string())?;
        }
    }
    std::fs::create_dir_all(output.join("weights"))
        .with_context(|| output.display().to_string())?;
    for (name, text) in files {
        let path = output.join(name);
        std::fs::write(&path, text)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
