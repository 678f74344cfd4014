#!/usr/bin/env python3
"""Measure everything, and write tables, plots and the README section.

    python3 benches/run.py                     everything, about 40 minutes
    python3 benches/run.py --quick             small texts, up to 100,000 terms
    python3 benches/run.py --only scan-text    one definition
    python3 benches/run.py --report DIR        tables and plots of a record

In:  benches/definitions/*.toml
Out: benches/record/DATE-MACHINE/: a CSV for each definition, README.md with
     command, versions, machine and tables, *.svg; and, with --readme, the
     part of README.md and benches/README.md between the marks.

Needs cargo and Python 3.11. What engines need besides (Debian: libhyperscan5,
libvectorscan5, ripgrep; PyPI and npm: definitions/languages.toml) is fetched
into the work folder; what cannot be had is a row that says so.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import time
import tomllib

import report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PACKS = ["account_trade", "common", "contraband", "fraud", "gambling",
         "harassment", "personal_data", "piracy", "pyramid", "sexual",
         "spam", "threat"]
SCANS = ("scan-text", "scan-ndjson")


def note(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def command(*words, **more):
    """Runs a program; its output, or None when it fails."""
    try:
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True,
            check=True, **more)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", "") or str(error)
        note(f"{words[0]}: {detail.strip().splitlines()[-1:]}")
        return None
    return done.stdout


def definitions():
    found = {}
    for path in sorted((HERE / "definitions").glob("*.toml")):
        if path.stem in ("engines", "dictionaries", "corpora"):
            continue
        with open(path, "rb") as file:
            found[path.stem] = tomllib.load(file)
    return found


class Tools:
    """Programs and libraries, made or fetched into the work folder."""

    def __init__(self, work, cargo):
        self.work = work
        self.cargo = shlex.split(cargo)
        self.trommel = None
        self.barometer = None

    def build(self):
        note("building trommel and the barometer")
        target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
        env = os.environ | {"CARGO_TARGET_DIR": target}
        subprocess.run([*self.cargo, "build", "--release", "--locked"],
                       check=True, cwd=ROOT, env=env)
        subprocess.run(
            [*self.cargo, "build", "--release", "--manifest-path",
             HERE / "barometer/Cargo.toml"], check=True, cwd=ROOT, env=env)
        made = pathlib.Path(target) / "release"
        self.barometer = made / "trommel-barometer"
        self.trommel = made / "trommel"

    def debian(self, package, library):
        """A library out of a Debian package, without installing it."""
        folder = self.work / "debian"
        folder.mkdir(parents=True, exist_ok=True)
        into = folder / package
        if not into.is_dir():
            command("apt-get", "download", package, cwd=folder)
            for deb in folder.glob(f"{package}_*.deb"):
                command("dpkg-deb", "-x", deb, into)
        found = sorted(into.glob(f"usr/lib/*/{library}"))
        return found[0] if found else None

    def python(self, packages):
        """A virtual environment with these packages, as far as they come."""
        folder = self.work / "venv"
        if not folder.is_dir():
            command(sys.executable, "-m", "venv", folder)
        for package in packages:
            command(folder / "bin/pip", "install", "-q",
                    "--disable-pip-version-check", package)
        return folder / "bin/python"

    def npm(self, packages):
        folder = self.work / "npm"
        folder.mkdir(parents=True, exist_ok=True)
        for package in packages:
            name = package.rsplit("@", 1)[0]
            if not (folder / "node_modules" / name).is_dir():
                command("npm", "install", "--silent", "--prefix", folder,
                        package)
        return folder / "node_modules"


class Launcher:
    """Runs programs from a small process: see launch.py."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "launch.py"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def timed(self, words, stdin=None, stdout=None):
        job = {"words": [str(word) for word in words]}
        for name, path in (("stdin", stdin), ("stdout", stdout)):
            if path:
                job[name] = str(path)
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def lines_of(path):
    """Bytes and line ends of a file; leaves it in the page cache."""
    size = lines = 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            size += len(piece)
            lines += piece.count(b"\n")
    return size, lines


