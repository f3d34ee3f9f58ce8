"""Settings and figures of a study in a reader's words; files keep the names that programs use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvm_studio.studio.widgets.training.training_terms import TERMS_BY_NAME

HELD_OUT = "heldout_"

SETTINGS = {
    "lr": ("Learning rate", "Step size of the optimiser at its highest"),
    "q_lr": ("Learning rate of q ÷ of p", "How much faster the inference model learns (4.2.4)"),
    "batch": ("Batch", "Observations in every step"),
    "weight_decay": ("Weight decay", "How hard weights are drawn to 0 in every step"),
    "warmup_steps": ("Warm-up steps", "Steps until the learning rate has risen to its height"),
    "clip_norm": ("Longest gradient", "Longer gradients are shortened to this norm"),
    "k_min": ("Fewest parts", "Smallest number of parts in a sum that is learned from"),
    "k_max": ("Most parts", "Largest number of parts in a sum that is learned from"),
    "latent_w": ("Dimensions of w", "Coordinates of each part's wᵢ, and of their sum"),
    "latent_z": ("Dimensions of z", "Coordinates of z: what is left once the parts are known"),
    "hidden": ("Width", "Units in the hidden layers"),
    "sigma": ("σ of the noise", "Standard deviation around the decoded mean, unit of the data"),
    "beta": ("β", "Weight of the KL in the objective"),
    "temperature_noise_c": ("Noise on temperature, °C", "Spread added to the weather in training"),
    "season_jitter_days": ("Jitter of the date, days", "Spread added to the date in training"),
}
"""Title and definition by the last part of a setting's name."""

FIGURES = {
    "seconds": ("Training time, s", "Wall time of the run on its worker"),
    "steps": ("Steps", "Updates that the run took"),
}


@dataclass(frozen=True)
class Words:
    """What stands at a column or an axis, and what it says to a pointer that rests there."""

    title: str
    tip: str


def setting_words(name: str) -> Words:
    """A setting of a recipe, such as ``model.latent_z``.

    >>> setting_words("model.latent_z").title, setting_words("model.day_hidden").title
    ('Dimensions of z', 'Day hidden')
    """
    last = name.rpartition(".")[2]
    title, tip = SETTINGS.get(last, (_plain(last), "What the study varies"))
    return Words(title, f"{tip}. The recipe's setting “{name}”.")


def figure_words(name: str) -> Words:
    """A figure of a finished run, such as ``heldout_elbo``.

    >>> figure_words("heldout_elbo").title, figure_words("seconds").title
    ('Held-out ELBO, nats', 'Training time, s')
    """
    term = TERMS_BY_NAME.get(name.removeprefix(HELD_OUT))
    if term is not None and name.startswith(HELD_OUT):
        unit = ", nats" if term.is_information else ""
        mean = "Mean over what was held out, at the end of the run"
        return Words(f"Held-out {_inside(term.title)}{unit}", f"{mean}. {term.tip}")
    title, tip = FIGURES.get(name, (_plain(name), "A figure of the finished run"))
    return Words(title, f"{tip}.")


def settings_text(settings: Mapping[str, object]) -> str:
    """What tells one candidate from the others.

    >>> settings_text({"model.latent_w": 8, "lr": 0.00123456})
    'Dimensions of w 8, learning rate 0.001235'
    >>> settings_text({"model.noise.sigma": 0.2})
    'σ of the noise 0.2'
    """
    told = ", ".join(
        f"{_inside(setting_words(name).title)} {value_text(value)}"
        for name, value in settings.items()
    )
    return f"{told[:1].upper()}{told[1:]}" if told[:1].isascii() else told  # Σ is not σ


def value_text(value: object) -> str:
    """A value of a setting; of a number with a point the first four digits that count."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _inside(title: str) -> str:
    """A title as it is written within a sentence; abbreviations and symbols stay as they are."""
    return title if title[:2].isupper() or len(title) == 1 else f"{title[:1].lower()}{title[1:]}"


def _plain(name: str) -> str:
    words = name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"
