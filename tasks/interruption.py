"""The one flag of this process that ends what is under way."""

from threading import Event

from nst_engine import NightbrushError

interruption = Event()
"""Set while what is under way in this process is to end as soon as it can."""


class InterruptedPairError(NightbrushError):
    """A pair is not made to its end, for its batch is interrupted."""


def require_going_on() -> None:
    """End what is under way, if it is to end.

    Raises:
        InterruptedPairError: it is.
    """
    if interruption.is_set():
        raise InterruptedPairError("the batch was interrupted; run it again to go on from there")
