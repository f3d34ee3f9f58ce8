"""Is an HTML page whole? A parser that fails on a tag closed out of turn."""

from html.parser import HTMLParser

VOID = {"meta", "br"}


class Balance(HTMLParser):
    """Gathers open tags, counts, text, and references to elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.counts, self.text, self.sources = [], {}, [], []

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
