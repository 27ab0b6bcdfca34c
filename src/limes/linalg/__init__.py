"""Dense linear algebra in float64: Cholesky with a jitter ladder, spectral filters, block Krylov flows."""
