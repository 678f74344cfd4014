#!/usr/bin/env python3
"""Generate the groups of characters that look alike, for src/fold/data.

In:  --font    NotoSerifCJK-Regular.ttc of the Debian package fonts-noto-cjk
               (OFL-1.1)
     --unihan  folder with Unihan_Variants.txt.bz2 (Debian package
               `unicode-data`)
     --out     src/fold/data
Out: glyph.txt, a group of characters a line. Its sum, for SOUND.md, is
printed.

The characters of GB 2312 are put into groups by complete linkage: the two
that are most alike first, and only groups in which every pair is alike.
Others are with the one of GB 2312 that they are most like, if they are very
much so. Alike is a cosine of two blurred glyphs; nothing else is taken from
the font.

Runs by hand; needs Pillow and numpy; deterministic for one version of the
font and of FreeType.
"""

import argparse
import bz2
import collections
import hashlib
import os

import numpy
from PIL import Image, ImageDraw, ImageFont

FIRST, LAST = 0x4E00, 0x9FA5
SIZE = 40
# Simplified Chinese among the faces of the file.
FACE = 2
BLUR = (1, 2, 3, 2, 1)
# Least cosine in a group, and of a character outside of GB 2312.
ALIKE, RARE = 0.90, 0.94
GROUP_MAX = 8


def glyph(font, c):
    image = Image.new("L", (SIZE, SIZE), 0)
    box = font.getbbox(c, anchor="ls")
    left = (SIZE - (box[0] + box[2])) / 2
    top = (SIZE - (box[1] + box[3])) / 2
    draw = ImageDraw.Draw(image)
    draw.text((left, top), c, font=font, fill=255, anchor="ls")
    padded = numpy.pad(numpy.asarray(image, dtype=numpy.float32), 2)
    # A blur makes a stroke that lies a point aside count as near.
    blurred = sum(
        BLUR[x] * BLUR[y] * padded[y:y + SIZE, x:x + SIZE]
        for y in range(5)
        for x in range(5)
    )
    flat = blurred.ravel()
    norm = numpy.linalg.norm(flat)
    return flat / norm if norm else flat


def gb2312(c):
    try:
        return len(c.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def traditional(folder):
    """Characters that are read as simplified ones before anything else."""
    with open(os.path.join(folder, "Unihan_Variants.txt.bz2"), "rb") as f:
        lines = bz2.decompress(f.read()).decode("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and line[0] != "#")
    return {
        chr(int(code[2:], 16))
        for code, field, _ in rows
        if field == "kSimplifiedVariant"
    }


def groups(near):
    """Complete linkage over a matrix of cosines."""
    first, second = numpy.nonzero(numpy.triu(near >= ALIKE, 1))
    cosines = numpy.round(near[first, second], 4)
    order = numpy.lexsort((second, first, -cosines))
    of = {}
    for at in order:
        one, two = int(first[at]), int(second[at])
        a, b = of.get(one, [one]), of.get(two, [two])
        if a is b or len(a) + len(b) > GROUP_MAX:
            continue
        if all(near[x, y] >= ALIKE for x in a for y in b):
            both = a + b
            of.update((member, both) for member in both)
    return {id(group): group for group in of.values()}.values()


def main():
    parser = argparse.ArgumentParser()
    for name in ("font", "unihan", "out"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    font = ImageFont.truetype(args.font, SIZE - 6, index=FACE)
    every = [chr(code) for code in range(FIRST, LAST + 1)]
    common = [c for c in every if gb2312(c)]
    glyphs = numpy.stack([glyph(font, c) for c in common])
    members = collections.defaultdict(list)
    for group in groups(glyphs @ glyphs.T):
        for at in group:
            members[common[at]] = group
    rows = {id(group): [common[at] for at in group]
            for group in members.values()}
    skip = traditional(args.unihan) | set(common)
    rare = [c for c in every if c not in skip]
    near = numpy.stack([glyph(font, c) for c in rare]) @ glyphs.T
    for c, row in zip(rare, near):
        best = int(row.argmax())
        if row[best] >= RARE:
            group = members.get(common[best])
            key = id(group) if group else common[best]
            rows.setdefault(key, [common[best]]).append(c)
    lines = sorted("".join(sorted(row)) + "\n" for row in rows.values())
    data = "".join(lines).encode("utf-8")
    with open(os.path.join(args.out, "glyph.txt"), "wb") as f:
        f.write(data)
    print("glyph.txt", hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()
