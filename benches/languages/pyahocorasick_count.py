"""pyahocorasick: every occurrence."""

import ahocorasick

from common import run


def build(terms):
    automaton = ahocorasick.Automaton()
    for number, term in enumerate(terms):
        automaton.add_word(term, number)
    automaton.make_automaton()
    return automaton


def count(automaton, post):
    found = 0
    for _ in automaton.iter(post):
        found += 1
    return found


run(build, count)
