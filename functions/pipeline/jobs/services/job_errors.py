"""Maps each model error to its effect on a job."""

from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.errors import AttemptFailed, Deferred, JobFailed
from pipeline.models.errors import (
    InputTooLong,
    ModelAccessDenied,
    ModelCallDenied,
    ModelClientFailed,
    ModelError,
    ModelFailed,
    ModelNotFound,
    ModelRequestNotSent,
    ModelRequestRefused,
    ModelThrottled,
)


def job_error(error: ModelError) -> JobFailed | Deferred | AttemptFailed:
    """The worker's reaction to a model error."""
    match error:
        # Waits in the queue, for hours if necessary, and costs no attempt.
        case ModelCallDenied():
            return Deferred(error.reason, error.retry_after_s)
        case ModelThrottled():
            return Deferred(error.reason)
        # Another attempt may succeed; this one is spent.
        case ModelFailed():
            return AttemptFailed(error.reason, FailureCode.MODEL_FAILED)
        case ModelClientFailed():
            return AttemptFailed(error.reason, FailureCode.INTERNAL_ERROR)
        # No attempt will succeed.
        case InputTooLong():
            return JobFailed(FailureCode.INPUT_TOO_LONG)
        case ModelRequestRefused():
            return JobFailed(FailureCode.MODEL_REFUSED_REQUEST)
        case ModelAccessDenied():
            return JobFailed(FailureCode.MODEL_ACCESS_DENIED)
        case ModelNotFound():
            return JobFailed(FailureCode.MODEL_NOT_AVAILABLE)
        case ModelRequestNotSent():
            return JobFailed(FailureCode.INTERNAL_ERROR, "(the AWS SDK rejects the request)")
        case _:
            raise NotImplementedError(type(error).__name__) from error
