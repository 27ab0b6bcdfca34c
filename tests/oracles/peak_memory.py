"""Peak memory of a kernel against its estimate, in a process of its own."""

import json
import subprocess
import sys

import numpy as np

from limes import nets
from limes.kernels import estimate_bytes

# The peak is the kernel's own (VmHWM); ru_maxrss would start at the peak of the process that forked.
_MEASURE = """
import json, pathlib, sys
import numpy as np
from limes import nets

def memory(key):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

net, shape, n, n_first = eval(sys.argv[1]), eval(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
x = np.random.default_rng(0).standard_normal((n, *shape)).astype(np.float32)
net.kernel(x[:n_first])  # libraries loaded, the tile compiled
before = memory("VmRSS")
k = net.kernel(x)
print(json.dumps({"peak": memory("VmHWM") - before, "trace": float(np.trace(k.ntk))}))
"""


def compare(net, shape, n, n_first):
    """The estimate for n rows is within a factor of 1.5; `n_first` rows are computed before, to load and compile."""
    arguments = [net, str(shape), str(n), str(n_first)]
    done = subprocess.run([sys.executable, "-c", _MEASURE, *arguments], capture_output=True, text=True, check=True)
    peak = json.loads(done.stdout)["peak"]
    estimate = estimate_bytes(eval(net, {"nets": nets}), n, n, shape, ("nngp", "ntk"), np.float32)
    assert peak / 1.5 <= estimate <= 1.5 * peak, f"estimated {estimate / 1e6:.0f} MB, measured {peak / 1e6:.0f} MB"
