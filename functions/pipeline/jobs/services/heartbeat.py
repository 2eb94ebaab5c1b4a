"""Renews a job's lease and hides its message while a worker runs it."""

import threading
from types import TracebackType
from typing import Self

from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.ports import Delivery, JobStore
from pipeline.platform.observability import log
from pipeline.platform.policy import LeasePolicy


class Heartbeat:
    """Extends the lease and hides the message for one more lease, three times per lease.

    When the worker dies, both end soon, and the message is there for another: the queue's own visibility timeout, which
    must outlast the function's, would make the job wait for an hour.
    """

    def __init__(self, store: JobStore, delivery: Delivery, job: ClaimedJob, policy: LeasePolicy) -> None:
        self._store = store
        self._delivery = delivery
        self._job = job
        self._lease_s = policy.lease_s
        self._pause_s = policy.lease_s / policy.beats_per_lease
        self.lost = False
        """The attempt is no longer the running one: another worker has the job, or it was cancelled."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            try:
                if not self._store.extend_lease(self._job.id, self._job.attempt, self._lease_s):
                    if self._stop.is_set():
                        return  # the attempt ended during this beat
                    self.lost = True
                    log.warning("lease lost", job_id=self._job.id, attempt=self._job.attempt)
                    return
                self._delivery.hide(self._lease_s)
            except Exception as exc:  # noqa: BLE001 - the next beat may succeed
                log.warning("heartbeat missed", job_id=self._job.id, error_type=type(exc).__name__)
