"""The training curves with everything one does to them: hide, solo, smooth, read off, export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.storage import tables
from lvm_studio.storage.atomic import write_text
from lvm_studio.studio.figures import export_figure
from lvm_studio.studio.file_dialogs import CSV_KIND, FIGURE_KIND, ask_save
from lvm_studio.studio.numerals import format_value
from lvm_studio.studio.theme import LIGHT, MUTED, Colours, theme
from lvm_studio.studio.widgets.figure_export import copy_image
from lvm_studio.studio.widgets.legend_chip import LegendChip
from lvm_studio.studio.widgets.training.curve_controls import CurveControls
from lvm_studio.studio.widgets.training.curve_line import CurveOptions, Reading
from lvm_studio.studio.widgets.training.curve_panes import CurvePanes
from lvm_studio.studio.widgets.training.history_csv import history_csv
from lvm_studio.studio.widgets.training.training_terms import (
    SPLIT_TITLES,
    SPLITS,
    TERMS,
    RunHistory,
    Split,
    Term,
    XAxis,
)

NAMES_IN_KEY = 4
HINT = (
    "No training yet: choose a recipe on the left and press Start training. Its curves grow here."
)
BEGUN = "No step of this run is known: its curves begin with the first that it reports."


class TrainingCurves(QWidget):
    """ELBO and its terms, σ, train and held-out, of one or several runs.

    Knows runs only as `RunHistory` values; the first one given is drawn in full colour, the
    others paler.
    """

    saved = Signal(str)
    """A sentence about what was copied or written."""
    failed = Signal(str)
    """A sentence about what could not be written."""
    run_clicked = Signal(str)
    """The line of this run was clicked."""

    def __init__(self, hint: str = HINT, parent: QWidget | None = None) -> None:
        """Begin without runs; `hint` says where they come from."""
        super().__init__(parent)
        self._no_runs = hint
        self._runs: tuple[RunHistory, ...] = ()
        self._absent: frozenset[str] = frozenset()
        """Terms that none of the runs has."""
        self.all_runs: Callable[[], Sequence[RunHistory]] = lambda: self._runs
        """What "Save CSV of all runs" writes; by default the runs that are shown."""
        self.options = CurveOptions()
        self.panes = CurvePanes(theme().colours)
        self.panes.setObjectName("training_curves")
        self.chips = {term.name: LegendChip(term.title, term.tip) for term in TERMS}
        self.split_chips = {split: LegendChip(SPLIT_TITLES[split]) for split in SPLITS}
        self._readout = QLabel()
        self.controls = CurveControls(self.options, self._export_button())
        self._build()
        self._connect()
        self._set_colours(theme().colours)
        self._refresh()

    # building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._legend_row())
        self._stack = QStackedLayout()
        self._hint = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setForegroundRole(MUTED)
        self._stack.addWidget(self._hint)
        self._stack.addWidget(self.panes)
        layout.addLayout(self._stack, 1)
        self._readout.setTextFormat(Qt.TextFormat.RichText)
        self._readout.setMinimumHeight(3 * (self.fontMetrics().lineSpacing() + 3))
        self._readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._readout.setObjectName("training_readout")
        layout.addWidget(self._readout)
        layout.addWidget(self.controls)

    def _legend_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for chip in self.chips.values():
            row.addWidget(chip)
        row.addStretch(1)
        for split, chip in self.split_chips.items():
            chip.set_dashed(split == "heldout")
            row.addWidget(chip)
        return row

    def _export_button(self) -> QPushButton:
        button = QPushButton("Export")
        button.setObjectName("training_export")
        menu = QMenu(button)
        menu.addAction("Copy image", self.copy_image)
        menu.addAction("Save figure…", self._ask_figure)
        menu.addAction("Save CSV of the runs shown…", self._ask_csv)
        menu.addAction("Save one CSV of everything…", self._ask_csv_of_all)
        button.setMenu(menu)
        self._export = button
        return button

    def _connect(self) -> None:
        for name, chip in self.chips.items():
            chip.toggled.connect(lambda on, name=name: self._hide_term(name, hidden=not on))
            chip.solo_requested.connect(lambda name=name: self.solo(name))
        for split, chip in self.split_chips.items():
            chip.toggled.connect(self._choose_splits)
            chip.solo_requested.connect(lambda split=split: self._solo_split(split))
        self.controls.changed.connect(lambda changes: self._change(**changes))
        self.controls.fit.clicked.connect(self.panes.fit)
        self.panes.cursor_moved.connect(self._read_out)
        self.panes.run_clicked.connect(self.run_clicked)
        theme().changed.connect(self._set_colours)

    # state

    def set_runs(self, runs: Sequence[RunHistory], pinned: Iterable[str] = ()) -> None:
        """Show these runs; the first and the pinned ones are in full colour."""
        self._runs = tuple(runs)
        begun = [run for run in runs if any(len(run.split(split).step) for split in SPLITS)]
        self._absent = frozenset(
            term.name for term in TERMS if begun and not any(run.has(term.name) for run in begun)
        )
        for name, chip in self.chips.items():
            chip.setVisible(name not in self._absent)
        self.options = replace(self.options, pinned=frozenset(pinned))
        self._refresh()

    def solo(self, name: str) -> None:
        """Show this term alone; if it is alone already, show all."""
        others = frozenset(self.chips) - {name}
        hidden = frozenset() if self.options.hidden == others else others
        for other, chip in self.chips.items():
            chip.set_on(other not in hidden)
        self._change(hidden=hidden)

    def _hide_term(self, name: str, *, hidden: bool) -> None:
        now = self.options.hidden
        self._change(hidden=now | {name} if hidden else now - {name})

    def _solo_split(self, split: Split) -> None:
        alone = self.options.splits == (split,)
        for other, chip in self.split_chips.items():
            chip.set_on(alone or other == split)
        self._choose_splits()

    def _choose_splits(self) -> None:
        self._change(splits=tuple(s for s, chip in self.split_chips.items() if chip.isChecked()))

    def _change(self, **changes: Any) -> None:
        self.options = replace(self.options, **changes)
        self._refresh()

    def _refresh(self) -> None:
        any_points = any(len(run.split(split).step) for run in self._runs for split in SPLITS)
        self._hint.setText(BEGUN if self._runs else self._no_runs)
        self._stack.setCurrentWidget(self.panes if any_points else self._hint)
        self._export.setEnabled(any_points)
        hidden = self.options.hidden | self._absent
        self.panes.show_runs(self._runs, replace(self.options, hidden=hidden))
        self._read_out()

    # read-out

    def _read_out(self) -> None:
        """A small table at the cursor: a row a split of the run in front, a column a term."""
        readings = [reading for reading in self.panes.readings() if reading.focus]
        if not readings:
            self._readout.setText("")
            return
        place = _place(readings[0].x, self.options.x_axis)
        hidden = self.options.hidden | self._absent
        terms = [term for term in TERMS if term.name not in hidden]
        colours = theme().colours
        head = "".join(
            f'<td align="right"><font color="{term.colour(colours)}">{term.title}</font> '
            f"{f'({self.options.unit})' if term.is_information else ''}</td>"
            for term in terms
        )
        rows = "".join(_reading_row(readings, split, terms) for split in self.options.splits)
        self._readout.setText(
            f'<table cellspacing="0" cellpadding="1" width="100%"><tr><td><b>{place}</b></td>'
            f"{head}</tr>{rows}{self._nearest_row(len(terms))}</table>"
        )

    def _nearest_row(self, columns: int) -> str:
        """The line nearest to the pointer, of whichever run, where there are several."""
        near = self.panes.nearest_reading() if len(self._runs) > 1 else None
        if near is None:
            return ""
        unit = self.options.unit if near.term.is_information else ""
        text = (
            f"nearest: <b>{escape(near.run)}</b>, {near.term.title} "
            f"{SPLIT_TITLES[near.split]} {format_value(near.value)} {unit} at "
            f"{_place(near.x, self.options.x_axis)} (click to choose)"
        )
        return f'<tr><td colspan="{columns + 1}">{text}</td></tr>'

    # export

    @contextmanager
    def _as_figure(self) -> Iterator[None]:
        """In light colours, with the legend inside, while something is exported."""
        names = " ".join(
            f'<span style="color:{term.colour(LIGHT)}">━ {term.title}</span>&nbsp;&nbsp;'
            for term in TERMS
            if term.name not in self.options.hidden
        )
        names_of_runs = [escape(run.name) for run in self._runs]
        runs = " + ".join(names_of_runs[:NAMES_IN_KEY])
        if len(names_of_runs) > NAMES_IN_KEY:
            runs += f" and {len(names_of_runs) - NAMES_IN_KEY} more"
        self.panes.set_cursor(None)
        self.panes.set_colours(LIGHT)
        self.panes.crowd.draw_whole(whole=True)
        self.panes.set_key(f"{names} (dashed: held-out) &nbsp; {runs}")
        try:
            yield
        finally:
            self.panes.set_key("")
            self.panes.crowd.draw_whole(whole=False)
            self.panes.set_colours(theme().colours)

    def copy_image(self) -> None:
        """Put the plot on the clipboard."""
        with self._as_figure():
            copy_image(self.panes)
        self.saved.emit("Copied the training curves as an image.")

    def save_figure(self, path: Path) -> None:
        """Write the plot as SVG, PNG or PDF by the suffix; `failed` if that cannot be done."""
        with self._writing(path), self._as_figure():
            export_figure(self.panes, path, theme())

    def save_csv(self, path: Path, runs: Sequence[RunHistory] | None = None) -> None:
        """Write every report of these (or the shown) runs as CSV; `failed` if it cannot be."""
        with self._writing(path):
            write_text(path, history_csv(self._runs if runs is None else runs))

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            self.failed.emit(str(error))
        else:
            self.saved.emit(f"Wrote {path}.")

    def _ask_figure(self) -> None:
        if path := ask_save(self, "Save the curves as a figure", "training.svg", FIGURE_KIND):
            self.save_figure(path)

    def _ask_csv(self) -> None:
        tables.prepare()
        if path := ask_save(self, "Save curves as CSV", "training.csv", CSV_KIND):
            self.save_csv(path)

    def _ask_csv_of_all(self) -> None:
        tables.prepare()
        if path := ask_save(self, "Save all curves as CSV", "all-runs.csv", CSV_KIND):
            self.save_csv(path, self.all_runs())

    def _set_colours(self, colours: Colours) -> None:
        for term in TERMS:
            self.chips[term.name].set_colour(term.colour(colours))
        for chip in self.split_chips.values():
            chip.set_colour(colours.text)
        self.panes.set_colours(colours)


def _reading_row(readings: list[Reading], split: Split, terms: list[Term]) -> str:
    found = {reading.term.name: reading for reading in readings if reading.split == split}
    cells = []
    for term in terms:
        reading = found.get(term.name)
        text = "–" if reading is None else format_value(reading.value)
        if reading is not None and reading.raw != reading.value:
            text += f" (raw {format_value(reading.raw)})"
        cells.append(f'<td align="right">{text}</td>')
    return f"<tr><td>{SPLIT_TITLES[split]}</td>{''.join(cells)}</tr>"


def _place(x: float, axis: XAxis) -> str:
    """A place on the x axis in words."""
    if axis == "minutes":
        return f"{x:.2f} min"
    return f"epoch {x:.2f}" if axis == "epoch" else f"step {x:,.0f}"
