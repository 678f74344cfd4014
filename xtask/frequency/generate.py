#!/usr/bin/env python3
"""Generate the frequency sketch of src/fold/data.

In:  --zh   dict.txt of the source package `jieba` (words with counts)
     --en   folder with frequency_dictionary_en_82_765.txt and
            frequency_bigramdictionary_en_243_342.txt of the package
            `symspellpy`
     --out  src/fold/data
Out: frequency.bin and FREQUENCY.md in --out.

The sketch is an array of 2^19 bytes. A key is hashed with 64-bit FNV-1a
over its UTF-8 bytes, xor-folded to 19 bits; the byte there is
round(8 * log2(1 + f)), f the parts of 10^9 characters, the larger one when
keys collide. No word can be read back. Keys:

    1<han>        a Han character
    2<han><han>   two neighbouring Han characters of a word
    4<abcd>       four Latin letters of a word or across two words, in
                  look-alike form
    w<word>       a Latin word, in look-alike form

Look-alike form: i for l, no letter twice in a row, as the search sees them.
Standard library only; the same sources give the same bytes.
"""

import argparse
import collections
import hashlib
import math
import os

SLOTS_LOG2 = 19
# Rows kept of each kind, the most frequent first.
KEPT = {"1": 6000, "2": 30000, "4": 60000, "w": 8000}
WORDS = "frequency_dictionary_en_82_765.txt"
BIGRAMS = "frequency_bigramdictionary_en_243_342.txt"
# A Latin word has a separator behind it, a Han word does not.
SPACE = 1


def slot(key):
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    value ^= value >> 32
    return (value ^ value >> SLOTS_LOG2) % (1 << SLOTS_LOG2)


def look_alike(word):
    out = ""
    for c in word.replace("l", "i"):
        if not out.endswith(c):
            out += c
    return out


def is_han(c):
    return "\u4e00" <= c <= "\u9fff"


def zh(path):
    counts = collections.Counter()
    total = 0
    for line in open(path, encoding="utf-8"):
        word, count, *_ = line.split(" ")
        count = int(count)
        total += count * len(word)
        for c in filter(is_han, word):
            counts["1" + c] += count
        for a, b in zip(word, word[1:]):
            if is_han(a) and is_han(b):
                counts["2" + a + b] += count
    return counts, total


def en(folder):
    counts = collections.Counter()
    total = 0
    for line in open(os.path.join(folder, WORDS), encoding="utf-8-sig"):
        word, count = line.split()
        count = int(count)
        total += count * (len(word) + SPACE)
        form = look_alike(word.lower())
        counts["w" + form] += count
        for at in range(len(form) - 3):
            counts["4" + form[at : at + 4]] += count
    for line in open(os.path.join(folder, BIGRAMS), encoding="utf-8-sig"):
        first, second, count = line.split()
        form = look_alike((first + second).lower())
        # Groups that begin in the first word and end in the second; a
        # letter that both words share at the border is one.
        border = len(look_alike(first.lower()))
        for at in range(max(0, border - 3), border):
            if len(form) >= at + 4:
                counts["4" + form[at : at + 4]] += int(count)
    return counts, total


def main():
    parser = argparse.ArgumentParser()
    for flag in ("--zh", "--en", "--out"):
        parser.add_argument(flag, required=True)
    args = parser.parse_args()
    sketch = bytearray(1 << SLOTS_LOG2)
    for counts, total in (zh(args.zh), en(args.en)):
        for kind, kept in KEPT.items():
            rows = [r for r in counts.items() if r[0].startswith(kind)]
            rows.sort(key=lambda row: (-row[1], row[0]))
            for key, count in rows[:kept]:
                value = round(8 * math.log2(1 + count * 10**9 / total))
                at = slot(key)
                sketch[at] = max(sketch[at], min(value, 255))
    out = os.path.join(args.out, "frequency.bin")
    with open(out, "wb") as file:
        file.write(sketch)
    sums = {
        name: hashlib.sha256(open(path, "rb").read()).hexdigest()
        for name, path in [
            ("dict.txt", args.zh),
            ("words", os.path.join(args.en, WORDS)),
            ("bigrams", os.path.join(args.en, BIGRAMS)),
            ("frequency.bin", out),
        ]
    }
    with open(os.path.join(args.out, "FREQUENCY.md"), "w") as file:
        file.write(PROVENANCE.format(**{k.split(".")[0]: v for k, v in sums.items()}))


PROVENANCE = """# Provenance of the frequency sketch

`frequency.bin` is generated. Command, run by hand from the top of the
repository (Python 3, standard library only):

    python3 xtask/frequency/generate.py --zh jieba-0.42.1/jieba/dict.txt \\
        --en symspellpy --out src/fold/data

| file | sha256 |
|---|---|
| `frequency.bin` | {frequency} |

Sources, unpacked packages that are not kept in the repository. Only hashed
counts of characters, pairs, groups of four letters and Latin words are
taken from them.

| file | from | licence | sha256 |
|---|---|---|---|
| `dict.txt` | PyPI, jieba 0.42.1 (source package) | MIT | {dict} |
| `frequency_dictionary_en_82_765.txt` | PyPI, symspellpy 6.10.1 | MIT | {words} |
| `frequency_bigramdictionary_en_243_342.txt` | the same | MIT | {bigrams} |
"""

if __name__ == "__main__":
    main()
