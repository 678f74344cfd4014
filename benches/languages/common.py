"""Reads the arguments, times a search over all posts, prints JSON."""

import json
import sys
import time


def run(build, count):
    """`build(terms)` gives a searcher, `count(searcher, post)` a number."""
    terms_path, text_path, rounds = sys.argv[1:4]
    with open(terms_path, encoding="utf-8") as file:
        terms = file.read().split("\n")[:-1]
    with open(text_path, encoding="utf-8") as file:
        posts = file.read().split("\n")[:-1]
    start = time.process_time()
    searcher = build(terms)
    load = time.process_time() - start
    seconds, found = [], set()
    for _ in range(int(rounds)):
        start = time.process_time()
        sum_ = 0
        for post in posts:
            sum_ += count(searcher, post)
        seconds.append(time.process_time() - start)
        found.add(sum_)
    print(json.dumps({"load": load, "seconds": seconds,
                      "posts": len(posts), "found": sorted(found)}))
