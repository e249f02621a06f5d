"""What Prefect prints on the terminal of a command."""

from copy import copy
from logging import LogRecord

from prefect.logging.handlers import PrefectConsoleHandler


class BriefHandler(PrefectConsoleHandler):
    """Prints records without their tracebacks, which the history of the run keeps."""

    def format(self, record: LogRecord) -> str:
        """The text of a record, without the traceback of an error."""
        brief = copy(record)
        brief.exc_info = brief.exc_text = None
        return super().format(brief)
