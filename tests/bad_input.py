"""What strangers, servers and operators get wrong about mail in, and the test of each.

`tests/unit/test_tables.py` fails where a test is gone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ODD = "connected/fetching/test_odd_servers.py"
_FETCHING = "connected/fetching/test_fetching.py"
_OAUTH = "connected/fetching/test_oauth.py"
_TOKENS = "unit/oauth/test_token_responses.py"
_DROP = "connected/gateway/rest/test_drop.py"
_REPORTS = "unit/mail/parsing/test_reports.py"
_MATCHING = "connected/ingest/test_reports.py"
_RULES = "unit/console/test_screening_rules.py"
_CONTACTS = "connected/ingest/test_contacts.py"

BAD_INPUT: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # IMAP
        "server closes in IDLE": (_ODD, "test_idle_that_ends_oddly_goes_on"),
        "server says BYE": (_ODD, "test_odd_servers_are_told_in_plain_words"),
        "half a literal": (_ODD, "test_mail_that_cannot_be_fetched_stops_no_other"),
        "literal of 2 GB": (_ODD, "test_mail_that_cannot_be_fetched_stops_no_other"),
        "UIDVALIDITY 0": (_ODD, "test_folder_with_uidvalidity_0_brings_nothing_twice"),
        "UIDVALIDITY absent": (_ODD, "test_folder_without_uidvalidity_brings_nothing_twice"),
        "UIDs that fall": (_ODD, "test_uids_that_fall_bring_only_unknown_mail"),
        "100,000 old mails at the first look": ("bench/fetching.py", "measure_first_look"),
        "folder that does not exist": (
            _FETCHING,
            "test_folder_without_mail_is_a_fault_with_its_reason",
        ),
        "folder that holds no mail": (
            _FETCHING,
            "test_folder_without_mail_is_a_fault_with_its_reason",
        ),
        "name in modified UTF-7": (_ODD, "test_folder_name_goes_out_in_modified_utf7"),
        "FETCH without a body": (_ODD, "test_mail_that_cannot_be_fetched_stops_no_other"),
        "LOGIN disabled": (_ODD, "test_odd_servers_are_told_in_plain_words"),
        "capabilities change after login": (_ODD, "test_capabilities_after_login_count"),
        "quota full on MOVE": (_ODD, "test_full_archive_has_mail_marked_instead"),
        "MOVE unsupported": (_ODD, "test_move_without_the_extension_expunges_only_that_mail"),
        "no UIDPLUS either": (_ODD, "test_mail_is_never_expunged_without_its_uid"),
        "poison at the first of fifty": (_ODD, "test_poison_at_the_first_of_fifty_is_named"),
        "two mails of one Message-ID": (_ODD, "test_another_mail_with_a_known_id_is_fetched"),
        # OAuth
        "400 invalid_grant": (_OAUTH, "test_refused_login_is_sick_at_once_and_not_repeated"),
        "token of the wrong mailbox": (
            _OAUTH,
            "test_refused_login_is_sick_at_once_and_not_repeated",
        ),
        "429": (_OAUTH, "test_endpoint_that_is_away_is_a_passing_fault"),
        "clock ten minutes off": (
            "unit/oauth/test_token_requests.py",
            "test_a_clock_ten_minutes_off_is_corrected_once",
        ),
        "answer that is no JSON": (_TOKENS, "test_passing_failure_is_tried_again"),
        "any answer": ("fuzz/test_token_answers.py", "test_every_answer_is_judged_within_bounds"),
        # HTTP
        "empty body, no headers": (_DROP, "test_body_that_is_no_mail_is_refused"),
        "larger than the largest": (_DROP, "test_too_large_is_refused_when_it_is_announced"),
        "chunked and cut": (_DROP, "test_mail_that_is_cut_is_not_stored"),
        "two Content-Lengths": (_DROP, "test_two_lengths_are_refused"),
        "envelope sender <>": (_DROP, "test_sender_is_that_of_the_envelope_or_else_of_the_mail"),
        # Reports
        "report in a report": (_REPORTS, "test_reports_in_reports_end"),
        "10,000 recipients": (_REPORTS, "test_a_hostile_report_ends"),
        "status 5.1": (_REPORTS, "test_a_status_says_whether_somebody_is_there"),
        "words of a country, no part for machines": (
            _REPORTS,
            "test_a_report_of_a_known_kind_is_read_as_labelled",
        ),
        "foreign Message-ID in the returned headers": (
            _MATCHING,
            "test_a_report_on_a_foreign_mail_waits_in_the_queue",
        ),
        "report on a mail of another installation": (
            _MATCHING,
            "test_report_on_a_mail_of_another_installation_is_not_ours",
        ),
        "automatic answer to a mail of ours": (
            _MATCHING,
            "test_a_note_of_an_absent_customer_rings_nobody",
        ),
        # Screening
        "rule of a queue that is gone": (_RULES, "test_wrong_rule_is_refused_in_words"),
        "glob of 10,000 stars": (_RULES, "test_wrong_rule_is_refused_in_words"),
        "discard and acknowledge": (_RULES, "test_wrong_rule_is_refused_in_words"),
        # Contacts
        "one address in several spellings": (
            _CONTACTS,
            "test_spellings_of_one_address_are_one_contact",
        ),
        "group address": (_CONTACTS, "test_mail_from_no_address_arrives_without_a_contact"),
        "From with 2,000 names": (
            _CONTACTS,
            "test_the_first_of_two_thousand_senders_is_the_contact",
        ),
    }
)
