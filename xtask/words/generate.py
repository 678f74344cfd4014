#!/usr/bin/env python3
"""Cut the word frequency lists of src/lint/data.

In:  --jieba      dict.txt of the Python package `jieba` (MIT)
     --symspell   frequency_dictionary_en_82_765.txt of the Python package
                  `symspellpy` (MIT)
     --out        src/lint/data
Out: zh.txt, en.txt and PROVENANCE.md in --out.

Runs by hand, uses the standard library only and is deterministic. Names of
persons, places and organisations are left out: the lists serve to say what
an ordinary word is.
"""

import argparse
import collections
import hashlib
import os

ZH_MAX = 36000
EN_MAX = 22000
# Bands: how often a word stands in a million words, at least.
BANDS = [5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1, 0]


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def is_han(word):
    return all("\u4e00" <= c <= "\u9fff" for c in word)


def read_zh(path):
    rows, total = [], 0
    with open(path, encoding="utf-8") as f:
        for line in f:
            word, count, tag = line.split()
            count = int(count)
            total += count
            name = tag in ("nr", "nrt", "nrfg", "ns", "nt", "nz")
            if len(word) >= 2 and is_han(word) and not name:
                rows.append((word, count))
    return rows, total


def read_en(path):
    rows, total = [], 0
    with open(path, encoding="utf-8-sig") as f:
        for line in f:
            word, count = line.split()
            count = int(count)
            total += count
            if len(word) >= 3 and word.isascii() and word.isalpha():
                rows.append((word.lower(), count))
    return rows, total


def write(path, rows, total, most):
    rows = sorted(set(rows), key=lambda row: (-row[1], row[0]))[:most]
    bands = collections.OrderedDict((band, []) for band in BANDS)
    for word, count in rows:
        per_million = count * 1e6 / total
        band = next(b for b in BANDS if per_million >= b)
        bands[band].append(word)
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        for band, words in bands.items():
            if words:
                f.write(f"@{band}\n")
                f.writelines(word + "\n" for word in sorted(words))
    return len(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jieba", required=True)
    parser.add_argument("--symspell", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    sources = [
        ("zh.txt", args.jieba, read_zh, ZH_MAX, "jieba 0.42.1",
         "https://pypi.org/project/jieba/0.42.1/", "MIT, Sun Junyi"),
        ("en.txt", args.symspell, read_en, EN_MAX, "symspellpy 6.10.1",
         "https://pypi.org/project/symspellpy/6.10.1/",
         "MIT, mmb L and Wolf Garbe"),
    ]
    lines = [
        "# Word frequency lists",
        "",
        "What an ordinary word is, for the lints and the collision finder.",
        "A line `@N` says that the words below it occur at least N times in",
        "a million. Names of persons, places and organisations are left out.",
        "",
        "Made by `python3 xtask/words/generate.py --jieba dict.txt",
        "--symspell frequency_dictionary_en_82_765.txt --out",
        "src/lint/data`.",
        "",
        "| file | words | sha256 | cut from | sha256 of the source | licence |",
        "|---|---|---|---|---|---|",
    ]
    for name, path, read, most, package, url, licence in sources:
        rows, total = read(path)
        out = os.path.join(args.out, name)
        count = write(out, rows, total, most)
        lines.append(
            f"| `{name}` | {count} | {sha256(out)} | "
            f"{os.path.basename(path)} of [{package}]({url}) | "
            f"{sha256(path)} | {licence} |"
        )
    with open(os.path.join(args.out, "PROVENANCE.md"), "w",
              encoding="utf-8", newline="\n") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
