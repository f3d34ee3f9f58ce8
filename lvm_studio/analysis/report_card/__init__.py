"""The report card of a model: what it generates against held-out measurements, with verdicts.

`job.CardJob` makes a `card.ReportCard`, `page.html` shows it; `catalogue` says what is judged and
how strictly. Nothing is imported here, so that the window can show a card before torch is there.
"""
