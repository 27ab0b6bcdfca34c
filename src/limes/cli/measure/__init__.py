"""``limes measure``: what predictors and kernels are made of, how training changes them, what norms say of them."""

import typer

from limes.cli.measure import activity, bounds, evolution, features, spectrum, tails, widths

app = typer.Typer(
    help="What kernels and networks are made of, how they change.",
    epilog="Example: limes measure features digits --eps 0.1",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command(epilog=features.EXAMPLE)(features.features)
app.command(epilog=spectrum.EXAMPLE)(spectrum.spectrum)
app.command(epilog=evolution.EXAMPLE)(evolution.evolution)
app.command(epilog=widths.EXAMPLE)(widths.widths)
app.command(epilog=activity.EXAMPLE)(activity.activity)
app.command(epilog=bounds.EXAMPLE)(bounds.bounds)
app.command(epilog=tails.EXAMPLE)(tails.tails)
