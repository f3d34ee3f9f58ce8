"""Ready-made mappings for data sets that people bring, recognised by their columns.

What each profile states beyond column names (what a stamp marks, whose clock) is from the
publishers' descriptions and from programs that read these files; where a statement could not be
checked against the files themselves its profile says so. The assistant shows all of it before
anything is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lvm_studio.data.errors import DataError

Fields = dict[str, object]


@dataclass(frozen=True)
class Profile:
    """Whose data these are and how they are read.

    ``needs`` are patterns (of names without accents, in lower case) that each must be met by a
    column; ``fields`` makes the fields of a mapping from the names of the columns; the step and
    the format of times come from the file where it is silent about them.
    """

    key: str
    title: str
    about: str
    needs: tuple[str, ...]
    fields: Callable[[tuple[str, ...]], Fields]
    source: str
    licence: str = ""
    attribution: str = ""

    def fits(self, names: tuple[str, ...]) -> bool:
        """Whether a table with these columns is one of these."""
        return all(column_like(names, pattern) for pattern in self.needs)


def plain(name: str) -> str:
    """A name in lower case, without accents, with single blanks.

    >>> plain(" Grandeur métier ")
    'grandeur metier'
    """
    letters = unicodedata.normalize("NFKD", name)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(bare.replace("_", " ").lower().split())


def column_like(names: tuple[str, ...], pattern: str) -> str:
    """The first column whose plain name matches the whole pattern, '' if there is none."""
    return next((name for name in names if re.fullmatch(pattern, plain(name))), "")


def _labels(names: tuple[str, ...], wanted: Mapping[str, str]) -> dict[str, str]:
    found = {label: column_like(names, pattern) for label, pattern in wanted.items()}
    return {label: column for label, column in found.items() if column}


# Low Carbon London ----------------------------------------------------------------------------

_LCL_VALUE = r"kwh/hh( \(per half hour\))?|energy ?\(kwh/hh\)"


def _low_carbon_london(names: tuple[str, ...]) -> Fields:
    return {
        "layout": "long",
        "time": column_like(names, "datetime|tstp"),
        "household": column_like(names, "lclid"),
        "value": column_like(names, _LCL_VALUE),
        "unit": "kWh",
        "interval": "end",
        "step_minutes": 30,
        "time_zone": "UTC",
        "lives_in": "Europe/London",
        "country": "GB",
        "labels": _labels(
            names, {"tariff": "stdortou", "acorn": "acorn", "acorn_group": "acorn grouped"}
        ),
    }


# Enedis ---------------------------------------------------------------------------------------


def _enedis(names: tuple[str, ...]) -> Fields:
    direction = column_like(names, "grandeur metier")
    unit = column_like(names, "unite")
    keep: dict[str, tuple[str, ...]] = {}
    if direction:
        keep[direction] = ("CONS", "Consommation", "Cons")
    if unit:
        keep[unit] = ("W",)
    return {
        "layout": "long",
        "time": column_like(names, "horodate"),
        "household": column_like(names, "identifiant prm|prm|pdl"),
        "value": column_like(names, "valeur"),
        "step": column_like(names, "pas"),
        "keep": keep,
        "unit": "W",
        "interval": "end",
        "time_format": "iso",
        "time_zone": "Europe/Paris",
        "country": "FR",
    }


def _enedis_customer(names: tuple[str, ...]) -> Fields:
    return {
        "layout": "files",
        "time": column_like(names, "horodate"),
        "value": column_like(names, "valeur"),
        "unit": "W",
        "interval": "end",
        "time_format": "iso",
        "time_zone": "Europe/Paris",
        "country": "FR",
    }


# EDF and Enedis, synthetic --------------------------------------------------------------------

_HOUSEHOLD = r"(id|identifiant|client|curve|courbe|profil|household|user|meter)( ?(id|client|pdl))?"
_CONTRACTED = r"(contracted|subscribed) power.*|puissance souscrite.*|p ?max ?souscrite|ps( kva)?"
_PLAN = r"(tou|time.of.use)( plan)?|tariff?( plan)?|tarif.*|option tarifaire|plan|contrat"
_TIME = r"horodate|date ?time|timestamp|time|date|horodatage"
_LOAD = r"(load|power|puissance|consumption|consommation|conso|value|valeur|courbe)( ?\(?k?wh?\)?)?"


def _edf_synthetic(names: tuple[str, ...]) -> Fields:
    value = column_like(names, _LOAD)
    return {
        "layout": "long",
        "time": column_like(names, _TIME),
        "household": column_like(names, _HOUSEHOLD),
        "value": value,
        "unit": "kW" if "kw" in plain(value) else "W",
        "interval": "start",
        "step_minutes": 30,
        "time_zone": "Europe/Paris",
        "country": "FR",
        "labels": _labels(names, {"contracted_power": _CONTRACTED, "tariff": _PLAN}),
        "temperature": column_like(names, "temperature.*|temp( c)?"),
    }


# Ausgrid --------------------------------------------------------------------------------------

_SLOT = re.compile(r"\d{1,2}:\d\d(:00)?")


def _ausgrid(names: tuple[str, ...]) -> Fields:
    category = column_like(names, "consumption category")
    return {
        "layout": "days",
        "time": column_like(names, "date"),
        "household": column_like(names, "customer"),
        "slots": tuple(name for name in names if _SLOT.fullmatch(name)),
        "keep": {category: ("GC", "CL")},
        "parts": category,
        "labels": _labels(names, {"postcode": "postcode"}),
        "unit": "kWh",
        "interval": "end",
        "time_zone": "Australia/Sydney",
        "country": "AU",
    }


# Open Power System Data -----------------------------------------------------------------------


def _opsd(names: tuple[str, ...]) -> Fields:
    homes = tuple(
        name for name in names if re.fullmatch(r"[A-Z_]+residential\d+_grid_import", name)
    )
    return {
        "layout": "wide",
        "time": column_like(names, "utc timestamp"),
        "households": homes,
        "cumulative": True,
        "unit": "kWh",
        "interval": "start",
        "time_format": "iso",
        "time_zone": "UTC",
        "lives_in": "Europe/Berlin",
        "country": "DE",
    }


_EVERY = (
    Profile(
        "low-carbon-london",
        "Low Carbon London",
        "Smart meters of some 5,500 London households, 2011 to 2014, one row a reading, in kWh per "
        "half-hour. Stamps are GMT and mark the end of the half-hour, as the shipped set of the "
        "same source has them. 'Null' stands where there is no value.",
        ("lclid", "datetime|tstp", _LCL_VALUE),
        _low_carbon_london,
        "SmartMeter Energy Consumption Data in London Households, London Datastore",
        "CC BY 4.0",
        "Contains data of the Low Carbon London project, UK Power Networks, London Datastore, "
        "CC BY 4.0; modified (reshaped).",
    ),
    Profile(
        "enedis",
        "Enedis load curves (several meters)",
        "Load curves as the French grid operator sends them: one row a reading, the step of each "
        "row in ISO form (PT10M, PT30M, PT60M), rows in no order, consumption and injection in one "
        "file. Mean power in W; rows of injection or in another unit are left out and counted. "
        "Programs that read these files take the stamp of a household's meter (segment C5) as the "
        "end of its step, of larger customers (C4 and above) as its start: not stated in the file.",
        ("horodate", "valeur", "pas", "identifiant prm|prm|pdl"),
        _enedis,
        "Enedis, load curves",
    ),
    Profile(
        "enedis-customer",
        "Enedis export of one's own meter",
        "A customer's own download: two lines about the meter, then time and mean power in W. One "
        "file, or a folder with one file for each meter, named after it. The file does not say its "
        "step: where it changes, only rows of the chosen step are used.",
        ("horodate", "valeur"),
        _enedis_customer,
        "Enedis, customer's export",
    ),
    Profile(
        "edf-enedis-synthetic",
        "EDF and Enedis open synthetic curves",
        "Load curves generated by EDF R&D and Enedis (2025), half-hourly, with contracted power, "
        "time-of-use plan and local temperature; synthetic, no household was measured. The names "
        "of its columns, its unit and what a stamp marks could not be checked against the files: "
        "see that they are right.",
        (_HOUSEHOLD, _TIME, _LOAD, _CONTRACTED),
        _edf_synthetic,
        "A synthetic dataset of French electric load curves with temperature conditioning",
        "",
        "EDF R&D and Enedis; synthetic readings.",
    ),
    Profile(
        "ausgrid",
        "Ausgrid solar homes",
        "300 homes around Sydney, one row a customer, day and category, 48 columns from 0:30 to "
        "0:00 in kWh: each named after its end. General (GC) and controlled (CL) load add up to a "
        "household's consumption; gross generation (GG) is left out and counted. Whether the clock "
        "knows daylight saving could not be checked: Australia/Sydney is taken.",
        ("customer", "consumption category", "date", "0:30|00:30", "12:00"),
        _ausgrid,
        "Ausgrid, solar home half-hour data",
    ),
    Profile(
        "opsd-households",
        "Open Power System Data, households",
        "Homes in southern Germany (project CoSSMic), one column a meter, in kWh counted since its "
        "beginning, every 1, 15 or 60 minutes in UTC. Only what residential homes take from the "
        "grid is read. Gaps are already interpolated at the source, which marks them in a column "
        "'interpolated'; a stamp is taken as the moment of the reading.",
        ("utc timestamp", r"[a-z ]+residential\d+ grid import"),
        _opsd,
        "Open Power System Data, household data (CoSSMic)",
    ),
)
PROFILES: Mapping[str, Profile] = {profile.key: profile for profile in _EVERY}


def recognise(names: tuple[str, ...]) -> Profile | None:
    """The first profile that a table with these columns fits."""
    return next((profile for profile in _EVERY if profile.fits(names)), None)


def named_profile(key: str) -> Profile:
    """A profile by its key; DataError lists them."""
    if key not in PROFILES:
        raise DataError(f"There is no profile '{key}'; choose one of {', '.join(PROFILES)}.")
    return PROFILES[key]
