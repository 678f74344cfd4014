"""flashtext: whole words, the longest of overlapping ones."""

from flashtext import KeywordProcessor

from common import run


def build(terms):
    processor = KeywordProcessor(case_sensitive=True)
    for term in terms:
        processor.add_keyword(term)
    return processor


def count(processor, post):
    return len(processor.extract_keywords(post))


run(build, count)
