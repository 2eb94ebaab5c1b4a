"""Who logs in to the database, and with what."""

from pydantic import BaseModel, ConfigDict, Field


class Credentials(BaseModel):
    """A role of the database and its password."""

    model_config = ConfigDict(frozen=True)  # open: what else a secret says is somebody else's business

    username: str = Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    password: str = Field(min_length=1, repr=False)
