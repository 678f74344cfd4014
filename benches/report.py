"""Tables and plots of a record. In: the CSV files that `run.py` wrote into a
folder; out: README.md and *.svg there, and the marked parts of README.md and
benches/README.md. Measures nothing."""

import csv
import math
import pathlib

TERMS = {"rare-1k": "1k", "rare-10k": "10k", "rare-100k": "100k",
         "rare-1m": "1M", "rare-100k-letters": "100k, T0 and T1",
         "rare-1m-letters": "1M, T0 and T1", "common-1k": "1k common", "common-10k":
         "10k common"}


def load(folder):
    rows = {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem == "versions":
            continue
        with open(path, encoding="utf-8", newline="") as file:
            rows[path.stem] = list(csv.DictReader(file))
    return rows


class Record:
    """Rows of a record by what they are about."""

    def __init__(self, folder):
        self.rows = load(folder)

    def find(self, definition, **wanted):
        for row in self.rows.get(definition, []):
            if all(row.get(key) == value for key, value in wanted.items()):
                return row
        return None

    def number(self, definition, column, **wanted):
        row = self.find(definition, **wanted)
        try:
            return float(row[column]) if row else None
        except (KeyError, ValueError):
            return None


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |"
              for row in rows]
    return "\n".join(lines)


def shown(value, places=0, suffix=""):
    return "-" if value is None else f"{value:,.{places}f}{suffix}"


def quotient(a, b):
    return a / b if a is not None and b else None


def least(*values):
    known = [value for value in values if value is not None]
    return min(known) if known else None


def greatest(*values):
    known = [value for value in values if value is not None]
    return max(known) if known else None


# What the engine is to reach.


def targets(record):
    """Rows of (what, target, measured, is met)."""
    rows = []

    def row(what, bound, value, at_least, places=2, suffix=""):
        met = "-"
        if value is not None:
            met = "yes" if (value >= bound if at_least else value <= bound) \
                else "no"
        sign = "≥" if at_least else "≤"
        rows.append((what, f"{sign} {bound:,g}{suffix}",
                     shown(value, places, suffix), met))

    def rate(engine, dictionary):
        return record.number("scan-text", "mb_per_s", engine=engine,
                             dictionary=dictionary)

    for dictionary, bound in (("rare-1k", 8), ("rare-10k", 9),
                              ("rare-100k", 9), ("rare-1m", 8)):
        # The targets are for tiers 0 and 1.
        ratio = record.number("scan-text", "ratio", engine="fused-letters",
                              dictionary=dictionary)
        row(f"{TERMS[dictionary]} terms against aho-corasick NFA", bound,
            ratio, True, suffix=" ×")
    for dictionary, bound in (("rare-1k", 1), ("rare-10k", 3),
                              ("rare-100k", 4.5)):
        best = greatest(rate("hyperscan-post", dictionary),
                        rate("vectorscan-post", dictionary))
        row(f"{TERMS[dictionary]} terms against the faster of Hyperscan and "
            "vectorscan, one call a post", bound,
            quotient(rate("fused-letters", dictionary), best), True,
            suffix=" ×")

    def program(name, column="mb_per_s", corpus="ndjson"):
        return record.number("pipeline", column, program=name, corpus=corpus)

    text = record.number("scan-ndjson", "mb_per_s", engine="fused-records",
                         corpus="ndjson")
    two = program("trommel-2")
    row("pipeline, 2 threads, of twice the text rate of one core", 60,
        None if text is None or two is None else 100 * two / (2 * text),
        True, 0, " %")
    row("pipeline against the faster of ripgrep and grep", 3,
        quotient(two, greatest(program("ripgrep"), program("grep"))), True,
        suffix=" ×")
    row("from a pipe against from a file", 0.8,
        quotient(program("trommel-2-pipe"), two), True, suffix=" ×")
    row("ASCII-escaped against UTF-8, MB/s of their own bytes", 0.5,
        quotient(program("trommel-2", corpus="ndjson-ascii"), two), True,
        suffix=" ×")
    row("two threads against one", 1.8,
        quotient(two, program("trommel-1")), True, suffix=" ×")
    row("20-character posts, 10k terms, hits through the library", 60,
        record.number("small-posts", "ns_per_post", engine="fused-letters"),
        False, 0, " ns")
    row("20-character posts, 10k terms, through the pipeline, 2 threads", 4e6,
        program("trommel-2-10k", "posts_per_s", "ndjson-small"), True, 0,
        "/s")
    row("the same with the shipped packs", 4e6,
        program("trommel-2", "posts_per_s", "ndjson-small"), True, 0, "/s")
    for dictionary in ("rare-1k", "rare-10k", "rare-100k"):
        row(f"`reference` against aho-corasick, {TERMS[dictionary]} terms",
            0.25, record.number("scan-text", "ratio", engine="reference",
                                dictionary=dictionary), True, suffix=" ×")
    row("1M-term image until the first verdict", 2,
        record.number("open", "first_verdict_ms",
                      dictionary="rare-1m-letters"),
        False, 1, " ms")
    after, before = (
        record.number("open", column, dictionary="rare-100k-letters")
        for column in ("resident_after_scan", "resident_before"))
    row("resident for 100k terms", 40,
        None if after is None else (after - before) / 1e6, False, 1, " MB")
    for dictionary in ("rare-10k", "rare-100k"):
        cost = lambda corpus: record.number(
            "abusive", "mb_per_s", engine="fused-letters",
            dictionary=dictionary, corpus=corpus)
        growth = quotient(cost("posts-clean"), cost("posts"))
        row(f"3 % abusive, more cost a byte, {TERMS[dictionary]} terms", 5,
            None if growth is None else 100 * (growth - 1), False, 1, " %")
    for name in ("1k", "10k"):
        row(f"common words, {name}, more cost than aho-corasick pays for the "
            "hits", 25, dense_growth(record, name), False, 0, " %")
    for dictionary, bound in (("rare-100k", 3), ("rare-1m", 30)):
        row(f"compiling {TERMS[dictionary]} terms", bound,
            record.number("compile", "seconds",
                          dictionary=f"{dictionary}-letters"),
            False, 1, " s")
    return rows


