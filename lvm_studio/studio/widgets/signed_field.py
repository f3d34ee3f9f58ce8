"""A number field with a true minus sign, as all numbers of the window have it."""

from __future__ import annotations

import re

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox

MINUS = "−"
DECIMAL_COMMA = re.compile(r",(?=\d{1,2}\b)")
"""A comma with too few digits behind it to part thousands; Qt would read 2,5 as 25."""


class SignedField(QDoubleSpinBox):
    """Writes −0.14; a hyphen that is typed becomes a minus, and 2,5 is understood."""

    def textFromValue(self, value: float) -> str:
        return super().textFromValue(value).replace("-", MINUS)

    def valueFromText(self, text: str) -> float:
        return super().valueFromText(DECIMAL_COMMA.sub(".", text.replace(MINUS, "-")))

    def validate(self, text: str, at: int) -> tuple[QValidator.State, str, int]:
        state, checked, place = super().validate(text.replace(MINUS, "-"), at)
        return state, checked.replace("-", MINUS), place
