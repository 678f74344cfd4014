#!/usr/bin/env python3
"""Find characters that look alike, for the attack of that name.

In:  --font   a font with Han glyphs; DroidSansFallbackFull.ttf of the Debian
              package fonts-droid-fallback (Apache-2.0)
     --jieba  dict.txt of the Python package `jieba` (MIT): which characters
              are common
     --out    src/tools/attack/data/lookalike.txt
A line is a common character and those whose glyph differs least from its
own, the nearest first. Needs Pillow and numpy; deterministic for one version
of the font and of FreeType. Only distances are taken from the font.
"""

import argparse
import collections

import numpy
from PIL import Image, ImageDraw, ImageFont

COMMON = 3500
SIZE = 32
NEAREST = 4
# Glyphs that share less of their ink are not mistaken for one another.
LEAST = 0.95


def glyph(font, c):
    image = Image.new("L", (SIZE, SIZE), 0)
    box = font.getbbox(c)
    left = (SIZE - (box[0] + box[2])) / 2
    top = (SIZE - (box[1] + box[3])) / 2
    ImageDraw.Draw(image).text((left, top), c, font=font, fill=255)
    # A blur makes a stroke that lies a point aside count as near.
    pixels = numpy.asarray(image, dtype=numpy.float32)
    padded = numpy.pad(pixels, 1)
    blurred = sum(
        padded[y:y + SIZE, x:x + SIZE] for y in range(3) for x in range(3)
    ) / 9
    flat = blurred.ravel()
    norm = numpy.linalg.norm(flat)
    return flat / norm if norm else flat


def main():
    parser = argparse.ArgumentParser()
    for name in ("font", "jieba", "out"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    counts = collections.Counter()
    with open(args.jieba, encoding="utf-8") as f:
        for line in f:
            word, count, _ = line.split()
            for c in word:
                if "一" <= c <= "鿿":
                    counts[c] += int(count)
    ranked = sorted(counts.items(), key=lambda p: (-p[1], p[0]))
    common = [c for c, _ in ranked[:COMMON]]
    others = set(common)
    for code in range(0x4E00, 0x9FA6):
        try:
            chr(code).encode("gb2312")
            others.add(chr(code))
        except UnicodeEncodeError:
            pass
    others = sorted(others)
    font = ImageFont.truetype(args.font, SIZE - 4)
    all_glyphs = numpy.stack([glyph(font, c) for c in others])
    place = {c: at for at, c in enumerate(others)}
    lines = [
        "# Characters whose glyphs differ least, by xtask/words/glyphs.py.\n"
    ]
    for c in sorted(common):
        near = all_glyphs @ all_glyphs[place[c]]
        near[place[c]] = 0
        best = numpy.argsort(-near, kind="stable")[:NEAREST]
        found = [others[at] for at in best if near[at] >= LEAST]
        if found:
            lines.append(f"{c} {''.join(found)}\n")
    with open(args.out, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(lines)


if __name__ == "__main__":
    main()
