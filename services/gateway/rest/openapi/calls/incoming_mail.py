"""The call by which programs hand in mail."""

from typing import Final

from services.gateway.rest.openapi.calls.bodies import RAW_MAIL
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.schema_builders import TEXT, object_of

INCOMING_MAIL_CALLS: Final[tuple[Call, ...]] = (
    Call(
        "post",
        "/ingest/{mailbox}",
        "Incoming mail",
        "Hand in a mail for a mailbox, as a server does by SMTP. Once this is answered, a majority"
        " of databases holds it. Programs do so with a token of their own (`mailroom make-token`).",
        object_of(
            {"statusCode": {"const": 0}, "arrivalId": TEXT},
            ("statusCode", "arrivalId"),
            example={"statusCode": 0, "arrivalId": "00009A8T8Y130123"},
        ),
        RAW_MAIL,
        body_type="message/rfc822",
        other_bodies=(("multipart/form-data", object_of({"mail": RAW_MAIL}, ("mail",))),),
        success_status="202",
        headers=("X-Envelope-From",),
        security=("token",),
    ),
)