def dense_growth(record, name):
    """How much more `fused-letters` takes with common words than with rare
    ones, in per cent, less what aho-corasick takes more: that is
    reporting."""

    def seconds(definition, engine, family):
        return record.number(definition, "seconds", engine=engine,
                             dictionary=f"{family}-{name}", corpus="posts")

    base = "aho-corasick-nfa"
    four = (seconds("dense", "fused-letters", "common"),
            seconds("scan-text", "fused-letters", "rare"),
            seconds("dense", base, "common"),
            seconds("scan-text", base, "rare"))
    if None in four:
        return None
    dense, sparse, base_dense, base_sparse = four
    reporting = max(base_dense - base_sparse, 0)
    return 100 * ((dense - reporting) / sparse - 1)


# Tables.


def scan_table(record, definition, by):
    """MB/s with the ratio to the base, an engine a row."""
    rows = record.rows.get(definition, [])
    columns = list(dict.fromkeys(row[by] for row in rows))
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    out = []
    for engine in engines:
        cells = [f"`{engine}`"]
        for column in columns:
            found = [row for row in rows
                     if row["engine"] == engine and row[by] == column]
            cells.append(" / ".join(scan_cell(row) for row in found) or "-")
        out.append(cells)
    head = ["engine", *(TERMS.get(column, column) for column in columns)]
    return table(head, out)


def scan_cell(row):
    if row["state"] != "ok":
        state = row["state"]
        return "-" if state.startswith("not ") else "void"
    cell = shown(float(row["mb_per_s"]))
    if row["ratio"]:
        cell += f" ({float(row['ratio']):.1f} ×)"
    return cell


def posts_table(record):
    rows = record.rows.get("small-posts", [])
    return table(
        ["engine", "ns a post", "MB/s", "ratio (least, most)"],
        [[f"`{row['engine']}`",
          shown(float(row["ns_per_post"])) if row["state"] == "ok" else "-",
          scan_cell(row).split(" ")[0],
          f"{row['ratio']} ({row['ratio_min']}, {row['ratio_max']})"]
         for row in rows])


