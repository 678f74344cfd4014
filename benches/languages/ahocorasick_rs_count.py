"""ahocorasick_rs: every occurrence."""

import ahocorasick_rs

from common import run


def build(terms):
    return ahocorasick_rs.AhoCorasick(terms)


def count(automaton, post):
    return len(automaton.find_matches_as_indexes(post, overlapping=True))


run(build, count)
