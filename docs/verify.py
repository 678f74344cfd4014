#!/usr/bin/env python3
"""Checks a proof made by `trommel ledger prove`, sharing no code with it.

    trommel ledger prove LEDGER ID > proof.json
    python3 verify.py proof.json 'NAME+KEYID+BASE64'

The second argument is the verifier key (`trommel ledger checkpoint LEDGER
--key`), got from the operator beforehand: a key taken from the proof itself
proves nothing. Needs Python 3.8 and the package `cryptography`. Prints the
entry when it is in the signed ledger; exit code 1 and the reason when not.
"""

import base64
import hashlib
import json
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = 1


class Refused(Exception):
    pass


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def read_key(text):
    """NAME+KEYID+BASE64 as (name, key id, public key)."""
    name, key_id, key = text.strip().split("+", 2)
    raw = base64.b64decode(key, validate=True)
    if raw[0] != ED25519 or len(raw) != 33:
        raise Refused("the verifier key is not one of Ed25519")
    wanted = sha256(name.encode(), b"\n", raw)[:4]
    if bytes.fromhex(key_id) != wanted:
        raise Refused("the verifier key does not fit its id")
    return name, wanted, raw[1:]


def open_checkpoint(note, key):
    """(origin, size, root) of a signed note."""
    name, key_id, public = read_key(key)
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, who, value = line.split(" ", 2)
        raw = base64.b64decode(value, validate=True)
        if dash != "\u2014" or who != name or raw[:4] != key_id:
            continue
        try:
            signer = Ed25519PublicKey.from_public_bytes(public)
            signer.verify(raw[4:], text.encode())
        except InvalidSignature:
            raise Refused("the signature does not fit the checkpoint")
        origin, size, root = text.splitlines()[:3]
        return origin, int(size), base64.b64decode(root, validate=True)
    raise Refused("no signature by %s is on the checkpoint" % name)


def root_of(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        raise Refused("the entry is behind the end of the tree")
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Refused("the path is too long")
        if place & 1 or place == last:
            found = sha256(b"\x01", sibling, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = sha256(b"\x01", found, sibling)
        place >>= 1
        last >>= 1
    if last:
        raise Refused("the path is too short")
    return found


def check(proof, key):
    origin, size, root = open_checkpoint(proof["checkpoint"], key)
    entry = base64.b64decode(proof["entry"], validate=True)
    path = [base64.b64decode(hash_, validate=True) for hash_ in proof["path"]]
    commitment = sha256(entry)
    leaf = sha256(b"\x00", commitment)
    if root_of(leaf, proof["index"], size, path) != root:
        raise Refused("the entry is not in the signed tree")
    # The layout is described in src/evidence/ledger/entry.rs.
    length, kind, seq, at = struct.unpack_from("<IB3xQQ", entry)
    if seq != proof["index"] or length != len(entry) - 40:
        raise Refused("the entry contradicts its place")
    return {
        "origin": origin,
        "size": size,
        "index": seq,
        "kind": kind,
        "time_ms": at,
        "payload": json.loads(entry[40:]),
    }


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        proof = json.load(file)
    try:
        found = check(proof, sys.argv[2])
    except (Refused, ValueError, KeyError, IndexError) as error:
        print("refused: %s" % error, file=sys.stderr)
        return 1
    print(json.dumps(found, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
