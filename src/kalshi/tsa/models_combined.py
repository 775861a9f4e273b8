"""A weighted mean of day models, in logs: one model's bad month is not the forecast's.

The weights are not chosen by anybody: each member counts by the inverse of its mean squared error over the past
two years, as known at that moment and at the same distance to the week's end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.distribution import MIN_ERRORS
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.models_dhr import Dhr
from kalshi.tsa.models_past import DayModel, past_errors
from kalshi.tsa.models_yoy import YoyHoliday

RIDGE = 0.5  # of least squares, as a share of the diagonal


def by_inverse_squares(errors: Floats) -> Floats:
    """Return weights by the inverse of the mean squared error; *errors*: one row a member, one column a week."""
    precision = 1.0 / np.maximum(np.mean(errors**2, axis=1), 1e-12)
    weights: Floats = precision / precision.sum()
    return weights


def by_least_squares(errors: Floats) -> Floats:
    """Return the weights, none negative and summing to one, whose mixture had the least squared error.

    Half of each member's own mean square is added to the diagonal, which draws the weights together.
    """
    from scipy.optimize import nnls

    products = errors @ errors.T / errors.shape[1]
    products = products + RIDGE * np.diag(np.diag(products)) + 1e-12 * np.eye(len(errors))
    heavy = 1e3 * float(np.sqrt(np.trace(products)))  # holds the sum of the weights at one
    rows = np.vstack([np.linalg.cholesky(products).T, np.full((1, len(errors)), heavy)])
    weights: Floats = nnls(rows, np.append(np.zeros(len(errors)), heavy))[0]
    weights /= weights.sum()
    return weights


class Combined:
    """Harmonic regression and year over year, weighted by their own past errors.

    A member that has nothing to say is left out; the year-over-year part keeps the forecast near last year's
    calendar where the regression has seen too little.
    """

    def __init__(
        self,
        members: Sequence[DayModel] = (),
        name: str = "combined",
        weigh: Callable[[Floats], Floats] = by_inverse_squares,
    ) -> None:
        self.members = tuple(members) or (Dhr(), YoyHoliday())
        self.name, self.weigh = name, weigh

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

    def _mix(self, known: Known, sunday: date, members: tuple[DayModel, ...]) -> tuple[Floats, Floats]:
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
        # fewer weeks say too little about who is better
        ours = self.weigh(errors) if len(shared) >= MIN_ERRORS else np.full(len(pasts), 1.0 / len(pasts))
        weights = np.zeros(len(members))
        weights[able] = ours
        return weights, weights[able] @ errors
