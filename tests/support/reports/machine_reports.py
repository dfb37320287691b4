"""Reports with a part for machines, with the errors of real servers, and reports of other kinds."""

from tests.support.reports.labels import Labelled, Verdict, hard, soft

RETURNED = """\
Message-ID: <sent-1@demo.example>
From: support@demo.example
To: ann@client.example
Subject: Your order

Dear customer
"""


def report(
    name: str,
    fields: str,
    *verdicts: Verdict,
    kind: str = "failed",
    notice: str = "Not delivered.",
    part: str = "message/delivery-status",
    report_type: str = "delivery-status",
    headers: str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\n",
) -> Labelled:
    """Return a multipart/report with one part for machines."""
    text = (
        f"{headers}To: support@demo.example\nSubject: Report\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/report; report-type={report_type}; boundary=edge\n\n"
        f"--edge\nContent-Type: text/plain\n\n{notice}\n"
        f"--edge\nContent-Type: {part}\n\n{fields}\n"
        f"--edge\nContent-Type: message/rfc822\n\n{RETURNED}\n--edge--\n"
    )
    return Labelled(name, text.replace("\n", "\r\n").encode(), kind, verdicts)


def plain(name: str, headers: str, body: str, kind: str | None, *verdicts: Verdict) -> Labelled:
    """Return a mail of one text."""
    text = f"{headers}To: support@demo.example\nMIME-Version: 1.0\n\n{body}\n"
    return Labelled(name, text.replace("\n", "\r\n").encode(), kind, verdicts)


MACHINE_REPORTS = (
    report(
        "rfc-3464",
        "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; ann@client.example\n"
        "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n",
        hard("ann@client.example"),
    ),
    report(
        "one-block",
        "Reporting-MTA: dns; mx.example\nFinal-Recipient: rfc822; ann@client.example\n"
        "Action: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; bob@client.example\n"
        "Action: failed\nStatus: 5.2.2\n",
        hard("ann@client.example"),
        soft("bob@client.example", "5.2.2"),
    ),
    report(
        "no-type-and-brackets",
        "Final-Recipient: <ann@client.example>\nAction: FAILED (final)\nStatus: 5.1.1 (nobody)\n",
        hard("ann@client.example"),
    ),
    report(
        "no-action",
        "Final-Recipient: rfc822;ann@client.example\nStatus: 5.7.1\n",
        soft("ann@client.example", "5.7.1"),
    ),
    report(
        "no-status",
        "Final-Recipient: rfc822;ann@client.example\nAction: failed\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <ann@client.example>: unknown\n",
        hard("ann@client.example"),
    ),
    report(
        "short-status",
        "Final-Recipient: rfc822;ann@client.example\nAction: failed\nStatus: 5.1\n"
        "Diagnostic-Code: smtp; 550 user unknown\n",
        hard("ann@client.example", "5.1.0"),
    ),
    report(
        "generic-status-and-words",
        "Final-Recipient: rfc822;ann@client.example\nAction: failed\nStatus: 5.0.0\n",
        hard("ann@client.example", "5.0.0"),
        notice="The following address failed:\n\n  ann@client.example\n    Unknown user\n",
    ),
    report(
        "generic-status-and-code-in-words",
        "Final-Recipient: rfc822;ann@client.example\nAction: failed\nStatus: 5.0.0\n",
        soft("ann@client.example", "5.2.2"),
        notice="<ann@client.example>: host mx said: 552 5.2.2 over quota",
    ),
    report(
        "only-an-original-recipient",
        "Original-Recipient: rfc822; ann@client.example\nAction: failed\nStatus: 5.1.2\n",
        hard("ann@client.example", "5.1.2"),
    ),
    report(
        "a-final-recipient-that-is-no-address",
        "Original-Recipient: rfc822; ann@client.example\nFinal-Recipient: local; ann\n"
        "Action: failed\nStatus: 5.1.1\n",
        hard("ann@client.example"),
    ),
    report(
        "utf-8-recipient",
        "Final-Recipient: utf-8; ann@client.example\nAction: failed\nStatus: 5.1.1\n",
        hard("ann@client.example"),
        part="message/global-delivery-status",
    ),
    report(
        "fields-as-text",
        "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; ann@client.example\n"
        "Action: failed\nStatus: 5.1.1\n",
        hard("ann@client.example"),
        part="text/plain",
    ),
    report(
        "edge-blocking",
        "Final-Recipient: rfc822;ann@client.example\nAction: failed\nStatus: 5.4.1\n"
        "Diagnostic-Code: smtp;550 5.4.1 Recipient address rejected: Access denied. AS(2018)\n",
        hard("ann@client.example", "5.4.1"),
    ),
    report(
        "delayed",
        "Final-Recipient: rfc822; ann@client.example\nAction: delayed\nStatus: 4.4.1\n",
        soft("ann@client.example", "4.4.1"),
        kind="delayed",
    ),
    report(
        "delivered",
        "Final-Recipient: rfc822; ann@client.example\nAction: delivered\nStatus: 2.1.5\n",
        soft("ann@client.example", "2.1.5"),
        kind="delivered",
    ),
    report(
        "relayed",
        "Final-Recipient: rfc822; ann@client.example\nAction: relayed\nStatus: 2.1.9\n",
        soft("ann@client.example", "2.1.9"),
        kind="relayed",
    ),
    report(
        "expanded",
        "Final-Recipient: rfc822; list@client.example\nAction: expanded\nStatus: 2.2.0\n",
        soft("list@client.example", "2.2.0"),
        kind="expanded",
    ),
    report(
        "read-receipt",
        "Reporting-UA: pc; Reader\nFinal-Recipient: rfc822; ann@client.example\n"
        "Original-Message-ID: <sent-1@demo.example>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n",
        Verdict("ann@client.example", ""),
        kind="receipt",
        part="message/disposition-notification",
        report_type="disposition-notification",
        headers="Return-Path: <>\nFrom: Ann <ann@client.example>\n",
    ),
    report(
        "deleted-unread",
        "Final-Recipient: rfc822; ann@client.example\n"
        "Disposition: automatic-action/MDN-sent-automatically; deleted\n",
        Verdict("ann@client.example", ""),
        kind="receipt",
        part="message/disposition-notification",
        report_type="disposition-notification",
        headers="Return-Path: <ann@client.example>\nFrom: Ann <ann@client.example>\n",
    ),
    report(
        "complaint",
        "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <ann@client.example>\n",
        Verdict("ann@client.example", ""),
        kind="complaint",
        part="message/feedback-report",
        report_type="feedback-report",
        headers="From: feedback@provider.example\n",
    ),
    report(
        "complaint-without-recipient",
        "Feedback-Type: abuse\nVersion: 1\n",
        Verdict("ann@client.example", ""),
        kind="complaint",
        part="message/feedback-report",
        report_type="feedback-report",
        headers="From: feedback@provider.example\n",
    ),
    plain(
        "absent-rfc-3834",
        "Return-Path: <>\nFrom: Ann <ann@client.example>\nSubject: Re: Your order\n"
        "Auto-Submitted: auto-replied\nIn-Reply-To: <sent-1@demo.example>\n",
        "I am away until Monday.",
        "out-of-office",
        Verdict("ann@client.example", ""),
    ),
    plain(
        "absent-vacation-program",
        "From: ann@client.example\nSubject: away from my mail\nPrecedence: bulk\n",
        "I am on vacation.",
        "out-of-office",
        Verdict("ann@client.example", ""),
    ),
    plain(
        "absent-exchange-de",
        "Return-Path: <>\nFrom: Ann <ann@client.example>\n"
        "Subject: Automatische Antwort: Ihre Bestellung\nX-Auto-Response-Suppress: All\n",
        "Ich bin nicht im Haus.",
        "out-of-office",
        Verdict("ann@client.example", ""),
    ),
    plain(
        "absent-exchange-2003",
        "From: Ann <ann@client.example>\nSubject: Out of Office AutoReply: Your order\n",
        "I am out of the office.",
        "out-of-office",
        Verdict("ann@client.example", ""),
    ),
    plain(
        "absent-marked",
        "From: Ann <ann@client.example>\nSubject: Re: Your order\nX-Autoreply: yes\n",
        "I am away.",
        "out-of-office",
        Verdict("ann@client.example", ""),
    ),
)

