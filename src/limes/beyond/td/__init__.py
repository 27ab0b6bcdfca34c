"""Values learnt by temporal differences with a wide two-layer network, beside what they should be, exactly.

The algorithms of Cai, Yang, Lee & Wang 2019 (arXiv 1905.10027): projected, averaged neural temporal-difference learning
and Q-learning, in processes small enough to solve. Wide networks stay close to their linearisation, whose projected
fixed point is found exactly.
"""

from limes.beyond.td.bounds import population_bound, stochastic_bound, value_bound
from limes.beyond.td.decisions import DecisionProcess, soft_maximum
from limes.beyond.td.environments import from_gymnasium, from_table
from limes.beyond.td.fixed_point import FixedPoint, project, projected_bellman_error, projected_fixed_point
from limes.beyond.td.learning import Learned, descend, learn, theory_rate
from limes.beyond.td.network import TwoLayerNet
from limes.beyond.td.population import descend_population, semigradient, semigradient_variance
from limes.beyond.td.process import RewardProcess
from limes.beyond.td.q_learning import q_learn
from limes.beyond.td.random_mdp import random_decisions, random_process, sphere
from limes.beyond.td.sampling import Samples, independent, trajectory
from limes.beyond.td.stationary import lazy, mixing_time, stationary_distribution

__all__ = [
    "DecisionProcess",
    "FixedPoint",
    "Learned",
    "RewardProcess",
    "Samples",
    "TwoLayerNet",
    "descend",
    "descend_population",
    "from_gymnasium",
    "from_table",
    "independent",
    "lazy",
    "learn",
    "mixing_time",
    "population_bound",
    "project",
    "projected_bellman_error",
    "projected_fixed_point",
    "q_learn",
    "random_decisions",
    "random_process",
    "semigradient",
    "semigradient_variance",
    "soft_maximum",
    "sphere",
    "stationary_distribution",
    "stochastic_bound",
    "theory_rate",
    "trajectory",
    "value_bound",
]
