"""A fixed weighted mean of day models, in logs: one model's bad month is not the forecast's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.models_dhr import Dhr
from kalshi.tsa.models_yoy import YoyHoliday


class Combined:
    """Four parts harmonic regression, one part year over year.

    A member that has nothing to say is left out; the year-over-year part keeps the forecast near last year's
    calendar where the regression has seen too little. The weights are fixed, not fitted.
    """

    name = "combined"

    def __init__(self, members: Sequence[tuple[Dhr | YoyHoliday, float]] | None = None) -> None:
        self.members = members or ((Dhr(), 0.8), (YoyHoliday(), 0.2))

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the log forecast of each day; DataError where no member has one."""
        total, weights, reasons = np.zeros(days.size), 0.0, []
        for member, weight in self.members:
            try:
                total += weight * member.day_logs(known, days)
            except DataError as error:
                reasons.append(str(error))
            else:
                weights += weight
        if not weights:
            raise DataError(f"model {self.name}: {'; '.join(reasons)}: on {date.fromordinal(known.newest)}")
        return total / weights