LETTERS_OF_PEOPLE = (
    plain(
        "a-forwarded-bounce",
        "Return-Path: <ann@client.example>\nFrom: Ann <ann@client.example>\n"
        "Subject: Fwd: Undelivered Mail Returned to Sender\n",
        "What is this?\n\n<bob@x.example>: host mx said: 550 5.1.1 user unknown",
        None,
    ),
    plain(
        "a-question-about-a-bounce",
        "From: Ann <ann@client.example>\nSubject: Re: Delivery Status Notification (Failure)\n",
        "I got this: Delivery to bob@x.example failed: 550 5.1.1 user unknown",
        None,
    ),
    plain(
        "an-answer-to-an-absent-one",
        "From: Ann <ann@client.example>\nSubject: Re: Automatic reply: order\n",
        "Thank you",
        None,
    ),
    plain(
        "a-letter-about-leave",
        "From: Ann <ann@client.example>\nSubject: Out of office next week\n",
        "Please send it later.",
        None,
    ),
    plain(
        "a-complaint-of-a-person",
        "Return-Path: <ann@client.example>\nFrom: Ann <ann@client.example>\n"
        "Subject: Delivery failed: where is my parcel?\n",
        "My order was not delivered to ann@client.example.",
        None,
    ),
    plain(
        "a-postmaster-who-writes",
        "Return-Path: <postmaster@client.example>\nFrom: Postmaster <postmaster@client.example>\n"
        "Subject: Question about your invoice\n",
        "Please call me, or write to ann@client.example.",
        None,
    ),
    plain(
        "a-suppressing-person",
        "Return-Path: <ann@client.example>\nFrom: Ann <ann@client.example>\nSubject: Order\n"
        "X-Auto-Response-Suppress: All\n",
        "I want two.",
        None,
    ),
    plain(
        "a-notification",
        "Return-Path: <shop@client.example>\nFrom: Shop <shop@client.example>\n"
        "Subject: Order 17 received\nAuto-Submitted: auto-generated\n",
        "Order 17",
        None,
    ),
)
