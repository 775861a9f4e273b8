"""Trade Kalshi's event contracts from cron: signed client, guarded orders, forecasts, backtests."""

from importlib.util import find_spec

__version__ = "0.1.0"

for _name in ("dotenv", "msgspec"):
    if find_spec(_name) is None:
        raise ModuleNotFoundError(f"{_name} is not installed: python3 -m pip install -r requirements.txt", name=_name)
