"""What is judged, how it is defined, and how strictly: every limit with its reason.

Free of torch: the window and the page show these definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvm_studio.analysis.report_card.phrases import Phrase, covering, differing, sharing, shifted
from lvm_studio.analysis.report_card.verdicts import Limit

SCORES, BANDS, CRITERIA, SHAPE, RESPONSE, LABELS, PRIVACY, INFORMATION = (
    "Scores against rivals",
    "Bands",
    "Criteria",
    "Shape of the curve",
    "Weather and size",
    "Labels",
    "Privacy",
    "Information",
)
HALVES = (
    "Half as far again as two real halves of the households are from each other, which were split "
    "so that every household has a twin of like labels in the other half."
)
HALF_AS_FAR_AGAIN = Limit(HALVES, times_floor=1.5)
FIVE_PER_CENT = Limit(
    "Noise without memory comes out 25 to 38 % too rough; 5 % is what an eye does not see.",
    absolute=0.05,
    times_floor=1.0,
)
FIVE_POINTS = Limit(
    "A band that is wrong by five points in a hundred misleads nobody who plans by it.",
    absolute=0.05,
)
EIGHT_POINTS = Limit(
    "One value a sum instead of 336 tells less: 72 to 88 % is what ten weeks let one ask of an "
    "80 % band.",
    absolute=0.08,
)


@dataclass(frozen=True)
class Measure:
    """A thing to judge; `phrase` says how the model's figure differs from the one it is held
    against.
    """

    key: str
    group: str
    title: str
    unit: str
    distance_title: str
    distance_unit: str
    limit: Limit
    phrase: Phrase
    definition: str


def _score(key: str, title: str, rival: str, unit: str, limit: Limit, definition: str) -> Measure:
    phrase = differing(title.split(",")[0], f"below {rival}", f"above {rival}")
    name = f"{title} ÷ {rival}"
    return Measure(key, SCORES, name, unit, "ratio", "", limit, phrase, definition)


ENERGY = (
    "Mean ‖X − x‖ − ½ mean ‖X − X′‖ over curves X drawn for a measured sum x, per household, kW; "
    "lower is better."
)
CRPS = "The energy score of each half-hour by itself, averaged over the week, W; lower is better."
RIDGE = (
    " Ridge regression has its penalty and its residual curves from cross-validation by week. "
    "Floor: each household replaced by one of the five others of most similar labels, measured in "
    "the judged week itself; ÷ ridge."
)
BOOTSTRAP = (
    " The better of two bootstraps: the same households as measured in the training weeks "
    "nearest in temperature, or in temperature and season."
)
NO_LOSS = Limit(
    "Blind to how half-hours hang together, where regression is at its best: not to lose is "
    "enough.",
    absolute=1.0,
)

MEASURES: tuple[Measure, ...] = (
    _score(
        "energy_ridge",
        "Energy score",
        "ridge",
        "kW",
        Limit("At least 3 % better than a well-tuned regression, or why train.", absolute=0.97),
        ENERGY + RIDGE,
    ),
    _score(
        "energy_bootstrap",
        "Energy score",
        "bootstrap",
        "kW",
        Limit("Real weeks drawn again know nothing of this week: 10 % better.", absolute=0.90),
        ENERGY + BOOTSTRAP,
    ),
    _score(
        "energy_small",
        "Energy score, small",
        "ridge",
        "kW",
        Limit("With few households labels say more: at least 5 % better.", absolute=0.95),
        ENERGY + RIDGE + " Sums of 8 to 14 households.",
    ),
    _score(
        "energy_new",
        "Energy score, new",
        "ridge",
        "kW",
        Limit("Never seen in training: at most 3 % worse than regression.", absolute=1.03),
        ENERGY + RIDGE + " Sums of 8 to 14 held-out households.",
    ),
    _score("crps_ridge", "CRPS", "ridge", "W", NO_LOSS, CRPS + RIDGE),
    _score("crps_bootstrap", "CRPS", "bootstrap", "W", NO_LOSS, CRPS + BOOTSTRAP),
    *(
        Measure(
            f"cover{level}",
            BANDS,
            f"{level} % band of the half-hours",
            "%",
            "|covered − due|",
            "%",
            FIVE_POINTS,
            covering("bands"),
            f"Share of measured half-hours inside the central {level} % of the drawn curves. "
            "Floor: bands of other real households of like labels in the same week.",
        )
        for level in (50, 80, 90)
    ),
    *(
        Measure(
            f"{key}80",
            BANDS,
            f"80 % band of the {name}",
            "%",
            "|covered − due|",
            "%",
            EIGHT_POINTS,
            covering("band"),
            f"Share of measured weeks whose {name} is inside the central 80 % of those of the "
            "drawn curves. Floor: other real households of like labels in the same week.",
        )
        for key, name in (
            ("peak", "peak"),
            ("sustained", "16th largest"),
            ("flexibility", "flexibility"),
        )
    ),
    *(
        Measure(
            key,
            CRITERIA,
            title,
            unit,
            "Wasserstein distance",
            unit,
            HALF_AS_FAR_AGAIN,
            differing(subject, "too low", "too high"),
            definition + " Per household; Wasserstein distance of its distribution over held-out "
            "weeks and sets, generated against measured in the same sets and weeks. "
            "Floor: measured in one half of the households against the other half.",
        )
        for key, title, unit, subject, definition in (
            ("peak", "Peak", "kW", "peaks", "The highest half-hour of the week."),
            (
                "sustained",
                "16th largest",
                "kW",
                "sustained loads",
                "The power held for 8 hours in total: the 16th largest half-hour.",
            ),
            (
                "flexibility",
                "Flexibility",
                "kWh",
                "flexibility",
                "How far the week is from a constant load, Σ|x − mean| × ½ h.",
            ),
        )
    ),
    Measure(
        "peak_hour",
        CRITERIA,
        "Hour of the peak",
        "h",
        "circular Wasserstein distance",
        "h",
        HALF_AS_FAR_AGAIN,
        shifted("peaks", "h", "earlier on average", "later on average"),
        "Local time at which the highest half-hour of the week begins; distance of its "
        "distributions around the clock. Floor: one half of the households against the other.",
    ),
    *(
        Measure(
            key,
            SHAPE,
            title,
            "",
            "relative difference",
            "%",
            FIVE_PER_CENT,
            differing(subject, low, high),
            definition + " Mean over curves. Floor: one half of the real households against the "
            "other.",
        )
        for key, title, subject, low, high, definition in (
            (
                "lag1",
                "Lag-1 autocorrelation",
                "memory of half an hour",
                "too short",
                "too long",
                "Correlation of a week curve with itself half an hour later.",
            ),
            (
                "lag48",
                "Daily autocorrelation",
                "likeness of days",
                "too low",
                "too high",
                "Correlation of a week curve with itself a day (48 half-hours) later.",
            ),
            (
                "lag336",
                "Weekly autocorrelation",
                "likeness of weeks",
                "too low",
                "too high",
                "Correlation of a week curve with that of the same households in the week after "
                "(336 half-hours later); generated, the same labels with each week's weather. It "
                "cannot be told where no two weeks follow each other.",
            ),
            (
                "roughness",
                "Roughness",
                "curves",
                "too smooth",
                "too rough",
                "Root mean square of steps between half-hours ÷ standard deviation of the curve.",
            ),
        )
    ),
    Measure(
        "temperature",
        RESPONSE,
        "Temperature response",
        "W/°C",
        "difference",
        "W/°C",
        HALF_AS_FAR_AGAIN,
        differing("answer to cold", "too weak", "too strong"),
        "Rise of a household's mean daily load for each °C colder, below 15 °C: least squares "
        "over the days of all sums. Floor: one half of the households against the other.",
    ),
    Measure(
        "admd",
        RESPONSE,
        "Coincidence: ADMD",
        "kW",
        "mean relative difference",
        "%",
        HALF_AS_FAR_AGAIN,
        differing("demand after diversity", "too low", "too high"),
        "After-diversity maximum demand: mean weekly peak of sums of n households ÷ n. Judged "
        "over all n from 3, which the model was trained on; the figure shown is that of the "
        "largest n. Floor: one half of the households against the other.",
    ),
    Measure(
        "same_labels",
        LABELS,
        "Same labels ÷ independent",
        "",
        "error ratio",
        "",
        Limit(
            "Whoever knows the labels should come as near as another real set does that only "
            "shares the week, give or take 5 %.",
            times_floor=1.05,
        ),
        differing("a generated curve", "nearer than another real set", "further than another real"),
        "Σ|difference| over the week per household between a measured sum and one generated from "
        "the same labels and weather, ÷ that between independent real sums (other week, other "
        "set). The thesis has 0.22 on French data. Floor: a real set and its twins in one week.",
    ),
    *(
        Measure(
            key,
            PRIVACY,
            title,
            "%",
            "share nearer to training",
            "%",
            Limit(
                "Without copying it is a half; three fifths is more than ten weeks of chance "
                "explain. Curves that are too smooth also come too near to everything.",
                absolute=0.6,
            ),
            sharing,
            "Share of generated weeks that are nearer to their nearest training week than the "
            f"measured held-out week is. {scope} Floor: another held-out week of the same "
            "households.",
        )
        for key, title, scope in (
            ("near_sums", "Nearest, sums", "Among training weeks of the same set."),
            (
                "near_households",
                "Nearest, single households",
                "One household generated alone, among all training weeks of all households: the "
                "hardest case, outside what the model was trained on.",
            ),
        )
    ),
    *(
        Measure(
            key,
            INFORMATION,
            title,
            "bit",
            "held out ÷ training weeks",
            "",
            Limit(
                "Held-out curves that need a quarter more bits show a prior that knows the "
                "training weeks by heart.",
                absolute=1.25,
            ),
            differing("bits on held-out weeks", "fewer", "more"),
            f"KL(q ‖ p) of {name}, mean over sums of held-out weeks; in the real column, of "
            "training weeks. The thesis' Table 9.1 has 8 bits in {w_i} and 18 in z with "
            "temperature. Floor: the other half of the households in held-out weeks.",
        )
        for key, title, name in (
            ("bits_w", "Information in {w_i}", "{w_i}"),
            ("bits_z", "Information in z", "z"),
        )
    ),
)

BY_KEY: Mapping[str, Measure] = {measure.key: measure for measure in MEASURES}
