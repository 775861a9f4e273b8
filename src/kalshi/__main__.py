"""`python -m kalshi`: list, run, status, orders, control, doctor."""

from kalshi.runtime.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
