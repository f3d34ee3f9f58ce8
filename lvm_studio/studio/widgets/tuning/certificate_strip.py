"""One line that says how right the tuned set on screen is, red where something speaks against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from lvm_studio.studio.numerals import percent
from lvm_studio.studio.widgets.steady_room import SteadyRoom
from lvm_studio.tuning.pools.weights import KHAT_LIMIT

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import TunedAnswer
    from lvm_studio.tuning.certificate import Certificate

MARK = "●"
GOOD, BAD, UNKNOWN = "#009E73", "#D1242F", "#8B949E"
CERTIFICATE_HELP = (
    "ESS: how many independent curves the draws are worth, by the weights λf + log p − log q, and\n"
    "the share of them that this is; below 100 the figures are greyed.\n"
    "k̂: tail index of these weights; above 0.7 their averages cannot be trusted.\n"
    "log Z = log E e^{λf}: by the weights, and by two runs of a reference (tempered SMC) that\n"
    "knows nothing of the proposal; further apart than 0.15 nats one of them is wrong.\n"
    "KL(draws‖tuned): how far the draws are from the tuned law before the weights correct them.\n"
    "One of … proposals kept: of two criteria, where λ rests, so many weeks are drawn for a row\n"
    "and one of them stays, by its weight, so that KL(draws‖tuned) is 0.1 at most; all figures\n"
    "here are then by the weights of what is kept.\n"
    "Corrected: the curves shown are resampled by the weights."
)


class CertificateStrip(QWidget):
    """A mark and the figures; the sentence of a red mark stands in words beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("certificate")
        self.setToolTip(CERTIFICATE_HELP)
        self._mark = QLabel(MARK, self)
        self._mark.setObjectName("certificate_mark")
        self._mark.setFixedSize(self._mark.sizeHint())
        self.words = QLabel(self)
        self.words.setObjectName("certificate_words")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)  # beside the mark
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(SteadyRoom(self.words, self), 1)
        self.show_answer(None)

    def show_answer(self, answer: TunedAnswer | None) -> None:
        """Show how right an answer is; nothing where nothing is tuned.

        The strip itself stays: were it to come with the first move of λ, the page would be laid
        out anew.
        """
        self.setEnabled(True)
        if answer is None or answer.lam == 0.0:
            for label in (self._mark, self.words):
                label.setText("")
            return
        certificate = answer.certificate
        checked = certificate.reference_log_z is not None
        colour = BAD if not certificate.ok else GOOD if checked else UNKNOWN
        palette = QPalette()  # of this one colour: the others stay the theme's
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colour))
        self._mark.setPalette(palette)
        self._mark.setText(MARK)
        self._mark.setAccessibleName("sound" if certificate.ok else "not to be believed")
        self.words.setText(certificate_text(certificate, answer.proposals))


def certificate_text(certificate: Certificate, proposals: int = 1) -> str:
    """The figures; where something speaks against them, first that in words.

    Args:
        proposals: of so many one is kept.
    """
    samples = certificate.samples
    ess = f"ESS {certificate.ess_share * samples:,.0f} of {samples:,}"
    khat = f"{certificate.khat:.2f}" if math.isfinite(certificate.khat) else "–"
    # too heavy a tail is what the sentence is about then, and tells k̂ itself
    tail = () if certificate.khat > KHAT_LIMIT else (f"k̂ {khat}",)
    reference = certificate.reference_log_z
    beside = "no SMC yet" if reference is None else "SMC {:.3f}, {:.3f}".format(*reference)
    if not math.isfinite(certificate.log_z):  # draws without weights tell no more
        return f"{certificate.sentence}\n{ess} ({percent(certificate.ess_share)})"
    parts = (
        f"{ess} ({percent(certificate.ess_share)})",
        *tail,
        f"log Z {certificate.log_z:.3f} ± {certificate.log_z_error:.3f} ({beside})",
        f"KL(draws‖tuned) {certificate.kl_to_target:.2f} nats",
        *((f"one of {proposals} proposals kept",) if proposals > 1 else ()),
        "corrected" if certificate.corrected else "not corrected",
    )
    figures = "  ·  ".join(parts).replace("-", "−")
    return figures if certificate.ok else f"{certificate.sentence}\n{figures}"
