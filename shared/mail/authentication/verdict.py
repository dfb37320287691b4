"""Decides whether the sender of a mail is proven (RFC 7489 section 3.1, RFC 8617)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.mail.authentication.results import MethodResult, trusted_results
from shared.mail.parsed_mail import AuthenticationField

_PROOFS: Final = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.helo")}
_LEAST_LABELS: Final = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the sender in From is proven: yes, no, or None if unknown; and why, in words."""

    authenticated: bool | None
    reason: str


def sender_verdict(
    fields: Sequence[AuthenticationField], trusted: Sequence[str], sender: str
) -> Verdict:
    """Return the verdict on a mail from `sender`, the address in From.

    `trusted` are the names of the servers whose results count. DMARC decides where a server has
    judged by it; ARC excuses a forwarder, but proves nothing. Else DKIM or SPF prove a sender whose
    domain is the proven one, or is above or below it.
    """
    if not trusted:
        return Verdict(None, "no server is trusted to judge senders")
    results = trusted_results(fields, trusted)
    if not results:
        return Verdict(None, "no trusted server has judged it")
    domain = _domain(sender)
    by_policy = next((one for one in results if one.method == "dmarc"), None)
    if by_policy and by_policy.result == "pass" and _is_for(by_policy, domain):
        return Verdict(authenticated=True, reason=f"DMARC passed for {domain}")
    if by_policy and by_policy.result == "fail":
        if any(one.method == "arc" and one.result == "pass" for one in results):
            return Verdict(None, "DMARC failed, but a server that forwarded it vouches for it")
        return Verdict(authenticated=False, reason=f"DMARC failed for {domain}")
    return _by_domains(results, domain)


def _by_domains(results: Sequence[MethodResult], domain: str) -> Verdict:
    for one in results:
        proven = _proven_domain(one)
        if one.result == "pass" and _is_aligned(proven, domain):
            return Verdict(authenticated=True, reason=f"{one.method.upper()} passed for {proven}")
    for one in results:
        if (
            one.method == "spf"
            and one.result == "fail"
            and _is_aligned(_proven_domain(one), domain)
        ):
            return Verdict(authenticated=False, reason=f"SPF failed for {domain}")
    said = ", ".join(dict.fromkeys(f"{one.method} {one.result}" for one in results))
    return Verdict(None, f"nothing proves that it is from {domain or 'anybody'} ({said})"[:200])


def _is_for(result: MethodResult, domain: str) -> bool:
    named = result.properties.get("header.from", "")
    return not named or _domain(named) == domain


def _proven_domain(result: MethodResult) -> str:
    names = (result.properties.get(name, "") for name in _PROOFS.get(result.method, ()))
    return next((_domain(name) for name in names if name), "")


def _is_aligned(proven: str, domain: str) -> bool:
    """Say whether one domain is the other or below it; a top-level domain proves nothing."""
    if min(proven.count("."), domain.count(".")) + 1 < _LEAST_LABELS:
        return False
    return f".{proven}".endswith(f".{domain}") or f".{domain}".endswith(f".{proven}")


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip("<>. ").lower()
