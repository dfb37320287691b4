"""`make demo`: one mail with an attachment through the whole system, every step printed."""

import asyncio
import hashlib
import json
import smtplib
import sys
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any, Final

from deploy.local.agent_client import AgentClient, UnexpectedAnswerError, logged_in
from deploy.local.progress import NotPossibleError
from deploy.local.run import operate
from deploy.local.servers.running_servers import Servers
from deploy.local.stack.mail_sink import SentMail
from deploy.local.stack.system import System

AGENT: Final = "agent1"
CUSTOMER: Final = "ann@example.org"
MAILBOX: Final = "support@demo.example"
INVOICE: Final = b"%PDF-1.4\n% not much of an invoice\n" + bytes(range(256)) * 40
REPLY: Final = {
    "operationName": "Reply",
    "subjectPrefix": "Re: ",
    "replyToStartLine": "Ann wrote:",
    "indentCharacter": "> ",
    "quoteOriginal": True,
    "queueName": "drafts",
}


async def run_demo(_up: Servers, running: System) -> None:
    """Play a customer and an agent, and print what each sees.

    Raises:
        NotPossibleError: A step failed; the error says which.
    """
    try:
        async with logged_in(running.gateway_url, AGENT, AGENT) as agent:
            await _journey(agent, running)
    except UnexpectedAnswerError as error:
        raise NotPossibleError(f"the demo stopped: {error}") from error
    _say("done", "one mail in, one answer out, nothing left open")


async def _journey(agent: AgentClient, running: System) -> None:
    await _post(agent, "/me/channels/email", {"operationName": "Ready"})
    await _mail_in(running.addresses.smtp)
    invited = await _wait_for(agent, "Invited")
    inbound = f"/me/interactions/{invited['id']}"
    await _post(agent, inbound, {"operationName": "Accept"})
    accepted = await _wait_for(agent, "Accepted")
    await _download(agent, inbound, accepted["email_object"]["attachments"][0])
    answer = await _post(agent, inbound, REPLY)
    draft = await _wait_for(agent, "ReplyCreated")
    text = f"Dear Ann,\n\nthank you, it is paid.\n\n{draft['email_object']['Text']}"
    send = {"operationName": "Send", "queueName": "drafts", "email_object": {"text": text}}
    await _post(agent, f"/me/interactions/{answer['replyInteractionId']}", send)
    _mail_out(await running.sink.arrivals.get())
    await _wait_for(agent, "Sent")
    await _post(agent, inbound, {"operationName": "Complete"})
    await _wait_for(agent, "Completed")


async def _mail_in(port: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ann <{CUSTOMER}>", MAILBOX, "Invoice 17"
    mail["Message-ID"] = "<invoice-17@example.org>"
    mail.set_content("Hello,\nhere is invoice 17.\nRegards, Ann\n")
    mail.add_attachment(INVOICE, maintype="application", subtype="pdf", filename="invoice 17.pdf")
    await asyncio.to_thread(_hand_in, mail, port)
    _say("mail in", f"{CUSTOMER} → {MAILBOX}: {mail['Subject']!r} with 'invoice 17.pdf'")


def _hand_in(mail: EmailMessage, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.send_message(mail)


async def _wait_for(agent: AgentClient, state: str) -> Mapping[str, Any]:
    message = await agent.wait_for_state(state)
    email = message["email_object"]
    _say("event", f"{AGENT} got {state}: interaction {message['id']}, {email['Subject']!r}")
    if message["capabilities"]:
        _more(f"may now {', '.join(message['capabilities'])}")
    for line in email.get("Text", "").splitlines():
        _more(f"| {line}")
    return message


async def _post(agent: AgentClient, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = await agent.post(path, body)
    _say("post", f"{AGENT} posted {json.dumps(body)} to {path}")
    _more(f"answer {json.dumps(answer)}")
    return answer


async def _download(agent: AgentClient, inbound: str, attachment: Mapping[str, Any]) -> None:
    answer = await agent.download(f"{inbound}/attachments/{attachment['id']}")
    if answer.content != INVOICE:
        raise UnexpectedAnswerError(f"the attachment is not what was mailed: {answer.status_code}")
    digest = hashlib.sha256(answer.content).hexdigest()
    _say("get", f"{AGENT} downloaded {attachment['name']!r}: {len(answer.content)} bytes")
    _more(f"the same that was mailed, SHA-256 {digest}")


def _mail_out(mail: SentMail) -> None:
    _say("mail out", f"{mail.sender} → {', '.join(mail.recipients)}")
    for line in mail.file.read_text().splitlines():
        _more(f"| {line}")


def _say(what: str, words: str) -> None:
    print(f"\n{what:>8}  {words}", flush=True)


def _more(words: str) -> None:
    print(f"{'':8}  {words}", flush=True)


if __name__ == "__main__":
    sys.exit(operate(run_demo, sys.argv[1:]))
