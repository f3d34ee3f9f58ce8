"""What a stranger's file says is shown as it is written, and is never taken for HTML."""

from dataclasses import replace

from made_up_card import card
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from studio_fakes import households

from lvm_studio.studio.banner import ErrorBanner
from lvm_studio.studio.help_pages import about_page, quality_page
from lvm_studio.studio.theme import LIGHT
from lvm_studio.studio.widgets.judging.card_plot import CardPlot
from lvm_studio.studio.widgets.judging.verdict_table import told
from lvm_studio.studio.widgets.latent.selection_page import SelectionPage
from lvm_studio.studio.widgets.selection_bar import SelectionBar
from lvm_studio.studio.widgets.training.run_banner import RunBanner

HOSTILE = "<img src='http://x'> & k̂ < 0.7"
AS_WRITTEN = "&lt;img src=&#x27;http://x&#x27;&gt; &amp; k̂ &lt; 0.7"


def test_names_and_words_of_a_file_are_escaped() -> None:
    finding = replace(card().findings[0], title=HOSTILE, words=HOSTILE, reason=HOSTILE)
    pages = (about_page([HOSTILE]), quality_page(households(HOSTILE)), told(finding))
    assert [page.count(AS_WRITTEN) for page in pages] == [1, 1, 3]
    assert not any("<img" in page for page in pages)


def test_titles_of_plots_are_no_html(qtbot: QtBot) -> None:
    figure = card().figures[0]
    plot = CardPlot(LIGHT)
    qtbot.addWidget(plot)
    plot.set_figure(replace(figure, title=HOSTILE, x_label=HOSTILE, y_label=HOSTILE))
    assert plot.getPlotItem().titleLabel.item.toPlainText() == HOSTILE
    shown = [plot.getAxis(side).label.toPlainText() for side in ("bottom", "left")]
    assert all(HOSTILE in text for text in shown)


def test_banners_and_selections_hold_plain_text(qtbot: QtBot) -> None:
    error, failure = ErrorBanner(), RunBanner()
    qtbot.addWidget(error)
    qtbot.addWidget(failure)
    error.show_error(HOSTILE, "")
    failure.say(HOSTILE)
    bar, page = SelectionBar(), SelectionPage()
    qtbot.addWidget(bar)
    qtbot.addWidget(page)
    assert {label.textFormat().name for label in (bar.about, page.about)} == {"PlainText"}
    shown = (error.findChild(QLabel, "error_banner_sentence"), failure.sentence)
    assert [(label.text(), label.textFormat().name) for label in shown] == 2 * [
        (HOSTILE, "PlainText")
    ]