def dense_table(record):
    out = []
    for row in record.rows.get("dense", []):
        if row["state"] != "ok":
            continue
        posts = int(row["posts"])
        sparse = record.number("scan-text", "seconds", engine=row["engine"],
                               dictionary="rare-" + row["dictionary"][7:])
        found = int(row["found"])
        extra = None
        if sparse and found:
            extra = 1e9 * (float(row["seconds"]) - sparse) / found
        out.append([f"`{row['engine']}`", TERMS[row["dictionary"]],
                    scan_cell(row), shown(found / posts, 2),
                    shown(extra, 1)])
    return table(["engine", "terms", "MB/s (ratio)", "found a post",
                  "ns a hit over rare terms"], out)


def worst_table(record):
    rows = record.rows.get("worst", [])
    out = []
    for row in rows:
        if row["engine"] != "fused":
            continue
        same = {"dictionary": row["dictionary"], "corpus": row["corpus"]}
        usual = record.number("worst", "mb_per_s", engine="fused",
                              dictionary=row["dictionary"], corpus="posts")
        own = float(row["mb_per_s"]) if row["state"] == "ok" else None
        out.append([row["corpus"], row["dictionary"], scan_cell(row),
                    shown(quotient(usual, own), 1),
                    shown(1e9 / (own * 1e6) if own else None, 1),
                    *(scan_cell(record.find("worst", engine=engine, **same)
                                or {"state": "not "})
                      for engine in ("reference", "aho-corasick-nfa"))])
    return table(["text", "terms", "`fused` MB/s", "times slower than posts",
                  "ns a byte", "`reference`", "`aho-corasick-nfa`"], out)


def program_table(record):
    out = []
    for row in record.rows.get("pipeline", []):
        if row["state"] != "ok":
            out.append([row["program"], row["corpus"], row["state"], "", "",
                        "", ""])
            continue
        out.append([
            row["program"], row["corpus"], shown(float(row["mb_per_s"])),
            f"{float(row['wall_min']):.2f} to {float(row['wall_max']):.2f}",
            shown(float(row["posts_per_s"])),
            shown(float(row["cpu_seconds"]), 2),
            shown(float(row["peak_bytes"]) / 1e6)])
    return table(["program", "text", "MB/s", "seconds", "posts/s",
                  "CPU seconds", "peak MB"], out)


def language_table(record):
    return table(
        ["library", "terms", "MB/s", "ns a post", "load s", "found", "state"],
        [[row["library"], TERMS.get(row["dictionary"], row["dictionary"]),
          row.get("mb_per_s", ""), row.get("ns_per_post", ""),
          row.get("load_seconds", ""), row.get("found", ""), row["state"]]
         for row in record.rows.get("languages", [])])


def open_table(record):
    out = []
    for row in record.rows.get("open", []):
        value = lambda key: float(row[key])
        out.append([
            TERMS[row["dictionary"]], shown(value("image_bytes") / 1e6, 1),
            shown(value("image_ms"), 2), shown(value("first_verdict_ms"), 2),
            shown(value("first_verdict_ms_min"), 2),
            shown((value("resident_after_open")
                   - value("resident_before")) / 1e6, 1),
            shown((value("resident_after_scan")
                   - value("resident_before")) / 1e6, 1)])
    return table(["terms", "image MB", "image open ms", "first verdict ms",
                  "at best", "resident MB after it", "after a scan"], out)


def compile_table(record):
    return table(
        ["terms", "seconds", "CPU seconds", "peak MB", "image MB"],
        [[TERMS.get(row["dictionary"], row["dictionary"]),
          row["seconds"], row["cpu_seconds"],
          shown(float(row["peak_bytes"]) / 1e6),
          shown(float(row["image_bytes"]) / 1e6, 1)]
         for row in record.rows.get("compile", [])])


# Plots.

COLOURS = ["#0b5fa5", "#d1495b", "#2e8b57", "#8d5a97", "#c77d0a", "#3a7d7c",
           "#7a7a7a", "#a3452c", "#5567c4", "#6b8e23", "#b0578d", "#404040",
           "#1f9e89"]
SIZE = {"rare-1k": 1e3, "rare-10k": 1e4, "rare-100k": 1e5, "rare-1m": 1e6}


