"""Qt properties as keyword arguments, also those a widget inherits."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QLabel, QWidget

Widget = TypeVar("Widget", bound=QWidget)


def dressed(widget: Widget, **properties: object) -> Widget:
    """Set Qt properties of a widget and return it.

    PySide takes them in constructors too, but its type stubs know only those of the class itself.

    Raises:
        AttributeError: the widget has no such property.
    """
    known = widget.metaObject()
    for name, value in properties.items():
        if known.indexOfProperty(name) < 0:
            raise AttributeError(f"{known.className()} has no property '{name}'.")
        widget.setProperty(name, value)
    return widget


def label_for(buddy: QWidget, text: str) -> QLabel:
    """A label whose mnemonic leads to its widget."""
    label = QLabel(text)
    label.setBuddy(buddy)
    return label
