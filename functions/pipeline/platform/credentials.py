"""Database logins."""

from pydantic import BaseModel, ConfigDict, Field


class Credentials(BaseModel):
    """A database role and its password."""

    model_config = ConfigDict(frozen=True)  # other fields of a secret are ignored

    username: str = Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    password: str = Field(min_length=1, repr=False)