def svg(width, height, title, body):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" role="img">'
        f"<title>{title}</title>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="16" y="24" font-size="15" fill="#222">{title}</text>'
        + "".join(body) + "</svg>\n")


def lines_plot(record):
    """MB/s over the size of the dictionary, both logarithmic."""
    width, height, left, right, top, bottom = 860, 480, 60, 210, 40, 40
    rows = [row for row in record.rows.get("scan-text", [])
            if row["state"] == "ok" and row["dictionary"] in SIZE]
    if not rows:
        return None
    rates = [float(row["mb_per_s"]) for row in rows]
    low = math.floor(math.log10(min(rates)))
    high = math.ceil(math.log10(max(rates)))
    x = lambda terms: left + (math.log10(terms) - 3) / 3 * (
        width - left - right)
    y = lambda rate: height - bottom - (math.log10(rate) - low) / max(
        high - low, 1) * (height - top - bottom)
    body = []
    for power in range(low, high + 1):
        for step in (1, 2, 5):
            rate = step * 10 ** power
            if rate > 10 ** high:
                continue
            body.append(
                f'<line x1="{left}" x2="{width - right}" y1="{y(rate):.1f}" '
                f'y2="{y(rate):.1f}" stroke="#ddd"/>'
                f'<text x="{left - 6}" y="{y(rate) + 4:.1f}" '
                f'text-anchor="end" fill="#444">{rate:g}</text>')
    for name, terms in SIZE.items():
        body.append(f'<text x="{x(terms):.1f}" y="{height - bottom + 18}" '
                    f'text-anchor="middle" fill="#444">{TERMS[name]}</text>')
    body.append(f'<text x="{(left + width - right) / 2}" y="{height - 6}" '
                'text-anchor="middle" fill="#444">terms</text>')
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    ends = []
    for number, engine in enumerate(engines):
        own = [(SIZE[row["dictionary"]], float(row["mb_per_s"]))
               for row in rows if row["engine"] == engine]
        colour = COLOURS[number % len(COLOURS)]
        strong = 3 if engine.startswith("fused") else 1.5
        points = " ".join(f"{x(t):.1f},{y(r):.1f}" for t, r in own)
        body.append(f'<polyline points="{points}" fill="none" '
                    f'stroke="{colour}" stroke-width="{strong}"/>')
        body += [f'<circle cx="{x(t):.1f}" cy="{y(r):.1f}" r="3" '
                 f'fill="{colour}"/>' for t, r in own]
        ends.append([y(own[-1][1]), engine, colour])
    # Names beside the ends of the lines, moved apart.
    ends.sort()
    for before, after in zip(ends, ends[1:]):
        after[0] = max(after[0], before[0] + 14)
    body += [f'<text x="{width - right + 10}" y="{at + 4:.1f}" '
             f'fill="{colour}">{engine}</text>'
             for at, engine, colour in ends]
    return svg(width, height, "MB/s of text on one core, short mixed posts",
               body)


def bars_plot(record):
    """MB/s of whole programs."""
    rows = [row for row in record.rows.get("pipeline", [])
            if row["state"] == "ok"]
    if not rows:
        return None
    width, left, step = 860, 250, 24
    height = 50 + step * len(rows)
    most = max(float(row["mb_per_s"]) for row in rows)
    body = []
    for number, row in enumerate(rows):
        rate = float(row["mb_per_s"])
        at = 40 + step * number
        long = rate / most * (width - left - 80)
        ours = row["program"].startswith("trommel")
        colour = COLOURS[0] if ours else COLOURS[6]
        body.append(
            f'<text x="{left - 8}" y="{at + 13}" text-anchor="end" '
            f'fill="#222">{row["program"]}, {row["corpus"]}</text>'
            f'<rect x="{left}" y="{at}" width="{long:.1f}" '
            f'height="{step - 7}" fill="{colour}"/>'
            f'<text x="{left + long + 6:.1f}" y="{at + 13}" '
            f'fill="#222">{rate:,.0f}</text>')
    return svg(width, height, "MB/s of NDJSON, whole programs", body)


# Documents.


def versions(folder):
    path = folder / "versions.csv"
    if not path.is_file():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        return dict(csv.reader(file))


