"""The doctor says what is wrong in one line, and what to do about it."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from services.console.broker.connection import QueueCount
from services.console.health import findings
from services.console.health.findings import Finding, Mark
from shared.contracts.oauth import MailServer, OAuthLogin
from shared.messaging.topology import ROUTING, WORK_QUEUES
from shared.oauth.renewal_schedule import LoginState, ServerRefusal
from shared.scanning.clamd import ScannerVersion
from tests.unit.console.descriptions import agent, center

Kind = Literal["client-credentials", "service-account", "device"]
NOW, HOUR = datetime(2026, 3, 2, 9, 0, tzinfo=UTC), timedelta(hours=1)

EMPTY = QueueCount(messages=0, consumers=0)
BUSY = QueueCount(messages=4, consumers=2)


def counts(**changes: QueueCount | None) -> dict[str, QueueCount | None]:
    names = [ROUTING.name, ROUTING.parking, *(room.name for room in ROUTING.waiting_rooms)]
    return dict.fromkeys(names, EMPTY) | {ROUTING.name: BUSY} | changes


def marks(found: list[Finding]) -> list[Mark]:
    return [one.mark for one in found]


def test_a_line_begins_with_how_it_stands() -> None:
    assert str(findings.fine("broker answers")) == "ok   broker answers"
    assert str(findings.bad("no broker", do="start one")) == "bad  no broker: start one"


def test_a_queue_with_consumers_and_nothing_parked_is_fine() -> None:
    assert marks(list(findings.about_queue(ROUTING, counts()))) == [Mark.OK, Mark.OK]


def test_a_queue_that_nobody_consumes_names_its_service() -> None:
    found = list(findings.about_queue(ROUTING, counts(**{ROUTING.name: EMPTY})))

    assert str(found[0]) == (
        "bad  queue routing.work has no consumer, and 0 messages: "
        "start the routing service, or look into its log"
    )


def test_parked_messages_are_counted() -> None:
    found = list(findings.about_queue(ROUTING, counts(**{ROUTING.parking: QueueCount(3, 0)})))

    assert found[1].mark is Mark.BAD
    assert "holds 3 parked messages" in found[1].words
    assert "mailroom replay routing --list" in found[1].words


def test_missing_queues_are_named() -> None:
    found = list(findings.about_queue(ROUTING, counts(**{"routing.work.retry-5s": None})))

    assert str(found[0]) == (
        "bad  queues missing: routing.work.retry-5s: run `mailroom apply FILE`"
    )


def test_a_missing_binding_is_named() -> None:
    present = {(queue.name, binding) for queue in WORK_QUEUES for binding in queue.bindings}

    assert findings.about_bindings(present).mark is Mark.OK
    assert (
        "outbound.*.v1 to outbound.work"
        in findings.about_bindings({one for one in present if one[0] != "outbound.work"}).words
    )


def test_alarms_and_policies_are_named() -> None:
    assert "memory on rabbit@a" in findings.about_alarms(["memory on rabbit@a"]).words
    assert findings.about_alarms([]).mark is Mark.OK
    assert "routing.work" in findings.about_policies({"routing.work": "added"}).words
    assert findings.about_policies({}).mark is Mark.OK


def test_a_database_in_no_replica_set_is_bad() -> None:
    assert findings.about_replica_set("6.0.5", "", 0).mark is Mark.BAD
    assert findings.about_replica_set("6.0.5", "rs0", 1).mark is Mark.OK


def test_owed_announcements_are_counted_by_collection() -> None:
    assert "2 in interactions" in findings.about_outboxes({"interactions": 2, "agents": 0}).words
    assert findings.about_outboxes({"interactions": 0}).mark is Mark.OK


def test_deliveries_are_judged_by_what_the_operator_can_do() -> None:
    assert marks(list(findings.about_deliveries(0, 0, 0))) == [Mark.OK]
    assert marks(list(findings.about_deliveries(1, 0, 2))) == [Mark.BAD, Mark.BAD]
    assert marks(list(findings.about_deliveries(0, 1, 0))) == [Mark.NOTE, Mark.OK]


def test_without_a_description_there_is_one_thing_to_do() -> None:
    (found,) = findings.about_contact_center(None, {})

    assert str(found) == ("bad  no contact center yet: describe one and run `mailroom apply FILE`")


def test_a_contact_center_without_a_mailbox_takes_no_mail() -> None:
    found = list(findings.about_contact_center(center(mailboxes=[]), {}))

    assert found[-1].words.startswith("no mailbox")


def serving(**changes: object) -> Mark:
    wanted = center(queues=[{"name": "support", "requires": {"french": 3}}])
    described = agent("agent1", skills={"french": 3}, enabled=True) | changes
    return list(findings.about_contact_center(wanted, {"agent1": described}))[-1].mark


def test_a_mailbox_is_served_by_an_enabled_agent_of_its_queue_with_its_skills() -> None:
    assert serving() is Mark.OK
    assert serving(enabled=False) is Mark.BAD
    assert serving(queues=["sales"]) is Mark.BAD
    assert serving(skills={"french": 2}) is Mark.BAD
    assert serving(skills={}) is Mark.BAD


def test_hashes_that_routing_can_read_are_bad() -> None:
    assert findings.about_hashes(0).mark is Mark.OK
    assert findings.about_hashes(2).mark is Mark.BAD


SMTP = MailServer("smtp", "smtp.example", 587)


def login_finding(kind: Kind = "client-credentials", **fields: object) -> str:
    login = OAuthLogin.model_construct(name="provider", kind=kind, token_url="https://id.example")
    state = LoginState(now=NOW, **fields)  # type: ignore[arg-type]
    return str(findings.about_login(login, "desk@demo.example", state, [SMTP]))


def test_a_login_with_a_token_is_fine() -> None:
    found = login_finding(access_token="token-1", expires_at=NOW + HOUR)

    assert found == "ok   login provider of desk@demo.example: token until 2026-03-02 10:00 UTC"


def test_login_that_one_server_in_use_refuses_is_bad() -> None:
    refusal = ServerRefusal(2, 1, "535 SMTP AUTH is disabled", refused_at=NOW)

    def found(server: MailServer) -> str:
        return login_finding(
            access_token="token-1", expires_at=NOW + HOUR, grants=1, refusals={server: refusal}
        )

    assert found(MailServer("smtp", "earlier.example", 587)).startswith("ok")
    assert "refused by smtp.example:587 (SMTP) since 2026-03-02 09:00 UTC" in found(SMTP)
    assert "SMTP AUTH is disabled" in found(SMTP)


def test_a_refused_login_says_why_and_what_to_do() -> None:
    found = login_finding(refused_at=NOW, fault="invalid_client")

    assert found.startswith(
        "bad  login provider of desk@demo.example refused since 2026-03-02 09:00 UTC, mail waits: "
        "invalid_client: mend the description"
    )


def test_a_consent_that_was_taken_back_is_asked_for_again() -> None:
    assert "run `mailroom authorize provider`" in login_finding("device", refused_at=NOW)


def test_a_fault_of_a_login_counts_when_its_token_has_ended() -> None:
    still = login_finding(access_token="token-1", expires_at=NOW + HOUR, faults=2, fault="503")
    ended = login_finding(access_token="token-1", expires_at=NOW, faults=2, fault="503")

    assert still.startswith("--   ")
    assert ended.startswith("bad  ")
    assert login_finding().startswith("bad  ")


def scanner_finding(version: ScannerVersion, problem: str = "") -> str:
    return str(findings.about_scanner("clamav:3310", version, problem, NOW))


def test_scanner_with_new_signatures_is_fine() -> None:
    found = scanner_finding(ScannerVersion("ClamAV 1.4.3", NOW - timedelta(days=2)))

    assert found == (
        "ok   virus scanner clamav:3310: ClamAV 1.4.3, signatures of 2026-02-28, scans files"
    )


def test_scanner_without_version_or_signatures_is_fine() -> None:
    assert scanner_finding(ScannerVersion()) == (
        "ok   virus scanner clamav:3310: its version is not told, scans files"
    )


def test_scanner_with_old_signatures_names_freshclam() -> None:
    found = scanner_finding(ScannerVersion("ClamAV 1.4.3", NOW - timedelta(days=8)))

    assert found == (
        "bad  virus scanner clamav:3310: ClamAV 1.4.3, signatures of 2026-02-22 do not know newer "
        "viruses: see that freshclam runs, and its log"
    )


def test_scanner_that_reads_no_file_to_its_end_names_the_setting() -> None:
    found = findings.about_scanner("clamav:3310", ScannerVersion(), "", NOW, is_thorough=False)

    assert str(found).startswith("bad  virus scanner clamav:3310: its version is not told, calls")
    assert "`AlertExceedsMax yes`" in str(found)


def test_scanner_that_cannot_scan_says_why_on_one_line() -> None:
    found = scanner_finding(ScannerVersion("ClamAV 1.4.3", NOW), "it could not\r\nscan")

    assert found.startswith(
        "bad  virus scanner clamav:3310 cannot be used from here: it could not scan: start clamd"
    )
