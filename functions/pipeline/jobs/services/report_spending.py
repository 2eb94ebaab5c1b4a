"""Report what the stage has spent today: an alarm watches its share of the daily limit."""

from dataclasses import dataclass
from decimal import Decimal

from pipeline.models.ports import CallLedger, StageConfigSource
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class ReportSpending:
    """Runs beside the sweep, every minute."""

    ledger: CallLedger
    stage_config: StageConfigSource

    def run(self) -> None:
        """Log the day's spending. Without a dependency nothing is reported: the next minute's run does it."""
        try:
            limit = self.stage_config.current().config.limits.daily_usd
            spent = self.ledger.stage_spending()
        except (Unavailable, ConfigurationError) as exc:
            log.warning("spending not reported", error_type=type(exc).__name__)
            return
        if limit is not None:
            log.info(
                "spent today", spent_usd=float(spent), limit_usd=float(limit), spent_percent=_percent(spent, limit)
            )


def _percent(spent: Decimal, limit: Decimal) -> float:
    """A limit of 0 is spent from the start."""
    return round(float(100 * spent / limit), 1) if limit else 100.0
