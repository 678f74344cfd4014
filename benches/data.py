#!/usr/bin/env python3
"""Make the dictionaries and texts that the benchmarks name.

In:  definitions/dictionaries.toml and definitions/corpora.toml
     dict.txt of the Python package `jieba` (MIT) and the two frequency
     lists of the Python package `symspellpy` (MIT), fetched with pip or
     taken from --sources
Out: DIR/terms/NAME.txt, a term a line;
     DIR/packs/NAME/, the same terms as a Trommel pack with one set;
     DIR/text/NAME.txt, a post a line, or NAME.ndjson;
     DIR/text/worst-ATTACK.DICTIONARY.txt

The same packages give the same bytes on every machine: the generator of
random numbers is written out below and the checksums of the lists are
checked. Standard library only (Python 3.11 or later).
"""

import argparse
import bisect
import hashlib
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent

JIEBA = ("jieba==0.42.1", "dict.txt")
SYMSPELL = ("symspellpy==6.10.1", "frequency_dictionary_en_82_765.txt",
            "frequency_bigramdictionary_en_243_342.txt")
SHA256 = {
    "dict.txt":
        "7197c3211ddd98962b036cdf40324d1ea2bfaa12bd028e68faa70111a88e12a8",
    "frequency_dictionary_en_82_765.txt":
        "68e9dc81c7e73bd7310b57e516ecaea0d8b6387ff71344a57c04174650a407a7",
    "frequency_bigramdictionary_en_243_342.txt":
        "fd892a160184101dd7ae807ac5a302d01fcea1c47304181a8ed7ed9c94545bcd",
}
# Parts of speech in jieba's list that are names of persons, places,
# organisations and works.
NAMES = ("nr", "nrt", "nrfg", "ns", "nt", "nz")


