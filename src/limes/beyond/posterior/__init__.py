"""What is not known after learning, of the weights and of the function: posteriors of two-layer ReLU networks.

The setting of Ruegamer 2026 (arXiv 2605.25234): with more neurons than the truth needs, the posterior of the function
contracts with the data, that of the weights does not. Posteriors, samplers with certificates of mixing (extra
`beyond`), ensembles and the Laplace approximation beside them, and what the variance of the weights is made of.
"""

from limes.beyond.posterior.chains import Chains, nuts
from limes.beyond.posterior.cone import ConedPosterior, within_cones
from limes.beyond.posterior.ensemble import train_ensemble
from limes.beyond.posterior.function import function_variance
from limes.beyond.posterior.langevin import sgld
from limes.beyond.posterior.laplace import Laplace, jacobian, laplace
from limes.beyond.posterior.mixing import Mixing, mixing
from limes.beyond.posterior.neurons import assign, balanced, chambers, contributions, respond, split, switches
from limes.beyond.posterior.product import ProductVariance, product_variance
from limes.beyond.posterior.shares import (
    distance_from_split_law,
    fit_exponent,
    mean_root,
    shares,
    split_law,
    weights_of_balance,
)
from limes.beyond.posterior.targets import DataPosterior, PopulationPosterior
from limes.beyond.posterior.variance import (
    WeightVariance,
    discrete_variance,
    scaling_variance,
    total_variance,
    weight_variance,
)

__all__ = [
    "Chains",
    "ConedPosterior",
    "DataPosterior",
    "Laplace",
    "Mixing",
    "PopulationPosterior",
    "ProductVariance",
    "WeightVariance",
    "assign",
    "balanced",
    "chambers",
    "contributions",
    "discrete_variance",
    "distance_from_split_law",
    "fit_exponent",
    "function_variance",
    "jacobian",
    "laplace",
    "mean_root",
    "mixing",
    "nuts",
    "product_variance",
    "respond",
    "scaling_variance",
    "sgld",
    "shares",
    "split",
    "split_law",
    "switches",
    "total_variance",
    "train_ensemble",
    "weight_variance",
    "weights_of_balance",
    "within_cones",
]
