"""All benchmarks that need no data: what `make bench` runs. Options are passed on to each."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("fc_kernel.py", "deep_compile.py", "conv_kernel.py", "input_gradient.py")

if __name__ == "__main__":
    for script in SCRIPTS:
        subprocess.run([sys.executable, str(Path(__file__).with_name(script)), *sys.argv[1:]], check=True)
