"""Builds fetching from its parts and runs it."""

import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from random import SystemRandom
from typing import Final

from services.fetching.folders.fetcher_parts import FetchedFolder, FetcherParts, Limits
from services.fetching.folders.folder_fetcher import FolderFetcher
from services.fetching.folders.octet_budget import OctetBudget
from services.fetching.logins import LoginRenewal, MailboxLogins
from services.fetching.mailbox_watch import MailboxWatch
from services.fetching.settings import FetchingSettings
from services.fetching.store import FolderStore, HeldFolder, KnownMails
from shared.background_tasks import run_periodically
from shared.intake.mail_intake import MailIntake
from shared.logins.access_tokens import TokenKeeper
from shared.logins.oauth_logins import OAuthLogins, make_keeper
from shared.runtime.resources import Resources
from shared.storage.mails.mailbox_store import MailboxStore

_REPORTED_EVERY: Final = timedelta(seconds=10)


@asynccontextmanager
async def start(settings: FetchingSettings, resources: Resources) -> AsyncIterator[None]:
    """Run fetching for as long as the context lasts; its folders are then free for other pods."""
    logins = make_logins(settings, resources, os.environ)
    watch = make_watch(settings, resources, logins, os.environ)
    renewal = LoginRenewal(logins, resources.configuration)
    try:
        async with (
            run_periodically(watch.renew, every=settings.lease / 4),
            run_periodically(renewal.renew, every=settings.login_look),
            run_periodically(watch.report, every=_REPORTED_EVERY),
            run_periodically(watch.assign_folders, every=settings.sweep),
        ):
            yield
    finally:
        await watch.stop()


def make_logins(
    settings: FetchingSettings, resources: Resources, environment: Mapping[str, str]
) -> OAuthLogins:
    """Return the OAuth logins of the description."""

    def keeper() -> TokenKeeper:
        # The sealing key is read only here: mailboxes with passwords need none.
        sealing_key = settings.sealing_key.get_secret_value()
        return make_keeper(resources.database, sealing_key, resources.clock)

    return OAuthLogins(keeper, resources.configuration.current, environment)


def make_watch(
    settings: FetchingSettings,
    resources: Resources,
    logins: OAuthLogins,
    environment: Mapping[str, str],
) -> MailboxWatch:
    """Return the watch over all folders, with the limits of the settings."""
    store = FolderStore(resources.database, secrets.token_hex(8))
    parts = FetcherParts(
        store=store,
        known=KnownMails(resources.database),
        intake=MailIntake(
            resources.arrivals, resources.configuration, settings.intake_rules, resources.clock
        ),
        open_session=MailboxLogins(
            logins,
            environment,
            answer_deadline=settings.answer_deadline,
            look_deadline=settings.look_deadline,
        ).open,
        clock=resources.clock,
        random=SystemRandom(),
        limits=Limits(
            settings.largest_mail,
            settings.look_deadline,
            settings.mail_deadline,
            settings.idle,
            settings.mails_together,
        ),
        budget=OctetBudget(settings.octets_in_memory),
    )

    def make_fetcher(folder: FetchedFolder, held: HeldFolder) -> FolderFetcher:
        return FolderFetcher(folder, held, parts)

    return MailboxWatch(
        store=store,
        mailboxes=MailboxStore(resources.database),
        configuration=resources.configuration,
        make_fetcher=make_fetcher,
        clock=resources.clock,
        most=settings.mailboxes_at_once,
        lease=settings.lease,
    )
