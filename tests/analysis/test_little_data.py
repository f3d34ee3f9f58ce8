"""The kept comparison is there, whole, and says how to repeat it."""

from lvm_studio.analysis.chapters.composition_little_data import little_data_section


def test_all_tables_are_shown_with_what_they_are():
    section = little_data_section()
    variants, after, limits, folds, temperature = section.tables
    assert len(variants.rows) >= 6
    assert len(folds.rows) == 3
    assert variants.note
    assert folds.note
    assert len(after.rows) >= 6
    assert {row[0] for row in limits.rows} == {"spread", "mean", "told the week itself"}
    assert {len(row) for row in limits.rows} == {len(limits.columns)}
    assert limits.note
    assert len(temperature.rows) == 2
    assert temperature.note
    assert {len(row) for row in after.rows} == {len(after.columns)}
    assert "pytest" in section.paragraphs[1]
