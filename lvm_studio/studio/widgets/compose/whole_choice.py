"""What is composed: households, sines or colour anchors. The last two are made when first asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget


class WholeChoice(QWidget):
    """A choice above a stack of pages.

    Args:
        first: title and page that is there from the start.
        others: titles, and what makes their pages.
    """

    def __init__(
        self,
        first: tuple[str, QWidget],
        others: Sequence[tuple[str, Callable[[], QWidget]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._makers = {place: make for place, (_, make) in enumerate(others, 1)}
        self.stack = QStackedWidget()
        self.stack.addWidget(first[1])
        self.choice = QComboBox()
        self.choice.setObjectName("whole_choice")
        self.choice.addItems([first[0], *(title for title, _ in others)])
        self.choice.setToolTip(
            "Households make a street; sines and colour anchors are the artificial problems of\n"
            "chapter 9, whose parts are known: what a CompVAE composes stands beside the truth"
        )
        self._places: dict[int, QWidget] = {}
        for place in self._makers:
            self._places[place] = QWidget()
            inside = QVBoxLayout(self._places[place])
            inside.setContentsMargins(0, 0, 0, 0)
            self.stack.addWidget(self._places[place])
        label = QLabel("C&ompose")
        label.setBuddy(self.choice)
        top = QHBoxLayout()
        top.addWidget(label)
        top.addWidget(self.choice)
        top.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.stack, 1)
        self.choice.currentIndexChanged.connect(self._show)

    def _show(self, place: int) -> None:
        if place in self._makers:
            layout = self._places[place].layout()
            assert layout is not None
            layout.addWidget(self._makers.pop(place)())
        self.stack.setCurrentIndex(place)
