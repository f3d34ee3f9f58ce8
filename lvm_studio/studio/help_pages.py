"""What the Help menu shows: the tour, what the data are worth, and who made what."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING

from lvm_studio.studio.settings import APP_NAME

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet

DISTRIBUTION = "lvm-studio"

TOUR = """
<h2>Five minutes</h2>
<ol>
<li><b>Compose.</b> Select households in the library and press Enter, or drag them onto the
composition. The fan of possible weeks redraws: mean, 10–90 % band, a few sampled weeks, and the
measured sum where meters know it.</li>
<li><b>Search.</b> Type a filter and press “Add n like these” for a whole street.</li>
<li><b>Choose a week</b>, or type temperatures of your own: every curve answers to them.</li>
<li><b>Slide λ.</b> It tilts the street towards its extreme weeks: the highest peak, the longest
load, the most to shift, or a formula of your own. The lines below say how rare such a week is
(“1 week in 100”), and how far the answer can be trusted (ESS, Pareto k̂).</li>
<li><b>Latent space.</b> Each point of the map is a week; click one to decode it, or move one
coordinate at a time.</li>
<li><b>Report card.</b> It holds the model against real weeks that it never saw.</li>
<li><b>Train.</b> Open your own meter readings with File ▸ Import readings…, press Start training,
and watch the ELBO and its terms. You may pause, stop, and go on tomorrow. <b>Studies</b> trains
over a space of settings and seeds.</li>
<li><b>Laboratory.</b> A VAE learns a curve in the plane while you watch, with its σ in your
hand.</li>
<li><b>Anomalies</b> ranks weeks, or rows of a table, by what is odd in them.</li>
<li><b>Save.</b> One file holds it all. After a crash the next start offers what was not saved.</li>
</ol>
<p>Every change can be undone (Ctrl+Z).</p>
"""

#: Where the focus is, and what keys do there; the menus name theirs themselves.
KEYS = (
    ("Library", "Enter adds the selection, Ctrl+F goes to the search"),
    ("Composition", "Delete removes, Ctrl+D duplicates, + and − count up and down"),
    ("λ slider", "arrows by 0.05, page keys by 0.5, Home to 0"),
    ("Two criteria", "arrows move the point, Home takes both λ to 0"),
    ("Fan", "← → move the cursor (Shift: further), Home shows all"),
    ("History of tunings", "Enter goes back to one, Delete forgets it"),
    ("Anchors", "arrows move the cross, Enter places, Delete removes"),
    ("Training curves", "← → move the cursor, Home shows all, Escape hides the cursor"),
    ("Runs", "Space draws a run or not, P pins it, S shows it alone"),
    ("Keys of a plot", "Space shows or hides, S shows alone"),
    ("Latent map", "arrows walk (Shift: further), A and B pin, S selects around"),
    ("Latent sliders", "Home, Delete or 0 put a coordinate back"),
    ("Traversal strips", "arrows choose a cell, Enter goes there"),
    ("Drawing in the laboratory", "arrows move the pen (Shift: further), Enter ends, Escape drops"),
    ("Number fields", "↑ ↓ step; Ctrl+Z takes back typing first, then the last change"),
)

METHOD = """
<p>The models are those of V. Berger, <i>Deep Latent Variable Models: from properties to
structures</i>, Université Paris-Saclay, 2021: CompVAE (chapter 9) and Boltzmann tuning
(chapter 10).</p>
"""


def about_page(attributions: Sequence[str]) -> str:
    """Return who made what: the method, the data's attributions, the libraries and licences."""
    data = "".join(f"<p>{escape(attribution)}</p>" for attribution in attributions)
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(number)}</td><td>{escape(licence)}</td></tr>"
        for name, number, licence in libraries()
    )
    machine = f"Python {platform.python_version()}, {platform.platform()}"
    return (
        f"<h2>{APP_NAME} {_version(DISTRIBUTION)}</h2><p>{escape(machine)}</p>{METHOD}"
        f"<h3>Data</h3>{data}<h3>Software</h3>"
        "<p>It stands on other people's work, each under its own licence:</p>"
        f'<table cellspacing="4">{rows}</table>'
    )


def libraries() -> list[tuple[str, str, str]]:
    """Name, version and licence of every library that the program asks for, by name."""
    asked = (re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in _requirements())
    return [(name, _version(name), _licence(name)) for name in sorted(asked, key=str.lower)]


def keyboard_page(menus: Iterable[tuple[str, str]]) -> str:
    """Return every key: those of the menus (what, key), then those of each place.

    >>> "<td><b>Ctrl+S</b></td><td>Save</td>" in keyboard_page([("&Save", "Ctrl+S")])
    True
    """
    everywhere = [(key, what.replace("&", "").rstrip("…")) for what, key in menus if key]
    rows = "".join(
        f"<tr><td><b>{escape(name)}</b></td><td>{escape(what)}</td></tr>"
        for name, what in (*everywhere, *KEYS)
    )
    return f'<h2>Keyboard</h2><table cellspacing="4">{rows}</table>'


def quality_page(dataset: HouseholdSet) -> str:
    """Return what there is to know of a dataset before one trusts it."""
    from lvm_studio.data.quality import quality_summary

    sentences = quality_summary(dataset).sentences()
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    source = dataset.provenance
    return (
        f"<h2>{escape(dataset.name)}</h2><ul>{lines}</ul>"
        f"<p>{escape(source.source)}. {escape(source.licence)}</p>"
        f"<p>{escape(source.attribution)}</p>"
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(not installed)"


def _requirements() -> list[str]:
    """What the program asks for, without what only tests and clusters need."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    return [line for line in lines if "extra ==" not in line]


def _licence(distribution: str) -> str:
    """The licence that a library names; older ones name it in a classifier, or in full text."""
    try:
        told = metadata(distribution)
    except PackageNotFoundError:
        return ""
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier", [])
        if line.startswith("License :: OSI Approved :: ")
    ]
    return told["License-Expression"] or ", ".join(classified) or told["License"] or ""
