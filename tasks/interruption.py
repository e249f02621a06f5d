"""The flag of this process that ends its transfers."""

from threading import Event

from nst_engine import NightbrushError

interruption = Event()
"""Set when the transfers of this process should end as soon as they can."""


class InterruptedPairError(NightbrushError):
    """A pair was not finished, since its batch was interrupted."""


def raise_if_interrupted() -> None:
    """Raise an error if the batch was interrupted.

    Raises:
        InterruptedPairError: `interruption` is set.
    """
    if interruption.is_set():
        raise InterruptedPairError("the batch was interrupted; run it again to go on from there")
