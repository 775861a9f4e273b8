"""`python -m kalshi`: list, run, status, orders, control, reconcile, doctor."""

import os
import sys

if not __package__:  # started by path: let `kalshi` be found and nothing in this folder shadow a library
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [os.path.dirname(here)] + [p for p in sys.path if os.path.realpath(p or ".") != here]

from kalshi.runtime.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
