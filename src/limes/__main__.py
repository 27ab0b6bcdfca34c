"""``python -m limes`` is the command ``limes``."""

from limes.cli import main

if __name__ == "__main__":
    main()
