#!/usr/bin/env python3
"""Cut the syllable table of src/tools/attack/data.

In:  --xpinyin  Mandarin.dat of the Python package `xpinyin` (MIT)
     --jieba    dict.txt of the Python package `jieba` (MIT): which
                characters are common
     --out      src/tools/attack/data/syllables.txt
A line is a toneless syllable and its common characters, the most frequent
first. Runs by hand, standard library only, deterministic.
"""

import argparse
import collections

COMMON = 3500


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--xpinyin", required=True)
    parser.add_argument("--jieba", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    counts = collections.Counter()
    with open(args.jieba, encoding="utf-8") as f:
        for line in f:
            word, count, _ = line.split()
            for c in word:
                if "\u4e00" <= c <= "\u9fff":
                    counts[c] += int(count)
    common = [c for c, _ in sorted(counts.items(),
                                   key=lambda p: (-p[1], p[0]))][:COMMON]
    reading = {}
    with open(args.xpinyin, encoding="utf-8") as f:
        for line in f:
            code, all_readings = line.split("\t")
            first = all_readings.split()[0].rstrip("12345").lower()
            first = first.replace("\u00fc", "v").replace("u:", "v")
            reading[chr(int(code, 16))] = first
    syllables = collections.defaultdict(list)
    for c in common:
        if c in reading:
            syllables[reading[c]].append(c)
    with open(args.out, "w", encoding="utf-8", newline="\n") as f:
        for name in sorted(syllables):
            f.write(f"{name} {''.join(syllables[name])}\n")


if __name__ == "__main__":
    main()