def target_table(record):
    return table(["what", "target", "measured", "reached"], targets(record))


def section(folder, record, plots):
    """The part for the README: where, the targets, the main table."""
    told = versions(folder)
    parts = [
        f"Measured by `{told.get('command', 'python3 benches/run.py')}` at "
        f"commit {told.get('commit', '?')} on {told.get('cores', '?')} cores "
        f"of {told.get('processor', '?')} "
        f"({told.get('vector instructions', '?')}); all tables, versions and "
        f"the raw rows are in [benches/record/{folder.name}]"
        f"(benches/record/{folder.name}/README.md). Engines in turn in one "
        "run, CPU time of one thread, median of rounds, counts verified; "
        "Trommel folds, the others look for the terms as they are written. "
        "In brackets: times aho-corasick.",
        scan_table(record, "scan-text", "dictionary"),
    ]
    if "scan-text.svg" in plots:
        parts.append(
            f"![MB/s by terms](benches/record/{folder.name}/scan-text.svg)")
    parts.append(target_table(record))
    return "\n\n".join(parts)


def document(folder, record, plots):
    told = versions(folder)
    blocks = [
        f"# {folder.name}",
        "Written by `benches/run.py`. What the numbers favour is in "
        "[BIAS.md](../../BIAS.md), what is measured in "
        "[definitions](../../definitions).",
        table(["", ""], [[key, f"`{value.strip()}`"]
                         for key, value in told.items()]),
        "## Targets", target_table(record),
    ]
    parts = [
        ("scan-text", "Text, one core: MB/s (times aho-corasick NFA)",
         lambda: scan_table(record, "scan-text", "dictionary")),
        ("small-posts", "Posts of 20 characters, 10k terms, one core",
         lambda: posts_table(record)),
        ("abusive", "3 % abusive against clean: MB/s for 10k / 100k terms",
         lambda: scan_table(record, "abusive", "corpus")),
        ("vectors", "By vector instructions: MB/s (times portable)",
         lambda: scan_table(record, "vectors", "dictionary")),
        ("dense", "Common words", lambda: dense_table(record)),
        ("worst", "Worst cases", lambda: worst_table(record)),
        ("scan-ndjson", "NDJSON in memory, shipped packs, one core: MB/s of "
         "JSON (times the text alone)",
         lambda: scan_table(record, "scan-ndjson", "corpus")),
        ("pipeline", "Whole programs", lambda: program_table(record)),
        ("languages", "Libraries of other languages",
         lambda: language_table(record)),
        ("open", "Opening an image", lambda: open_table(record)),
        ("compile", "Compiling", lambda: compile_table(record)),
    ]
    for name, title, make in parts:
        if record.rows.get(name):
            blocks += [f"## {title}", make()]
            if f"{name}.svg" in plots:
                blocks.append(f"![{title}]({name}.svg)")
    void = [f"- {name}: {row.get('engine', row.get('program', ''))}, "
            f"{row.get('dictionary', '')} {row.get('corpus', '')}: "
            f"{row['state']}"
            for name, rows in record.rows.items() for row in rows
            if row.get("state", "ok") != "ok"]
    if void:
        blocks += ["## Not measured, and void", "\n".join(void)]
    return "\n\n".join(blocks) + "\n"


def replace(path, mark, text):
    """Puts a text between `<!-- mark -->` and `<!-- /mark -->`."""
    old = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if begin not in old or end not in old:
        raise SystemExit(f"{path}: no {begin} … {end}")
    head, rest = old.split(begin, 1)
    _, tail = rest.split(end, 1)
    path.write_text(f"{head}{begin}\n\n{text}\n\n{end}{tail}",
                    encoding="utf-8")


def write(folder, root):
    folder = pathlib.Path(folder)
    record = Record(folder)
    plots = {}
    for name, made in (("scan-text", lines_plot(record)),
                       ("pipeline", bars_plot(record))):
        if made:
            plots[f"{name}.svg"] = made
            (folder / f"{name}.svg").write_text(made, encoding="utf-8")
    (folder / "README.md").write_text(document(folder, record, plots),
                                      encoding="utf-8")
    if root:
        replace(root / "README.md", "barometer",
                section(folder, record, plots))
