"""The pipeline and the issuer of the end-to-end tests."""

from tests.e2e.conftest import issuer, jwt_pipeline

__all__ = ["issuer", "jwt_pipeline"]