def write_csv(path, rows):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Run:
    def __init__(self, args):
        self.args = args
        self.work = args.work.resolve()
        self.data = self.work / "data"
        self.out = args.record
        self.launcher = Launcher()
        self.tools = Tools(self.work, args.cargo)
        self.definitions = definitions()
        with open(HERE / "definitions/dictionaries.toml", "rb") as file:
            self.words = tomllib.load(file)
        chosen = set(filter(None, args.only.split(",")))
        unknown = chosen - set(self.definitions)
        if unknown:
            sys.exit(f"no definition is called {', '.join(sorted(unknown))}; "
                     f"there are {', '.join(self.definitions)}")
        self.chosen = [name for name in self.definitions
                       if not chosen or name in chosen]

    def dictionaries(self, entry):
        names = entry.get("dictionaries", [])
        if self.args.quick:
            names = [name for name in names if not name.startswith("rare-1m")]
        return names

    def prepare(self):
        self.tools.build()
        words = [sys.executable, HERE / "data.py", "--out", self.data]
        if self.args.quick:
            words.append("--small")
        if self.args.sources:
            words += ["--sources", self.args.sources]
        stamp = self.data / "stamp"
        wanted = str([str(word) for word in words]) + str([
            (HERE / name).read_text() for name in (
                "data.py", "definitions/corpora.toml",
                "definitions/dictionaries.toml")])
        if not stamp.is_file() or stamp.read_text() != wanted:
            note("making dictionaries and texts")
            subprocess.run(words, check=True)
            stamp.write_text(wanted)
        self.image_rows = []
        images = self.data / "images"
        images.mkdir(exist_ok=True)
        names = {name for entry in self.definitions.values()
                 for name in self.dictionaries(entry)
                 if name in self.words}
        for name in sorted(names):
            for suffix in ("", "-letters", "-exact"):
                self.compile(name + suffix,
                             [self.data / "packs" / (name + suffix)])
        self.compile("shipped", PACKS)
        self.shipped_terms()

    def compile(self, name, packs):
        note(f"compiling {name}")
        image = self.data / "images" / f"{name}.img"
        used = self.launcher.timed([self.tools.trommel, "compile", *packs, "-o", image])
        if used["code"] != 0:
            sys.exit(f"{name} does not compile: {used['errors']}")
        self.image_rows.append({
            "definition": "compile",
            "dictionary": name,
            "seconds": f"{used['wall']:.3f}",
            "cpu_seconds": f"{used['cpu']:.3f}",
            "peak_bytes": used["peak"],
            "image_bytes": image.stat().st_size,
        })

    def shipped_terms(self):
        """The plain terms of the shipped packs, for programs that find
        lines: without exceptions and marks, no single letters, and none
        that stands in the frame of every record (`comment`)."""
        listed = command(self.tools.trommel, "inspect", "--terms", "--json",
                         self.data / "images/shipped.img")
        with open(self.data / "text/ndjson.ndjson", encoding="utf-8") as file:
            record = json.loads(file.readline())
        frame = json.dumps(record | {"text": ""}, separators=(",", ":"))
        frame = re.sub("[0-9]", "", frame)
        terms = set()
        for row in json.loads(listed)["term_list"]:
            term = row["term"].strip("*=!")
            shortest = 3 if term.isascii() else 2
            if not row["exception"] and len(term) >= shortest and (
                    term not in frame):
                terms.add(term)
        path = self.data / "terms/shipped.txt"
        path.write_text("".join(t + "\n" for t in sorted(terms)),
                        encoding="utf-8")

    def measure(self):
        self.out.mkdir(parents=True, exist_ok=True)
        for name in self.chosen:
            entry = self.definitions[name]
            note(f"measuring {name}")
            model = entry["model"]
            if model in SCANS:
                rows = self.scan(name, entry)
            elif model == "compile":
                wanted = self.dictionaries(entry)
                rows = [row for row in self.image_rows
                        if row["dictionary"] in [*wanted, "shipped"]]
            elif model == "open":
                rows = self.open(entry)
            elif model == "program":
                rows = self.programs(name, entry)
            elif model == "language":
                rows = self.languages(name, entry)
            else:
                sys.exit(f"{name}: no model is called {model}")
            write_csv(self.out / f"{name}.csv", rows)

    def scan(self, name, entry):
        words = [self.tools.barometer, "run",
                 HERE / "definitions" / f"{name}.toml",
                 "--data", self.data, "--rounds", self.args.rounds,
                 "--dictionaries", ",".join(self.dictionaries(entry))]
        for flag, package in (("--hyperscan", "libhyperscan5"),
                              ("--vectorscan", "libvectorscan5")):
            library = self.tools.debian(package, "libhs.so.5")
            if library:
                words += [flag, library]
        done = subprocess.run([str(word) for word in words], check=True,
                              stdout=subprocess.PIPE, text=True)
        return list(csv.DictReader(done.stdout.splitlines()))

    def open(self, entry):
        rows = []
        text = self.data / "text" / f"{entry['corpus']}.txt"
        for name in self.dictionaries(entry):
            image = self.data / "images" / f"{name}.img"
            image.read_bytes()
            each = []
            for _ in range(7):
                done = command(self.tools.barometer, "open", image, text)
                each.append(json.loads(done))
            row = {"definition": "open", "dictionary": name}
            for key in each[0]:
                row[key] = statistics.median(one[key] for one in each)
            row["first_verdict_ms_min"] = min(
                one["first_verdict_ms"] for one in each)
            rows.append(row)
        return rows

    def programs(self, name, entry):
        images, texts = self.data / "images", self.data / "text"
        terms = self.data / "terms/shipped.txt"
        jobs = []
        for run in entry["run"]:
            for corpus in run["corpora"]:
                text = texts / f"{corpus}.ndjson"
                fill = {"trommel": self.tools.trommel, "text": text,
                        "image": images / f"{run.get('image', 'shipped')}.img",
                        "terms": terms}
                words = [word.format(**fill) for word in run["command"]]
                jobs.append({"run": run, "corpus": corpus, "text": text,
                             "words": words, "times": [], "counts": set(),
                             "state": "ok"})
        sizes = {}
        for job in jobs:
            text = job["text"]
            if text not in sizes:
                sizes[text] = lines_of(text)
            if not shutil.which(job["words"][0]):
                job["state"] = f"not built: no {job['words'][0]}"
        produced = self.work / "output"
        for _ in range(self.args.rounds):
            for job in jobs:
                if job["state"] != "ok":
                    continue
                stdin = job["text"] if job["run"].get("stdin") else None
                used = self.launcher.timed(job["words"], stdin, produced)
                if used["code"] not in (0, 1) or (
                        used["code"] == 1 and job["run"]["lines"] != "same"):
                    job["state"] = f"void: {used['errors'].strip()[:200]}"
                    continue
                job["times"].append(used)
                job["counts"].add(lines_of(produced)[1])
        produced.unlink(missing_ok=True)
        agreed = {}
        for job in jobs:
            _, records = sizes[job["text"]]
            expected = {"records": records, "none": 0}.get(job["run"]["lines"])
            if expected is None:
                # What `own` prints is compared with itself.
                same = job["run"]["lines"] == "same"
                key = job["corpus"] if same else id(job)
                expected = agreed.setdefault(
                    key, next(iter(job["counts"]), None))
            if job["state"] == "ok" and job["counts"] != {expected}:
                job["state"] = f"void: {sorted(job['counts'])}, {expected}"
        return [self.program_row(name, job, sizes) for job in jobs]

    def program_row(self, name, job, sizes):
        size, records = sizes[job["text"]]
        row = {"definition": name, "program": job["run"]["name"],
               "corpus": job["corpus"], "bytes": size, "posts": records,
               "found": next(iter(job["counts"]), ""), "state": job["state"]}
        if job["state"] == "ok":
            walls = sorted(one["wall"] for one in job["times"])
            wall = statistics.median(walls)
            row |= {
                "rounds": len(walls),
                "wall_seconds": f"{wall:.4f}",
                "wall_min": f"{walls[0]:.4f}",
                "wall_max": f"{walls[-1]:.4f}",
                "cpu_seconds": f"{statistics.median(o['cpu'] for o in job['times']):.4f}",
                "peak_bytes": max(o["peak"] for o in job["times"]),
                "mb_per_s": f"{size / 1e6 / wall:.1f}",
                "posts_per_s": f"{records / wall:.0f}",
            }
        return row

    def languages(self, name, entry):
        runs = entry["run"]
        python = self.tools.python(
            [run["package"] for run in runs if run["language"] == "python"])
        modules = self.tools.npm(
            [run["package"] for run in runs if run["language"] == "node"])
        text = self.data / "text" / f"{entry['corpus']}.txt"
        size = text.stat().st_size
        rows = []
        for dictionary in self.dictionaries(entry):
            terms = self.data / "terms" / f"{dictionary}.txt"
            occurrences = None
            for run in runs:
                program = python if run["language"] == "python" else "node"
                done = command(
                    program, HERE / "languages" / run["script"], terms, text,
                    entry["rounds"], env=os.environ | {
                        "NODE_PATH": str(modules), "PYTHONHASHSEED": "0"})
                row = {"definition": name, "dictionary": dictionary,
                       "library": run["package"],
                       "language": run["language"], "counts": run["counts"],
                       "bytes": size}
                if done is None:
                    rows.append(row | {"state": "not built"})
                    continue
                result = json.loads(done)
                seconds = statistics.median(result["seconds"])
                row |= {
                    "posts": result["posts"],
                    "found": result["found"][0],
                    "load_seconds": f"{result['load']:.3f}",
                    "seconds": f"{seconds:.4f}",
                    "mb_per_s": f"{size / 1e6 / seconds:.2f}",
                    "ns_per_post": f"{1e9 * seconds / result['posts']:.0f}",
                    "state": "ok",
                }
                if len(result["found"]) != 1:
                    row["state"] = "void: the count changed"
                elif run["counts"] == "occurrences":
                    occurrences = occurrences or result["found"][0]
                    if occurrences != result["found"][0]:
                        row["state"] = f"void: not {occurrences}"
                rows.append(row)
        return rows

    def versions(self):
        """What was measured, with what, on what."""
        tools = self.tools
        deb = {}
        for package in ("libhyperscan5", "libvectorscan5"):
            found = sorted((self.work / "debian").glob(f"{package}_*.deb"))
            deb[package] = found[0].name if found else "not there"
        lock = (HERE / "barometer/Cargo.lock").read_text()
        crates = {}
        for name in ("aho-corasick", "daachorse", "regex"):
            found = re.search(
                rf'name = "{name}"\nversion = "([^"]+)"', lock)
            crates[name] = found.group(1) if found else "?"
        first = lambda text: (text or "not there").splitlines()[0]
        rows = {
            "command": "python3 benches/run.py "
                       + " ".join(self.args.shown),
            "commit": first(command("git", "rev-parse", "--short=12", "HEAD",
                                    cwd=ROOT)),
            "trommel": first(command(tools.trommel, "--version")),
            "rustc": first(command("rustc", "--version")),
            **crates,
            **deb,
            "ripgrep": first(command("rg", "--version")),
            "grep": first(command("grep", "--version")),
            "python": platform.python_version(),
            "node": first(command("node", "--version")),
            **machine(),
        }
        return rows


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", info)
    flags = re.search(r"flags\s*:\s*(.*)", info)
    flags = set(flags.group(1).split()) if flags else set()
    vectors = [flag for flag in ("avx2", "avx512bw", "avx512vbmi")
               if flag in flags]
    memory = re.search(r"MemTotal:\s*(\d+)",
                       pathlib.Path("/proc/meminfo").read_text())
    caches = []
    for index in sorted(pathlib.Path(
            "/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        read = lambda name: (index / name).read_text().strip()
        caches.append(f"L{read('level')} {read('type')} {read('size')}")
    family = re.findall(r"^(?:cpu family|model|stepping)\s*:\s*(\d+)", info,
                        re.MULTILINE)[:3]
    return {
        "processor": model.group(1) if model else platform.machine(),
        "family, model, stepping": ", ".join(family),
        "cores": str(os.cpu_count()),
        "vector instructions": ", ".join(vectors) or "none of AVX2, AVX-512",
        "caches": ", ".join(caches),
        "memory": f"{int(memory.group(1)) >> 20} GiB" if memory else "?",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def machine_name():
    """A short name of the processor."""
    row = machine()
    words = re.findall(r"[A-Za-z0-9]+", row["processor"].lower())
    dull = {"r", "tm", "cpu", "processor", "with", "core", "intel", "amd"}
    kept = [word for word in words if word not in dull][:3] or ["cpu"]
    number = row["family, model, stepping"].split(", ")[1:2]
    return "-".join([*kept, *number, f"{row['cores']}c"])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog="\n".join(__doc__.split("\n")[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path,
                        default=ROOT / "target/barometer",
                        help="scratch folder (default: target/barometer)")
    parser.add_argument("--record", type=pathlib.Path,
                        help="default: benches/record/DATE-MACHINE")
    parser.add_argument("--sources", type=pathlib.Path,
                        help="folder with the word lists (default: fetched)")
    parser.add_argument("--only", default="",
                        help="names of definitions, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true",
                        help="a tenth of every text, no million terms")
    parser.add_argument("--cargo", default="cargo",
                        help="how cargo is called")
    parser.add_argument("--readme", action="store_true",
                        help="write the tables into README.md as well")
    parser.add_argument("--report", type=pathlib.Path, metavar="DIR",
                        help="measure nothing: tables and plots of a record")
    args = parser.parse_args()
    if args.report:
        report.write(args.report, ROOT if args.readme else None)
        return
    args.shown = [word for flag, word in (
        (args.quick, "--quick"), (args.only, f"--only {args.only}"),
        (args.rounds != 5, f"--rounds {args.rounds}")) if flag]
    if not args.record:
        day = datetime.date.today().isoformat()
        args.record = HERE / "record" / f"{day}-{machine_name()}"
    run = Run(args)
    run.prepare()
    run.measure()
    with open(run.out / "versions.csv", "w", encoding="utf-8",
              newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            run.versions().items())
    report.write(run.out, ROOT if args.readme else None)
    note(f"done: {run.out}")


if __name__ == "__main__":
    main()
