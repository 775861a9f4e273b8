"""What must survive the process: runs, orders, fills, locks."""

from kalshi.store.facade import Store

__all__ = ["Store"]
