#!/usr/bin/env python3
"""What would rules find if they had never seen a row?

Rules written while reading data look better on that data than they are. This
takes away, for each eighth of the abusive rows, every term that hits in that
eighth and in no other, and measures the eighth with what is left. Rows that
are near-duplicates (character 3-grams, Jaccard 0.45) are in the same eighth.

    python3 benches/leave_out.py TROMMEL RULES DATA [--only OLD_RULES]

TROMMEL is the program, RULES the folder of packs, DATA a folder of labelled
NDJSON (`id` as SET-HASH, `text`, `label`, optional `text_filled`,
`cluster_size`, `weak`, `sub`, `surface`, `lang`). With --only, no term is
taken away that is not in OLD_RULES: terms added without reading the rows
measured stay. The columns are recall over all rows and over the third that
was not read for this purpose (SHA-256 of the id of the cluster, modulo 3, is
2), with 95 % Wilson intervals at Kish's effective size. Python 3.9, nothing
but the standard library.
"""
import argparse
import collections
import glob
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata
import zlib

FOLDS = 8
ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"')


def rows_of(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*.*json*"))):
        for line in open(path, encoding="utf-8"):
            if line.strip():
                row = json.loads(line)
                keep = row["label"] not in ("clean", "unlabelled", "abuse")
                weak = row.get("weak") or row.get("surface") == "url"
                if keep and not weak and not str(row.get("sub", "")).startswith("AD:"):
                    yield row


def grams(text):
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(c for c in text if c.isalpha())[:600]
    return {text[i : i + 3] for i in range(max(1, len(text) - 2))}


def clusters(rows):
    """The id that stands for each row's group of near-duplicates."""
    parent = list(range(len(rows)))

    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    sets, bands = [], collections.defaultdict(list)
    for number, row in enumerate(rows):
        found = grams(row["text"])
        sets.append(found)
        hashes = [zlib.crc32(g.encode()) for g in found]
        for band in range(12):
            key = tuple(
                min((h * (2 * (3 * band + k) + 2654435761) + k) & 0xFFFFFFFF for h in hashes)
                for k in range(2)
            )
            bands[(band, key)].append(number)
    for same in bands.values():
        for other in same[1:]:
            a, b = sets[same[0]], sets[other]
            if len(a & b) >= 0.45 * len(a | b):
                parent[find(other)] = find(same[0])
    return [rows[find(n)]["id"] for n in range(len(rows))]


def plain(term):
    return re.sub(r"\s+", " ", term.lstrip("=").strip().lower())


def edit(folder, keep):
    """Rewrites the term lists of a folder of packs with what `keep` allows."""
    for path in glob.glob(folder + "/*/terms/*.txt"):
        out = []
        for line in open(path, encoding="utf-8").read().split("\n"):
            if line and line[0] not in "#!":
                line = "|".join(a for a in re.split(r"(?<!\\)\|", line) if keep(plain(a)))
                if not line:
                    continue
            out.append(line)
        if not [x for x in out if x and x[0] not in "#!"]:
            out.append("zzqqxxyy")
        open(path, "w", encoding="utf-8").write("\n".join(out))
    for path in glob.glob(folder + "/*/*.toml"):
        def less(match):
            items = []
            for item in ITEM.findall(match.group(2)):
                left = "|".join(a for a in item.split("|") if a.startswith("!") or keep(plain(a)))
                items += [f'"{left}"'] if left else []
            return match.group(1) + "[" + ", ".join(items or ['"zzqqxxyy"']) + "]"

        text = open(path, encoding="utf-8").read()
        text = re.sub(r"(list = )\[(.*?)\]", less, text, flags=re.S)
        open(path, "w", encoding="utf-8").write(text)


def all_terms(folder):
    found = set()
    with tempfile.TemporaryDirectory() as work:
        shutil.copytree(folder, work + "/r")
        edit(work + "/r", lambda term: found.add(term) or True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("trommel", "rules", "data"):
        parser.add_argument(name)
    parser.add_argument("--only", help="take away terms of these packs only")
    args = parser.parse_args()
    old = all_terms(args.only) if args.only else None
    rows = list(rows_of(args.data))
    digest = lambda s: int(hashlib.sha256(s.encode()).hexdigest()[:8], 16)
    place = [digest(c) for c in clusters(rows)]
    fold = [p // 3 % FOLDS for p in place]
    work = tempfile.mkdtemp()

    def trommel(*arguments):
        done = subprocess.run([args.trommel, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    def compiled(folder, image):
        trommel("compile", *sorted(glob.glob(folder + "/*")), "-o", image)
        return image

    def terms_hit(path, image):
        report = json.loads(trommel("profile", "--json", "-r", image, path))
        return {plain(t["term"]) for t in report["terms"] if t["hits"]}

    full = compiled(args.rules, work + "/full.img")
    missed = set()
    for k in range(FOLDS):
        inside, outside = work + "/in.ndjson", work + "/out.ndjson"
        for path, wanted in ((inside, True), (outside, False)):
            with open(path, "w", encoding="utf-8") as file:
                for row, f in zip(rows, fold):
                    if (f == k) == wanted:
                        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        gone = terms_hit(inside, full) - terms_hit(outside, full)
        gone = gone & old if old is not None else gone
        folder = f"{work}/rules{k}"
        shutil.copytree(args.rules, folder)
        edit(folder, lambda term: term not in gone)
        image = compiled(folder, work + "/part.img")
        trommel("eval", "-r", image, "--errors", work + "/errors", inside)
        missed |= {json.loads(l)["id"] for l in open(work + "/errors", encoding="utf-8")}

    groups = collections.defaultdict(list)
    for row, p in zip(rows, place):
        key = (row["id"].rsplit("-", 1)[0], row["label"])
        weight = 1 / row.get("cluster_size", 1)
        groups[key].append((weight, row["id"] not in missed, p % 3))

    def interval(some):
        total = sum(w for w, _, _ in some)
        if not total:
            return "-"
        p = sum(w * hit for w, hit, _ in some) / total
        n = total**2 / sum(w * w for w, _, _ in some)
        z = 1.96
        middle = p + z * z / 2 / n
        half = z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
        return "%.2f [%.2f, %.2f]" % (p, *((middle + s * half) / (1 + z * z / n) for s in (-1, 1)))

    for (name, label), some in sorted(groups.items()):
        unread = [x for x in some if x[2] == 2]
        print(f"{name:24} {label:11} {interval(some)}   unread third {interval(unread)}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
