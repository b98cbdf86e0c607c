"""The settings of `muster serve`: flags > environment MUSTER_* > muster.toml > defaults."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """One frozen value, made once."""

    model_config = SettingsConfigDict(env_prefix="MUSTER_", toml_file="muster.toml", extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on. Other than loopback needs --auth, or --insecure.")
    grpc_port: Port = Field(9848, description="Port for gRPC. 0 takes any free one.")
    nacos_grpc_port: Annotated[Port | None, BeforeValidator(lambda value: None if value == "" else value)] = Field(
        9848,
        description="Port for Nacos over gRPC in `muster gateway`; `muster serve` has it on its port for gRPC. "
        "0 takes any free one; empty switches it off.",
    )
    http_ports: Annotated[tuple[Port, ...], NoDecode] = Field(
        (8848, 9080, 30100), description="Ports of the HTTP gateway, comma-separated. 0 takes any free one; empty switches it off."
    )
    data_dir: Path = Field(Path("muster-data"), description="Where state is kept. Created if missing.")
    storage: Literal["sqlite", "memory"] = Field("sqlite", description="sqlite survives a restart, memory does not.")
    max_instances: Annotated[int, Field(ge=1)] = Field(
        1_000_000, description="Registered instances at the most. Each takes about 2 KiB of memory."
    )
    max_content_bytes: Annotated[int, Field(ge=1, le=12 << 20)] = Field(
        10 << 20, description="Bytes of one config content at the most, up to 12 MiB. Raising it lets one publish take more memory."
    )
    max_total_content_bytes: Annotated[int, Field(ge=1)] = Field(
        1 << 30, description="Bytes of all config contents together at the most. They are kept in memory; earlier releases are not."
    )
    max_definitions: Annotated[int, Field(ge=1)] = Field(
        50_000, description="Definitions of services at the most, every version counted. Each takes about 2 KiB of memory."
    )
    max_total_schema_bytes: Annotated[int, Field(ge=1)] = Field(
        256 << 20, description="Bytes of all schemas of definitions together at the most. They are kept in memory."
    )
    history_days: Annotated[float, Field(ge=0, le=36500)] = Field(
        30.0,
        description="Days that releases and deleted items are kept. The last 10 of an item that is there stay in any case.",
    )
    tls_cert: Path | None = Field(
        None, description="Certificate with its chain, PEM: every port speaks TLS only. Read again when the file changes."
    )
    tls_key: Path | None = Field(None, description="Private key of --tls-cert, PEM, without a passphrase.")
    tls_client_ca: Path | None = Field(
        None, description="Authorities, PEM: clients must show a certificate that one of them has signed, on every port."
    )
    target_ca: Path | None = Field(
        None, description="Authorities of the server that `muster gateway` talks to, PEM: the channel to it is by TLS."
    )
    target_cert: Path | None = Field(None, description="Certificate that `muster gateway` shows to that server, PEM.")
    target_key: Path | None = Field(None, description="Private key of --target-cert, PEM, without a passphrase.")
    ready_file: Path | None = Field(None, description="Write addresses and pid there as JSON once serving.")
    auth: bool = Field(False, description="Ask every caller for a credential, and for permission. Make the first user before.")
    login_lock_after: Annotated[int, Field(ge=0, le=1000)] = Field(
        3,
        description="Failed logins in a row that lock a user out for the address they came from, for 15 minutes. 0: none do. "
        "Passwords that come with each call, and logins of programs, do not count.",
    )
    token_file: Path | None = Field(
        None, description="For `muster gateway`: holds the API token that it shows the server for what its callers share."
    )
    key_file: Path | None = Field(
        None,
        description="The key that encrypts secrets at rest, made if missing; muster.key in the data directory if not given.",
    )
    insecure: bool = Field(False, description="Allow an address other than loopback without authentication.")
    agent: bool = Field(
        True,
        description="Run deployments on this machine, as this user; never with --insecure alone. Without, `muster agent` does.",
    )

    @field_validator("http_ports", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part for part in value.replace(" ", "").split(",") if part] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        if (self.target_cert is None) != (self.target_key is None):
            raise ValueError("target_cert and target_key go together")
        if self.target_cert is not None and self.target_ca is None:
            raise ValueError("target_cert and target_key need target_ca")
        return self

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def runs_agent(self) -> bool:
        """True if deployments run in the server's own process: not where strangers could have programs run here."""
        return self.agent and (self.is_loopback or self.auth)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, file; nothing else."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
