"""Tools that run hooklog on one machine, without an account anywhere."""

import sys
from pathlib import Path

# The functions' common package is a Lambda layer and installed nowhere else.
sys.path.append(str(Path(__file__).parent.parent / "layers/hooklog"))
