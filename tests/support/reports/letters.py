# ruff: noqa: RUF001
"""Bounces without a part for machines, one of each known kind of server, written anew.

Addresses are invented. Each letter has the layout and the words of its server.
"""

from tests.support.reports.labels import Labelled, Verdict, hard, soft

RETURNED = """\
Received: from desk.demo.example by mx.demo.example; Mon, 2 Nov 2026 10:00:00 +0000
Message-ID: <sent-1@demo.example>
From: Support <support@demo.example>
To: {to}
Subject: Your order
MIME-Version: 1.0

Dear customer
"""


def letter(
    name: str,
    sender: str,
    subject: str,
    body: str,
    *verdicts: Verdict,
    kind: str | None = "failed",
    headers: str = "Return-Path: <>\n",
    charset: str = "utf-8",
) -> Labelled:
    """Return a letter of a server; `{returned}` in the body is the mail that came back."""
    to = ", ".join(one.address for one in verdicts) or "ann@client.example"
    text = body.replace("{returned}", RETURNED.format(to=to))
    head = (
        f"{headers}From: {sender}\nTo: <support@demo.example>\nSubject: {subject}\n"
        f"Message-ID: <report@mx.example>\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    )
    raw = head.encode() + text.encode(charset)
    return Labelled(name, raw.replace(b"\n", b"\r\n"), kind, verdicts)


LETTERS = (
    letter(
        "qmail",
        "MAILER-DAEMON@mx.example",
        "failure notice",
        """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@client.example>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 <ann@client.example>: Recipient address rejected: User unknown
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "qmail-no-mailbox",
        "MAILER-DAEMON@mx.example",
        "failure notice",
        """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<ann@client.example>:
Sorry, no mailbox here by that name. (#5.1.1)

<bob@client.example>:
user is over quota

--- Below this line is a copy of the message.

{returned}""",
        hard("ann@client.example"),
        soft("bob@client.example", "5.2.2"),
    ),
    letter(
        "qmail-host",
        "MAILER-DAEMON@mx.example",
        "failure notice",
        """Hi. This is the qmail-send program at mx.example.

<ann@nowhere.example>:
Sorry, I couldn't find any host named nowhere.example. (#5.1.2)

--- Below this line is a copy of the message.

{returned}""",
        hard("ann@nowhere.example", "5.1.2"),
    ),
    letter(
        "exim",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@client.example
    SMTP error from remote mail server after RCPT TO:<ann@client.example>:
    host mx.client.example [192.0.2.9]: 550 No such user here

------ This is a copy of the message, including all the headers. ------

{returned}""",
        hard("ann@client.example"),
        headers="Return-Path: <>\nX-Failed-Recipients: ann@client.example\n",
    ),
    letter(
        "exim-two",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to all of its recipients. The
following address(es) failed:

  ann@client.example
    (generated from sales@client.example)
    Unrouteable address
  bob@other.example
    SMTP error from remote mail server after end of data:
    host mx.other.example [192.0.2.9]: 554 5.7.1 Message rejected as spam

------ This is a copy of your message, including all the headers. ------

{returned}""",
        hard("ann@client.example"),
        soft("bob@other.example", "5.7.1"),
    ),
    letter(
        "exim-retry",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

The following address(es) failed:

  ann@client.example
    retry time not reached for any host after a long failure period

------ This is a copy of the message's headers. ------

{returned}""",
        soft("ann@client.example", "4.4.7"),
    ),
    letter(
        "exim-delay",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Warning: message 1abcde-0000-00 delayed 24 hours",
        """This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.

The address to which the message has not yet been delivered is:

  ann@client.example
    Delay reason: host mx.client.example [192.0.2.9]: 451 4.7.1 Greylisted, try again later

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals.
""",
        soft("ann@client.example", "4.7.1"),
        kind="delayed",
    ),
    letter(
        "postfix-text",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """This is the mail system at host mx.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

                   The mail system

<ann@client.example>: host mx.client.example[192.0.2.9] said: 550 5.1.1
    <ann@client.example>: Recipient address rejected: User unknown in virtual
    mailbox table (in reply to RCPT TO command)

<bob@slow.example>: connect to mx.slow.example[192.0.2.8]:25: Connection timed
    out
""",
        hard("ann@client.example"),
        soft("bob@slow.example", "4.4.7"),
    ),
    letter(
        "postfix-expanded",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """This is the mail system at host mx.example.

<real@client.example> (expanded from <alias@client.example>): unknown user:
    "real"
""",
        hard("real@client.example"),
    ),
    letter(
        "sendmail-8",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Returned mail: see transcript for details",
        """The original message was received at Mon, 2 Nov 2026 10:00:00 GMT
from desk.demo.example [192.0.2.3]

   ----- The following addresses had permanent fatal errors -----
<ann@client.example>
    (reason: 550 5.1.1 <ann@client.example>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.client.example.:
>>> DATA
<<< 550 5.1.1 <ann@client.example>... User unknown
550 5.1.1 <ann@client.example>... User unknown
<<< 503 5.0.0 Need RCPT (recipient)

   ----- Original message follows -----

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "sendmail-v5",
        "Mail Delivery Subsystem <MAILER-DAEMON>",
        "Returned mail: User unknown",
        """   ----- Transcript of session follows -----
While talking to mx.client.example:
>>> RCPT To:<ann@client.example>
<<< 550 <ann@client.example>, User unknown
550 <ann@client.example>... User unknown

   ----- Unsent message follows -----
{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "sendmail-host",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Returned mail: Host unknown (Name server: nowhere.example: host not found)",
        """   ----- The following addresses had permanent fatal errors -----
<ann@nowhere.example>

   ----- Transcript of session follows -----
550 5.1.2 <ann@nowhere.example>... Host unknown (Name server: nowhere.example: host not found)

   ----- Original message follows -----
{returned}""",
        hard("ann@nowhere.example", "5.1.2"),
    ),
    letter(
        "sendmail-warning",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Warning: could not send message for past 4 hours",
        """    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
    **********************************************

   ----- Transcript of session follows -----
<ann@client.example>... Deferred: Connection timed out with mx.client.example.
Warning: message still undelivered after 4 hours
Will keep trying until message is 5 days old
""",
        soft("ann@client.example", "4.0.0"),
        kind="delayed",
    ),
    letter(
        "gmail",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        """Delivery to the following recipient failed permanently:

     ann@client.example

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient \
domain client.example by mx.client.example. [192.0.2.9].

The error that the other server returned was:
550 5.1.1 <ann@client.example>: Recipient address rejected: User unknown in local recipient table

----- Original message -----

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "gmail-delay",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Delay)",
        """This is an automatically generated Delivery Status Notification

THIS IS A WARNING MESSAGE ONLY.

YOU DO NOT NEED TO RESEND YOUR MESSAGE.

Delivery to the following recipient has been delayed:

     ann@client.example

Message will be retried for 2 more day(s)

Technical details of temporary failure:
The recipient server did not accept our requests to connect.

----- Original message -----

{returned}""",
        soft("ann@client.example", "4.0.0"),
        kind="delayed",
    ),
    letter(
        "google-workspace",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        """** Address not found **

Your message wasn't delivered to ann@client.example because the address couldn't be found, \
or is unable to receive mail.

The response from the remote server was:
550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking \
the recipient's email address for typos.
""",
        hard("ann@client.example"),
    ),
    letter(
        "google-groups",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        """Hello support@demo.example,

We're writing to let you know that the group you tried to contact (team) may not exist, or you \
may not have permission to post messages to the group.

The email address was: team@client.example

----- Original message -----

{returned}""",
        soft("team@client.example", "5.0.0"),
    ),
    letter(
        "exchange-5",
        "System Administrator <postmaster@client.example>",
        "Undeliverable: Your order",
        """Your message

  To:      ann@client.example
  Subject: Your order
  Sent:    Mon, 2 Nov 2026 10:00:00 +0000

did not reach the following recipient(s):

ann@client.example on Mon, 2 Nov 2026 10:00:05 +0000
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=US;a= ;p=Client;l=MX-261102100005Z-1
    MSEXCH:IMS:Client:SITE:MX 0 (000C05A6) Unknown Recipient
""",
        hard("ann@client.example"),
    ),
    letter(
        "exchange-2003",
        "System Administrator <postmaster@client.example>",
        "Undeliverable: Your order",
        """Your message did not reach some or all of the intended recipients.

      Subject:\tYour order
      Sent:\t02.11.2026 10:00

The following recipient(s) could not be reached:

      ann@client.example on 02.11.2026 10:00
            The e-mail account does not exist at the organization this message was sent to.  \
Check the e-mail address, or contact the recipient directly to find out the correct address.
            <mx.client.example #5.1.1>
""",
        hard("ann@client.example"),
    ),
    letter(
        "exchange-2007",
        "Microsoft Exchange <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@client.example>",
        "Undeliverable: Your order",
        """Delivery has failed to these recipients or distribution lists:

ann@client.example
The recipient's e-mail address was not found in the recipient's e-mail system. Microsoft \
Exchange will not try to redeliver this message for you.

Diagnostic information for administrators:

Generating server: mx.client.example

ann@client.example
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "exchange-de",
        "Microsoft Outlook <postmaster@client.example>",
        "Unzustellbar: Ihre Bestellung",
        """Fehler bei der Zustellung an folgende Empfänger oder Verteilerlisten:

ann@client.example
Die E-Mail-Adresse des Empfängers wurde im E-Mail-System des Empfängers nicht gefunden.

Diagnoseinformationen für Administratoren:

Generierender Server: mx.client.example

ann@client.example
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##
""",
        hard("ann@client.example"),
    ),
    letter(
        "exchange-fr",
        "Microsoft Outlook <postmaster@client.example>",
        "Non remis : Votre commande",
        """Échec de la remise aux destinataires ou groupes suivants :

ann@client.example
La boîte aux lettres du destinataire est pleine et ne peut pas accepter de messages.

Informations de diagnostic pour les administrateurs :

#554 5.2.2 mailbox full ##
""",
        soft("ann@client.example", "5.2.2"),
    ),
    letter(
        "office-365",
        "Microsoft Outlook <postmaster@demo.onmicrosoft.example>",
        "Undeliverable: Your order",
        """Your message to ann@client.example couldn't be delivered.

ann wasn't found at client.example.

support          Office 365          ann
Action Required                      Recipient

Unknown To address

How to Fix It
The address may be misspelled or may not exist.

More Info for Email Admins
Status code: 550 5.1.10

Original Message Details
Created Date:   11/2/2026 10:00:00 AM
Sender Address: support@demo.example
Recipient Address:      ann@client.example
Subject:        Your order

Error Details
Reported error: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address \
lookup
DSN generated by:       MX1.prod.example
""",
        hard("ann@client.example", "5.1.10"),
    ),
    letter(
        "yahoo",
        "MAILER-DAEMON@yahoo.com",
        "Failure Notice",
        """Sorry, we were unable to deliver your message to the following address.

<ann@client.example>:
554: delivery error: dd This user doesn't have a client.example account (ann@client.example) [0] \
- mta1.client.example

--- Below this line is a copy of the message.

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "courier",
        "MAILER-DAEMON@mx.example",
        "NOTICE: mail delivery status.",
        """This is a delivery status notification from mx.example,
running the Courier mail server.

The original message was received on Mon, 2 Nov 2026 10:00:00 +0000
from desk.demo.example (desk.demo.example [192.0.2.3])

---------------------------------------------------------------------------

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<ann@client.example>:
    mx.client.example [192.0.2.9]:
>>> RCPT TO:<ann@client.example>
<<< 550 5.1.1 <ann@client.example>... User unknown

---------------------------------------------------------------------------
""",
        hard("ann@client.example"),
    ),
    letter(
        "smail",
        "<MAILER-DAEMON@mx.example>",
        "mail failed, returning to sender",
        """|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 <ann@client.example> ... unknown user
|------------------------- Message text follows: ------------------------|
{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "james",
        "postmaster@mx.example",
        "Your order",
        """Hi. This is the James mail server at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.  Below
I include the list of recipients and the reason why I was unable to deliver
your message.

Failed recipient(s):
ann@client.example

Error message:
550 5.1.1 unknown or illegal alias: ann@client.example
""",
        hard("ann@client.example"),
    ),
    letter(
        "opensmtpd",
        "Mailer Daemon <MAILER-DAEMON@mx.example>",
        "Delivery status notification",
        """    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

ann@client.example: 550 5.2.2 <ann@client.example>... Mailbox Full

    Below is a copy of the original message:

{returned}""",
        soft("ann@client.example", "5.2.2"),
    ),
    letter(
        "dragonfly",
        "MAILER-DAEMON <>",
        "Mail delivery failed",
        """This is the DragonFly Mail Agent v0.13 at mx.example.

There was an error delivering your mail to <ann@client.example>.

mx.client.example [192.0.2.9] did not like our RCPT TO:
550 5.1.1 <ann@client.example> User does not exist

Message headers follow.

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "domino",
        "Postmaster <postmaster@client.example>",
        "DELIVERY FAILURE: User ann (ann@client.example) not listed in Domino Directory",
        """Your message

  Subject: Your order

was not delivered to:

  ann@client.example

because:

  User ann (ann@client.example) not listed in Domino Directory

""",
        hard("ann@client.example"),
    ),
    letter(
        "notes",
        "Mail Router <postmaster@client.example>",
        "DELIVERY FAILURE: 550 5.1.1 No such recipient",
        """------- Failure Reasons  --------

User not listed in public Name & Address Book
ann@client.example

------- Returned Message --------
{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "groupwise",
        "Mail System <postmaster@client.example>",
        "Message status - undeliverable",
        """The attached file had the following undeliverable recipient(s):
\tann@client.example

Transcript of session follows:
  RCPT TO:<ann@client.example>
  550 5.1.1 User unknown
""",
        hard("ann@client.example"),
    ),
    letter(
        "mailmarshal",
        "<postmaster@client.example>",
        "Undeliverable Mail: Your order",
        """Your message:
   From:    support@demo.example
   Subject: Your order

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    ann@client.example

Additional Information
======================
Original Sender:    <support@demo.example>
Sender-MTA:         <192.0.2.3>
Server-Name:        mx.client.example
""",
        hard("ann@client.example"),
    ),
    letter(
        "interscan",
        "InterScan MSS <InterScan-MSS@mx.example>",
        "Mail could not be delivered",
        """Sent >>> RCPT TO:<ann@client.example>
Received <<< 550 Unknown user ann@client.example

Unable to deliver message to <ann@client.example>.
""",
        hard("ann@client.example"),
    ),
    letter(
        "imail",
        "Postmaster <postmaster@mx.example>",
        "Undeliverable Mail",
        """Unknown user: ann@client.example

Original message follows.

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "imail-full",
        "Postmaster <postmaster@mx.example>",
        "Undeliverable Mail",
        """User mailbox exceeds allowed size: ann@client.example

Original message follows.

{returned}""",
        soft("ann@client.example", "5.2.2"),
    ),
    letter(
        "mdaemon",
        "MDaemon <MDaemon@mx.example>",
        "Warning: ann@client.example - User unknown!",
        """The following data may contain sections which represent BASE64 encoded
file attachments. These sections will be unreadable without MIME aware tools.

===========================
The attached message had PERMANENT fatal delivery errors!

--- Session Transcript ---
 Mon 2026-11-02 10:00:01: --> RCPT To:<ann@client.example>
 Mon 2026-11-02 10:00:01: <-- 550 <ann@client.example>, Recipient unknown
--- End Transcript ---
""",
        hard("ann@client.example"),
    ),
    letter(
        "mailru",
        "mailer-daemon@corp.mail.ru",
        "Mail failure.",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@client.example
    SMTP error from remote mail server after RCPT TO:<ann@client.example>:
    host mx.client.example [192.0.2.9]: 550 Message was not accepted -- invalid mailbox.  \
Local mailbox ann@client.example is unavailable: user not found
""",
        hard("ann@client.example"),
    ),
    letter(
        "gmx",
        "GMX Mailer Daemon <mailer-daemon@gmx.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. This is a permanent error. The following address
failed:

"ann@client.example":
SMTP error from remote server after RCPT command:
host: mx.client.example
5.1.1 <ann@client.example>... User Unknown

--- The header of the original message is following. ---

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "web-de",
        "Mail Delivery System <mailer-daemon@hoster.example>",
        "Mail delivery failed: returning message to sender",
        """Diese E-Mail wurde automatisch von einem Mailserver erzeugt.

Eine von Ihnen verschickte E-Mail konnte an einen oder mehrere Empfänger
nicht zugestellt werden. Dies ist ein dauerhafter Fehler. Folgende Adresse(n)
waren betroffen:

ann@client.example:
SMTP error from remote server for RCPT TO command, host: mx.client.example (192.0.2.9) reason: \
550 5.1.1 unbekannter Benutzer

--- Der Header der ursprünglichen Nachricht folgt ---

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "aol",
        "Mail Delivery Subsystem <MAILER-DAEMON@aol.example>",
        "Returned mail: User unknown",
        """The original message was received at Mon, 2 Nov 2026 10:00:00 -0500 (EST)

   ----- The following addresses had delivery problems -----
<ann@client.example>  (unrecoverable error)

   ----- Transcript of session follows -----
... while talking to air-yh01.mail.client.example.:
>>> RCPT To:<ann@client.example>
<<< 550 MAILBOX NOT FOUND
550 <ann@client.example>... User unknown
""",
        hard("ann@client.example"),
    ),
    letter(
        "message-labs",
        "MAILER-DAEMON@messagelabs.example",
        "Mail Delivery Failure",
        """This is an automatically generated message from the mail system.

An email you sent could not be delivered to:

Recipient: <ann@client.example>
Reason: 550 5.1.1 No such user

""",
        hard("ann@client.example"),
    ),
    letter(
        "mimecast",
        "Mail Delivery System <postmaster@mimecast.example>",
        "[Postmaster] Email Delivery Failure",
        """This is an automatically generated email.

Your email was unable to be delivered to the following recipient(s):

ann@client.example

The remote server returned the following response:
550 Administrative prohibition - envelope blocked - https://community.example/a
""",
        soft("ann@client.example", "5.0.0"),
    ),
    letter(
        "communigate",
        "<MAILER-DAEMON@mx.example>",
        "Undeliverable mail",
        """Failed to deliver to 'ann@client.example'
mailbox ann@client.example is unknown
LOCAL module(account ann) reports:
 account is full (quota exceeded)

""",
        soft("ann@client.example", "5.2.2"),
    ),
    letter(
        "zoho",
        "mailer-daemon@mail.zoho.example",
        "Undelivered Mail Returned to Sender",
        """This message was created automatically by mail delivery software.
 A message that you sent could not be delivered to one or more of its recipients. This is a \
permanent error.

 ann@client.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.=1 <ann@client.example>: \
Recipient address rejected: User unknown in virtual alias table

""",
        hard("ann@client.example"),
    ),
    letter(
        "powermta",
        "Postmaster <postmaster@mx.example>",
        "Delivery report",
        """Hello, this is the mail server on mx.example.

I am sending you this message to inform you on the delivery status of a
message you previously sent.  Immediately below you will find a list of
the affected recipients;  also attached is a Delivery Status Notification
(DSN) report in standard format, as well as the headers of the original
message.

  <ann@client.example>  delivery failed; will not continue trying
  550 5.1.1 user unknown
""",
        hard("ann@client.example"),
    ),
    letter(
        "ms-smtp-delay",
        "postmaster@mx.example",
        "Delivery Status Notification (Delay)",
        """This is an automatically generated Delivery Status Notification.

THIS IS A WARNING MESSAGE ONLY.

YOU DO NOT NEED TO RESEND YOUR MESSAGE.

Delivery to the following recipients has been delayed.

       ann@client.example

""",
        soft("ann@client.example", "4.0.0"),
        kind="delayed",
    ),
    letter(
        "ms-smtp",
        "postmaster@mx.example",
        "Delivery Status Notification (Failure)",
        """This is an automatically generated Delivery Status Notification.

Delivery to the following recipients failed.

       ann@client.example
       bob@client.example

""",
        soft("ann@client.example", "5.0.0"),
        soft("bob@client.example", "5.0.0"),
    ),
    letter(
        "vpopmail",
        "MAILER-DAEMON@mx.example",
        "failure notice",
        """Hi. This is the qmail-send program at mx.example.

<ann@client.example>:
This address no longer accepts mail.

--- Below this line is a copy of the message.

{returned}""",
        hard("ann@client.example"),
    ),
    letter(
        "moved",
        "MAILER-DAEMON@mx.example",
        "Returned mail: User has moved",
        """   ----- Transcript of session follows -----
<<< 551 5.1.6 <ann@client.example> User has moved; please try <ann@new.example>
551 5.1.6 <ann@client.example>... User has moved

   ----- Original message follows -----
{returned}""",
        hard("ann@client.example", "5.1.6"),
    ),
    letter(
        "null-mx",
        "Mail Delivery System <MAILER-DAEMON@mx.example>",
        "Undelivered Mail Returned to Sender",
        """This is the mail system at host mx.example.

<ann@client.example>: Domain client.example does not accept mail (nullMX)
""",
        hard("ann@client.example", "5.1.10"),
    ),
    letter(
        "amazon-ses",
        "MAILER-DAEMON@amazonses.example",
        "Delivery Status Notification (Failure)",
        """An error occurred while trying to deliver the mail to the following recipients:
ann@client.example
""",
        soft("ann@client.example", "5.0.0"),
    ),
    letter(
        "facebook",
        "Mail Delivery System <mailer-daemon@mx.example>",
        "Sorry, your message could not be delivered",
        """This message was created automatically.

ann@client.example
550 5.1.1 RCP-P2 http://postmaster.example/response_codes?ip=192.0.2.3#rcp Refused due to \
recipient preferences

""",
        hard("ann@client.example"),
    ),
    letter(
        "kddi",
        "Postmaster@ezweb.example",
        "Mail System Error - Returned Mail",
        """The user(s) account is temporarily over quota.

<ann@ezweb.example>:

----- Original message follows -----
{returned}""",
        soft("ann@ezweb.example", "5.2.2"),
    ),
    letter(
        "ezweb-ja",
        "Postmaster@ezweb.example",
        "Mail System Error - Returned Mail",
        """次のあて先へのメッセージはエラーのため送信できませんでした。

<ann@ezweb.example>: 宛先のユーザが存在しません (550 User unknown)

{returned}""",
        hard("ann@ezweb.example"),
        charset="iso-2022-jp",
    ),
    letter(
        "x-spanish",
        "Administrador del sistema <postmaster@client.example>",
        "No se puede entregar: Su pedido",
        """El mensaje no llegó a algunos de los destinatarios.

No se puede encontrar a los siguientes destinatarios:

    ann@client.example el 02/11/2026 10:00
        La dirección de correo del destinatario no existe en la organización.
        <mx.client.example #5.1.1>
""",
        hard("ann@client.example"),
    ),
    letter(
        "x-italian",
        "Amministratore di sistema <postmaster@client.example>",
        "Mancato recapito: ordine",
        """Il messaggio non è stato recapitato ai seguenti destinatari:

ann@client.example
Indirizzo inesistente
""",
        hard("ann@client.example"),
    ),
    letter(
        "x-dutch",
        "Postmaster <postmaster@client.example>",
        "Onbestelbaar: bestelling",
        """Uw bericht kon niet worden bezorgd aan:

ann@client.example

De gebruiker is onbekend.
""",
        hard("ann@client.example"),
    ),
    letter(
        "x-chinese",
        "postmaster@client.example",
        "系统退信/Systems bounce",
        """抱歉,您的邮件被退回来了……

收件人：ann@client.example

退信原因：收件人地址不存在。
550 User not found: ann@client.example
""",
        hard("ann@client.example"),
    ),
    letter(
        "x-russian",
        "Mail Delivery System <mailer-daemon@client.example>",
        "Недоставленное сообщение",
        """Это письмо создано автоматически сервером. Письмо не доставлено:

ann@client.example: пользователь не найден
""",
        hard("ann@client.example"),
    ),
    letter(
        "yandex",
        "mailer-daemon@yandex.example",
        "Недоставленное сообщение",
        """Это письмо отправлено почтовым сервером.

К сожалению, мы вынуждены сообщить Вам о том, что Ваше письмо не может
быть отправлено одному или нескольким адресатам.

<ann@client.example>: host mx.client.example[192.0.2.9] said: 550 5.7.1 No such user!
    (in reply to RCPT TO command)
""",
        hard("ann@client.example", "5.7.1"),
    ),
    letter(
        "listed-only-in-the-original",
        "Mail Administrator <Postmaster@client.example>",
        "Mail System Error - Returned Mail",
        """This Message was undeliverable due to the following reason:

Your message was not delivered because the destination computer was
not found.  Carefully check that it was spelled correctly.

Please reply to Postmaster@client.example
if you feel this message to be in error.

{returned}""",
        hard("ann@nowhere.example", "5.1.2"),
    ),
    letter(
        "sender-refused",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """<ann@client.example>: host mx.client.example[192.0.2.9] said: 550 5.1.8
    <support@demo.example>: Sender address rejected: Domain not found (in reply
    to RCPT TO command)
""",
        soft("ann@client.example", "5.1.8"),
    ),
    letter(
        "blocked",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """<ann@client.example>: host mx.client.example[192.0.2.9] said: 554 5.7.1 Service
    unavailable; Client host [192.0.2.3] blocked using bl.example
""",
        soft("ann@client.example", "5.7.1"),
    ),
    letter(
        "relay",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """<ann@client.example>: host mx.client.example[192.0.2.9] said: 554 5.7.1
    <ann@client.example>: Relay access denied (in reply to RCPT TO command)
""",
        soft("ann@client.example", "5.7.1"),
    ),
    letter(
        "too-large",
        "MAILER-DAEMON@mx.example",
        "failure notice",
        """Hi. This is the qmail-send program at mx.example.

<ann@client.example>:
552 5.3.4 Message size exceeds fixed limit

--- Below this line is a copy of the message.

{returned}""",
        soft("ann@client.example", "5.3.4"),
    ),
    letter(
        "disabled",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        """Delivery to the following recipient failed permanently:

     ann@client.example

The error that the other server returned was:
550 5.2.1 The email account that you tried to reach is disabled.
""",
        soft("ann@client.example", "5.2.1"),
    ),
    letter(
        "success",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Successful Mail Delivery Report",
        """This is the mail system at host mx.example.

Your message was successfully delivered to the destination(s)
listed below.

<ann@client.example>: delivery via mx.client.example[192.0.2.9]:25: 250 2.0.0 Ok: queued as 1
""",
        soft("ann@client.example", "2.0.0"),
        kind="delivered",
    ),
    letter(
        "no-null-sender",
        "MAILER-DAEMON@mx.example",
        "Undeliverable: Your order",
        """Delivery to <ann@client.example> failed.

550 5.1.1 no such user
""",
        hard("ann@client.example"),
        headers="Return-Path: <postmaster@mx.example>\n",
    ),
)
