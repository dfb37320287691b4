"""Composes the application that serves every path but CometD's."""

from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.routing import Router

from services.gateway.commands.promised_interactions import (
    PromisedInteractionMiddleware,
)
from services.gateway.composition.logins import (
    sign_in_pages,
)
from services.gateway.composition.parts import GatewayParts, body_pace, form_bodies
from services.gateway.desktop.built_files import BuiltFiles
from services.gateway.desktop.pages import DesktopPages
from services.gateway.rest.application import RestApplication
from services.gateway.rest.idempotency import IdempotencyMiddleware
from services.gateway.rest.idempotency_store import IdempotencyStore
from services.gateway.rest.linked_downloads import LinkedDownloads
from services.gateway.rest.open_pages import OpenPages
from services.gateway.rest.request_limit import ConcurrentRequests, RequestLimitMiddleware
from services.gateway.rest.resources.drop import DropLimits, DropResource
from services.gateway.rest.uploads.drop_slots import SlotLimits
from services.gateway.settings import GatewaySettings
from shared.intake.flood_gate import FloodGate
from shared.intake.mail_intake import IntakeRules, MailIntake
from shared.intake.transfer_pace import LATER_FACTOR
from shared.runtime.resources import Resources
from shared.storage.mails.allowance_store import AllowanceStore

_LARGEST_BODIES: Final = 8
"""Bodies of the largest size that one user may have in memory at the same time."""


def rest_application(
    parts: GatewayParts, router: Router, describe: Callable[[str, str], Response | None]
) -> RestApplication:
    """Return the application; `describe` answers a GET of the API's description, by its path."""
    settings, resources = parts.settings, parts.resources
    requests = ConcurrentRequests(
        settings.requests_per_user, most_octets=_LARGEST_BODIES * settings.max_body
    )
    idempotent = IdempotencyMiddleware(
        PromisedInteractionMiddleware(router, parts.promised_ids),
        IdempotencyStore(resources.database),
        parts.authenticator,
        resources.clock,
        max_body=settings.max_body,
        read_form=form_bodies(settings, resources).read,
        always_200=parts.always_200,
    )
    return RestApplication(
        rest=RequestLimitMiddleware(
            idempotent, parts.authenticator, requests, pace=body_pace(settings)
        ),
        drop=_drop_resource(settings, resources),
        linked_downloads=LinkedDownloads(parts.downloads, requests),
        authenticator=parts.authenticator,
        settings=settings.bayeux,
        always_200=parts.always_200,
        open_pages=OpenPages(
            describe,
            _desktop(settings),
            sign_in_pages(settings, parts.agent_cache, parts.sessions, resources.clock),
        ),
    )


def _drop_resource(settings: GatewaySettings, resources: Resources) -> DropResource:
    """Return the resource at which programs hand in mail."""
    rules = IntakeRules(settings.largest_mail, host_name=settings.mail_host_name)
    return DropResource(
        intake=MailIntake(
            resources.arrivals,
            resources.configuration,
            rules,
            resources.clock,
            gate=FloodGate(
                AllowanceStore(resources.database), resources.configuration, resources.clock
            ),
        ),
        configuration=resources.configuration,
        answers=IdempotencyStore(resources.database),
        limits=DropLimits(
            settings.largest_mail,
            slots=SlotLimits(
                settings.drops_at_once,
                settings.drops_at_once_per_token,
                slowest=LATER_FACTOR * settings.upload_slowest,
            ),
            per_minute=settings.drops_per_token,
            pace=body_pace(settings),
        ),
        clock=resources.clock,
    )


def _desktop(settings: GatewaySettings) -> DesktopPages | None:
    if settings.desktop == "off":
        return None
    offers_sign_in = bool(settings.oidc_client_id)
    return DesktopPages(BuiltFiles(title=settings.desktop_title, offers_sign_in=offers_sign_in))
