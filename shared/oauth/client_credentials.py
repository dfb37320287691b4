"""Client credentials for a token endpoint: secrets and keys from the environment.

No error and no `repr` contains a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.contracts.oauth import OAuthLogin
from shared.oauth.signing_key import BadCredentialsError, SigningKey

# Octets of a key file. The largest keys have some kilobytes.
_LARGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's secret, or its key, or neither.

    `proof` joins all secret values; a digest of it shows that one of them has changed.
    """

    secret: str = field(default="", repr=False)
    key: SigningKey | None = None
    proof: str = field(default="", repr=False)


def read_credentials(login: OAuthLogin, environment: Mapping[str, str]) -> Credentials:
    """Return the credentials of a login.

    Raises:
        BadCredentialsError: A variable is not set, or holds no usable key.
    """
    if missing := [name for name in login.variables if not environment.get(name)]:
        raise BadCredentialsError(
            f"login {login.name}: set {', '.join(missing)} in the environment, that of outbound too"
        )
    values = [environment[name] for name in login.variables]
    if any(len(value) > _LARGEST for value in values):
        raise BadCredentialsError(f"login {login.name}: {login.variables[0]} is too long")
    secret = environment.get(login.client_secret_variable, "")
    return Credentials(secret, _key(login, environment), proof="\0".join(values))


def _key(login: OAuthLogin, environment: Mapping[str, str]) -> SigningKey | None:
    if not (login.client_key_variable or login.key_variable):
        return None
    # A service whose logins have no key starts without the libraries that read one.
    from shared.oauth.private_keys import key_of_account, key_of_client  # noqa: PLC0415

    if login.client_key_variable:
        pem = environment[login.client_key_variable]
        return key_of_client(login.client_id, pem, login.client_key_variable)
    return key_of_account(environment[login.key_variable], login.key_variable)