class Random:
    """SplitMix64 (public domain, Sebastiano Vigna)."""

    def __init__(self, seed):
        self.state = seed

    def number(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (1 << 64) - 1
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
        z = (z ^ z >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
        return z ^ z >> 31

    def below(self, end):
        return self.number() % end

    def share(self):
        return self.number() / (1 << 64)

    def pick(self, rows):
        return rows[self.number() % len(rows)]

    def shuffle(self, rows):
        for i in range(len(rows) - 1, 0, -1):
            j = self.below(i + 1)
            rows[i], rows[j] = rows[j], rows[i]


class Weighted:
    """Rows drawn by weight."""

    def __init__(self, pairs):
        self.rows = [row for row, _ in pairs]
        self.sums = list(itertools.accumulate(w for _, w in pairs))

    def pick(self, random):
        at = random.below(self.sums[-1])
        return self.rows[bisect.bisect_right(self.sums, at)]


def is_han(word):
    return all("\u4e00" <= c <= "\u9fff" for c in word)


# Sources.


def fetch(folder):
    """The three lists as files in a folder, from PyPI where missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, *names in (JIEBA, SYMSPELL):
        if all((folder / name).is_file() for name in names):
            continue
        with tempfile.TemporaryDirectory() as temporary:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet",
                 "--no-deps", "--no-binary=jieba", "--dest", temporary,
                 package],
                check=True)
            unpack(next(pathlib.Path(temporary).iterdir()), names, folder)
    for name, expected in SHA256.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            sys.exit(f"{folder / name}: sha256 {found}, expected {expected}")


def unpack(archive, names, folder):
    """Writes the members whose last part is one of the names."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.namelist():
                name = member.rsplit("/", 1)[-1]
                if name in names:
                    (folder / name).write_bytes(zipped.read(member))
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            path = pathlib.PurePosixPath(member.name)
            if path.name in names and path.parent.name == "jieba":
                (folder / path.name).write_bytes(
                    tar.extractfile(member).read())


class Words:
    """The lists, read."""

    def __init__(self, folder):
        self.zh = []
        for line in open(folder / "dict.txt", encoding="utf-8"):
            word, count, tag = line.split()
            if is_han(word) and tag not in NAMES:
                self.zh.append((word, int(count), tag))
        self.en = []
        path = folder / "frequency_dictionary_en_82_765.txt"
        for line in open(path, encoding="utf-8-sig"):
            word, count = line.split()
            if word.isascii() and word.isalpha():
                self.en.append((word.lower(), int(count)))
        self.pairs = []
        path = folder / "frequency_bigramdictionary_en_243_342.txt"
        for line in open(path, encoding="utf-8-sig"):
            first, second, count = line.split()
            if (first + second).isascii() and (first + second).isalpha():
                self.pairs.append((first, second, int(count)))


# Dictionaries.


def ordinary(writer):
    """Short pieces of posts that no corpus holds, 2 and 3 Han letters, 5 to
    7 Latin ones: what stands there by accident is no term that anybody would
    list."""
    random = Random(12)
    pieces = set()
    for _ in range(40_000):
        post = writer.post(random)
        for length in (2, 3, 5, 6, 7):
            for at in range(len(post) - length + 1):
                piece = post[at:at + length]
                if (length > 3) == piece.isascii():
                    pieces.add(piece)
    return pieces


def rare(words, ordinary):
    """Rare terms, the most useful first: three Han words for a Latin one,
    and pairs of words when the words are used up."""
    random = Random(11)
    zh = sorted({w for w, count, _ in words.zh
                 if 2 <= len(w) <= 8 and count <= 5} - ordinary)
    en = sorted({w for w, _ in sorted(
        words.en, key=lambda row: (-row[1], row[0]))[20_000:]
        if 5 <= len(w) <= 16} - ordinary)
    random.shuffle(zh)
    random.shuffle(en)
    terms, seen = [], set()

    def add(term):
        if term not in seen:
            seen.add(term)
            terms.append(term)

    latin = iter(en)
    for number, word in enumerate(zh):
        add(word)
        if number % 3 == 2:
            word = next(latin, None)
            if word:
                add(word)
    for word in latin:
        add(word)
    halves = [w for w in zh if len(w) == 2]
    parts = sorted({w for w, count, _ in words.zh
                    if len(w) == 2 and 5 < count < 300})
    tail = sorted((f"{a} {b}" for a, b, count in words.pairs
                   if len(a) >= 4 and len(b) >= 4 and count < 200_000))
    random.shuffle(tail)
    latin = iter(tail)
    while len(terms) < 1_000_000:
        first, second = random.pick(halves), random.pick(parts)
        add(first + second if random.below(2) else second + first)
        if len(terms) % 5 == 4:
            word = next(latin, None)
            if word:
                add(word)
    return terms


def common(words):
    """The most frequent words, Han and Latin in turn by three to one."""
    zh = [w for w, _, _ in sorted(
        words.zh, key=lambda row: (-row[1], row[0])) if len(w) >= 2]
    en = [w for w, _ in sorted(
        words.en, key=lambda row: (-row[1], row[0])) if len(w) >= 4]
    terms = []
    for number in range(7_500):
        terms.append(zh[number])
        if number % 3 == 2:
            terms.append(en[number // 3])
    return terms


def nested():
    """Terms inside one another, of one letter."""
    return ["的" * length for length in range(2, 34)] + [
        "a" * length for length in range(4, 35)]


PACK = """\
name = "{name}"
version = "0.1.0"
languages = ["zh", "en"]
licence = "MIT"
engine = ">=0.1"
description = "The terms of a benchmark."
"""

RULE = """\
[[rule]]
id = "custom.bench"
title = "Any term"
category = "custom"
confidence = 0.95
owner = "bench"
review_by = 2099-01-01
reason = {{ zh = "无", en = "None" }}

[rule.sets]
terms = {{ file = "terms/all.txt"{folds} }}

[rule.match]
when = "terms"
"""


def write_dictionary(out, name, terms):
    text = "".join(term + "\n" for term in terms)
    (out / "terms").mkdir(parents=True, exist_ok=True)
    (out / "terms" / f"{name}.txt").write_text(text, encoding="utf-8")
    # The second pack does without sounds and shapes (tier 2), the third looks
    # for the terms as they are written, like the other engines do.
    variants = (("", ""), ("-letters", ', folds = "letters"'),
                ("-exact", ', folds = "exact"'))
    for suffix, folds in variants:
        pack = out / "packs" / (name + suffix)
        (pack / "terms").mkdir(parents=True, exist_ok=True)
        (pack / "pack.toml").write_text(PACK.format(name=name + suffix))
        (pack / "rules.toml").write_text(
            RULE.format(folds=folds), encoding="utf-8")
        (pack / "terms" / "all.txt").write_text(text, encoding="utf-8")


# Texts.

# Parts of speech of a clause in jieba's tags; anything else is written as
# it stands.
CLAUSES = [
    "r v n", "r d v n", "t r v 了 n", "n d a", "r 的 n d a", "v n", "r d a",
    "t v n", "n 和 n d v", "r p n v", "r v 了 m n", "a 的 n", "d v",
    "r 是 n", "n 里 v 了 n", "r d d v n 吗", "v 了 n d v n", "m 个 n",
    "r 觉得 n d a", "n v n", "d a 的 n", "vn n", "i", "l", "r v r 的 n",
    "s d v n", "n f v n", "r 把 n v 了", "c r d v", "v 不 v n",
]
ENDS = ["。", "，", "！", "？", "~", "...", " ", "", "", "，", ",", "!!"]
EMOJI = ["😂", "👍", "❤", "🎉", "😭", "🙏", "🔥", "😅", "🤔", "✨", "[笑]"]


class Writer:
    """Sentences with the frequencies of the lists."""

    def __init__(self, words):
        by_tag = {}
        for word, count, tag in words.zh:
            if tag[0] in "zg" or len(word) > 4:
                continue
            by_tag.setdefault(tag, []).append((word, count))
        # Verbs and nouns of one letter would make up half the text.
        self.zh = {}
        for tag, rows in by_tag.items():
            self.zh[tag] = Weighted(sorted(rows))
        next_word = {}
        for first, second, count in words.pairs:
            next_word.setdefault(first, []).append((second, count))
        self.next_word = {w: Weighted(rows) for w, rows in next_word.items()}
        self.en = Weighted(words.en[:20_000])

    def clause(self, random):
        parts = random.pick(CLAUSES).split(" ")
        return "".join(
            self.zh[part].pick(random) if part in self.zh else part
            for part in parts)

    def english(self, random, count):
        word = self.en.pick(random)
        out = [word]
        while len(out) < count:
            after = self.next_word.get(word)
            word = after.pick(random) if after else self.en.pick(random)
            out.append(word)
        if random.below(2):
            out[0] = out[0].capitalize()
        return " ".join(out)

    def post(self, random):
        """A post: one to four clauses, the median at about 20 letters."""
        kind = random.below(100)
        out = []
        for _ in range(random.pick((1, 1, 1, 2, 2, 2, 3, 4))):
            if kind < 70 or kind < 85 and random.below(2):
                out.append(self.clause(random))
                if random.below(3):
                    out.append(self.clause(random))
            else:
                if out:
                    out.append(" ")
                out.append(self.english(random, 2 + random.below(6)))
            out.append(random.pick(ENDS))
        extra = random.below(100)
        if extra < 8:
            out.append(random.pick(EMOJI) * (1 + random.below(3)))
        elif extra < 11:
            out.append(f" @user{random.below(10_000)}")
        elif extra < 14:
            out.insert(0, f"#{self.clause(random)}# ")
        elif extra < 16:
            out.append(f" https://example.com/{random.below(100_000)}")
        elif extra < 21:
            out.append(str(random.below(10_000)))
        return "".join(out)

    def small(self, random, letters):
        """A post of exactly so many code points."""
        text = self.post(random)
        while len(text) < letters:
            text += self.post(random)
        return text[:letters].strip().ljust(letters, "啊")


DISGUISES = [".", "*", " ", "\u200b", "-", "❤", "·"]


def disguised(random, term):
    """A term as an advertiser writes it who has read of filters."""
    if random.below(4) == 0 and term.isascii():
        return "".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in term)
    return random.pick(DISGUISES).join(term)


def posts(writer, entry, terms):
    """Posts; those that hold a term are otherwise the same as without."""
    text, plant = Random(21), Random(22)
    for _ in range(entry["posts"]):
        if entry["kind"] == "small" or entry.get("small"):
            post = writer.small(text, 20)
        else:
            post = writer.post(text)
        # Drawn for every post, so that the share changes nothing else.
        share, where, how = plant.share(), plant.share(), plant.number()
        if share < entry["abusive"]:
            term = terms[how % len(terms)]
            shown = disguised(Random(how), term) if how >> 20 & 1 else term
            at = int(where * (len(post) + 1))
            if entry["kind"] == "small":
                room = max(20 - len(shown), 0)
                at = min(at, room)
                post = post[:at] + shown + post[at:room]
            else:
                blank = " " if term.isascii() else ""
                post = post[:at] + blank + shown + blank + post[at:]
        yield post


def adverts():
    """The sample posts of this repository that are not ordinary talk."""
    rows = []
    for line in open(ROOT / "corpora/sample.ndjson", encoding="utf-8"):
        row = json.loads(line)
        for key in ("text", "body", "title"):
            if isinstance(row.get(key), str):
                rows.append(row[key])
    return rows


def ndjson(writer, entry, pool):
    """Posts as a producer writes them, about 280 bytes a line."""
    random = Random(23)
    escaped = entry.get("escaped", False)
    for number, post in enumerate(posts(writer, entry | {"abusive": 0.0}, ["x"])):
        share, how = random.share(), random.number()
        if share < entry["abusive"] and pool:
            post = pool[how % len(pool)]
        row = {
            "id": f"p{number:09}",
            "created_at": f"2026-11-{1 + how % 28:02}T"
                          f"{how >> 8 & 15:02}:{how >> 16 & 31:02}:00Z",
            "author": f"u{how >> 24 & 0xFFFF}",
            "surface": "comment",
            "lang": "zh" if not post.isascii() else "en",
            "text": post,
            "likes": how >> 40 & 255,
            "device": {"os": "android", "version": f"1.{how >> 50 & 15}"},
        }
        if entry.get("small"):
            row = {"id": number, "text": post}
        yield json.dumps(row, ensure_ascii=escaped, separators=(",", ":"))


WORST_BYTES = 1 << 20
LINE_LETTERS = 2_000


def parts():
    """Characters as their parts: the first way of the table of splits."""
    table = HERE.parent / "src" / "fold" / "data" / "split.rs"
    rows = re.findall(r"\('(.)',\s*&\[\"(.*?)\"",
                      table.read_text(encoding="utf-8"))
    return dict(rows)


def worst(attack, terms):
    """About a megabyte against these terms."""
    random = Random(31)
    split = parts()
    han = [t for t in terms if is_han(t)]
    latin = [t for t in terms if t.isascii() and t.isalpha()]

    def piece():
        term = random.pick(terms)
        if attack == "anchor":
            at = random.below(max(len(term) - 1, 1))
            width = 2 if is_han(term) else 4
            return term[at:at + width] + "的"
        if attack == "prefix":
            return term[:-1]
        if attack == "term":
            return terms[0]
        if attack == "separators":
            return (random.pick("。.-*_~ ") * 8).join(term)
        if attack == "ignorable":
            return ("\u200b" * 30).join(term)
        if attack == "symbols":
            word = random.pick(latin or terms)
            return "".join(c if n % 2 else random.pick("@$!€(|+")
                           for n, c in enumerate(word))
        if attack == "escapes":
            return "".join(f"&#{ord(c)};" for c in random.pick(han or terms))
        if attack == "repeat":
            return "a" * 40 if not han else han[0][0] * 40
        if attack == "leet":
            word = random.pick(latin or terms)
            swap = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5",
                    "t": "7", "l": "1"}
            return " " + "".join(swap.get(c, c) for c in word)
        if attack == "parts":
            term = random.pick(han or ["好好"])[:-1]
            return "".join(split.get(c, c) for c in term)
        sys.exit(f"no attack is called {attack}")

    size = 0
    while size < WORST_BYTES:
        line = ""
        while len(line) < LINE_LETTERS:
            line += piece()
        size += len(line.encode()) + 1
        yield line


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")


def definitions(name):
    with open(HERE / "definitions" / name, "rb") as file:
        return tomllib.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--sources", type=pathlib.Path,
                        help="folder with the three lists (default: fetched)")
    parser.add_argument("--small", action="store_true",
                        help="a tenth of every text, no million terms")
    parser.add_argument("--only", default="",
                        help="names of texts and dictionaries, with commas")
    args = parser.parse_args()
    sources = args.sources or args.out / "sources"
    fetch(sources)
    words = Words(sources)
    only = set(filter(None, args.only.split(",")))
    writer = Writer(words)
    families = {"rare": rare(words, ordinary(writer)), "common": common(words),
                "nested": nested()}
    dictionaries = {}
    for name, entry in definitions("dictionaries.toml").items():
        terms = families[entry["kind"]][:entry["terms"]]
        dictionaries[name] = terms
        if not only or name in only:
            write_dictionary(args.out, name, terms)
    pool = adverts()
    planted = dictionaries["rare-1k"]
    for name, entry in definitions("corpora.toml").items():
        if only and name not in only:
            continue
        if args.small and "posts" in entry:
            entry["posts"] //= 10
        if entry["kind"] == "worst":
            for dictionary in ("rare-10k", "common-1k", "nested"):
                path = args.out / "text" / f"{name}.{dictionary}.txt"
                lines = worst(entry["attack"], dictionaries[dictionary])
                write_lines(path, lines)
        elif entry["kind"] == "ndjson":
            path = args.out / "text" / f"{name}.ndjson"
            write_lines(path, ndjson(writer, entry, pool))
        else:
            path = args.out / "text" / f"{name}.txt"
            write_lines(path, posts(writer, entry, planted))


if __name__ == "__main__":
    main()
