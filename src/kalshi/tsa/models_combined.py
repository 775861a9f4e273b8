"""A weighted mean of day models, in logs: one model's bad month is not the forecast's.

The weights are not chosen by anybody: each member counts by the inverse of its mean squared error over the past
two years, as known at that moment and at the same distance to the week's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.distribution import MIN_ERRORS
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.models_dhr import Dhr
from kalshi.tsa.models_past import DayModel, past_errors
from kalshi.tsa.models_yoy import YoyHoliday


class Combined:
    """Harmonic regression and year over year, weighted by their own past errors.

    A member that has nothing to say is left out; the year-over-year part keeps the forecast near last year's
    calendar where the regression has seen too little.
    """

    name = "combined"

    def __init__(self, members: Sequence[DayModel] = ()) -> None:
        self.members = tuple(members) or (Dhr(), YoyHoliday())

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the log forecast of each day; *days* are of one week and end with its Sunday.

        Raises DataError where no member has a forecast.
        """
        said, reasons = {}, []
        for member in self.members:
            try:
                said[member] = member.day_logs(known, days)
            except DataError as error:
                reasons.append(str(error))
        if not said:
            raise DataError(f"model {self.name}: {'; '.join(reasons)}: on {date.fromordinal(known.newest)}")
        weights, _ = self._mix(known, date.fromordinal(int(days[-1])), tuple(said))
        return np.average(np.array(list(said.values())), axis=0, weights=weights)

    def errors(self, known: Known, sunday: date) -> Floats:
        """Return the past log errors, newest first, that today's weights would have made.

        Weighting the members' errors instead of repeating each past mixture costs no accuracy that shows: to
        first order the log error of a weighted mean is the weighted mean of the log errors.
        """
        return self._mix(known, sunday, self.members)[1]

    def weights(self, known: Known, sunday: date) -> dict[str, float]:
        """Return the weight of each member (by name, summing to one) for the week ending *sunday*."""
        weights, _ = self._mix(known, sunday, self.members)
        return {member.name: float(weight) for member, weight in zip(self.members, weights, strict=True)}

    @staticmethod
    def _mix(known: Known, sunday: date, members: tuple[DayModel, ...]) -> tuple[Floats, Floats]:
        """Return (weights of *members*, their mixed past errors) over the weeks they have in common.

        A member without any past gets no weight while another one has a past.
        """
        by_week = [past_errors(known, sunday, member) for member in members]
        able = np.array([bool(errors) for errors in by_week])
        if not able.any():
            return np.full(len(members), 1.0 / len(members)), np.empty(0)
        pasts = [errors for errors in by_week if errors]
        shared = [week for week in pasts[0] if all(week in errors for errors in pasts)]
        errors = np.array([[past[week] for week in shared] for past in pasts]).reshape(len(pasts), -1)
        precision = np.ones(len(pasts))
        if len(shared) >= MIN_ERRORS:  # fewer say too little about who is better
            precision = 1.0 / np.maximum(np.mean(errors**2, axis=1), 1e-12)
        weights = np.zeros(len(members))
        weights[able] = precision / precision.sum()
        return weights, weights[able] @ errors
