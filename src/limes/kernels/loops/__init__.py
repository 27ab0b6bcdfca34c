"""Compiled loops for convolutional recursions, on the processor (numba) and on NVIDIA GPUs (CUDA C++).

`recursion` has tables and layouts, `forward` and `reverse` the loops over offsets and layers, `rows`, `lanes` and
`pools` what these are made of, `cuda` and ``pairs.cu`` the same recursion on a GPU. `limes.kernels.program` says what
they can run, and `limes.kernels.engines` chooses.
"""
