"""The pipeline and the issuer of the end-to-end tests."""

from tests.e2e.conftest import by_token, issuer

__all__ = ["by_token", "issuer"]
