"""Trade Kalshi's event contracts from cron: signed client, guarded orders, forecasts, backtests."""

__version__ = "0.1.0"
