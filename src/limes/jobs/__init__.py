"""The verbs as plain functions: what the command line calls, and what a program may call instead."""

from limes.jobs.activity import measure_activity
from limes.jobs.activity_settings import ActivityOptions, ActivitySettings, plan_activity, prepare_activity
from limes.jobs.attack import attack
from limes.jobs.bound_settings import BoundOptions, BoundSettings, plan_bounds, prepare_bounds
from limes.jobs.bounds import measure_bounds
from limes.jobs.certify import certify
from limes.jobs.doctor import doctor
from limes.jobs.evolution import measure_evolution
from limes.jobs.evolution_settings import EvolutionOptions, EvolutionSettings, plan_evolution, prepare_evolution
from limes.jobs.feature_settings import FeatureOptions, FeatureSettings, plan_features, prepare_features
from limes.jobs.features import measure_features
from limes.jobs.folder import RunResult
from limes.jobs.gram import build_gram, check_gram, plan_gram
from limes.jobs.models import fit, predict
from limes.jobs.plan import plan
from limes.jobs.robustify import prepare, robustify
from limes.jobs.settings import Options, Settings
from limes.jobs.spectrum import measure_spectrum
from limes.jobs.spectrum_settings import SpectrumOptions, SpectrumSettings, plan_spectrum, prepare_spectrum
from limes.jobs.tail_settings import TailOptions, TailSettings, plan_tails, prepare_tails
from limes.jobs.tails import measure_tails
from limes.jobs.weight_files import WeightFile, read_weights
from limes.jobs.width_settings import WidthOptions, WidthSettings, plan_widths, prepare_widths
from limes.jobs.widths import measure_widths

__all__ = [
    "ActivityOptions",
    "ActivitySettings",
    "BoundOptions",
    "BoundSettings",
    "EvolutionOptions",
    "EvolutionSettings",
    "FeatureOptions",
    "FeatureSettings",
    "Options",
    "RunResult",
    "Settings",
    "SpectrumOptions",
    "SpectrumSettings",
    "TailOptions",
    "TailSettings",
    "WeightFile",
    "WidthOptions",
    "WidthSettings",
    "attack",
    "build_gram",
    "certify",
    "check_gram",
    "doctor",
    "fit",
    "measure_activity",
    "measure_bounds",
    "measure_evolution",
    "measure_features",
    "measure_spectrum",
    "measure_tails",
    "measure_widths",
    "plan",
    "plan_activity",
    "plan_bounds",
    "plan_evolution",
    "plan_features",
    "plan_gram",
    "plan_spectrum",
    "plan_tails",
    "plan_widths",
    "predict",
    "prepare",
    "prepare_activity",
    "prepare_bounds",
    "prepare_evolution",
    "prepare_features",
    "prepare_spectrum",
    "prepare_tails",
    "prepare_widths",
    "read_weights",
    "robustify",
]
