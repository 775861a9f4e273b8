"""Send one e-mail over AWS SES; a mail that fails never fails the job."""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING

from kalshi.config import Config

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
MAX_SUBJECT = 200


class MailOutcome(Enum):
    """What became of one e-mail."""

    SENT = "sent"
    SKIPPED = "skipped"  # no sender or recipient is set
    FAILED = "failed"  # logged; the job goes on


def send_email(config: Config, subject: str, text: str, html: str | None = None) -> MailOutcome:
    """Send *text*, and *html* beside it, from EMAIL_SENDER to EMAIL_RECIPIENT (comma-separated).

    subject: line breaks and control characters become blanks, so that no header can be slipped in.
    html: must be escaped already. Never raises for anything that mail can do: the outcome says it.
    """
    recipients = [address.strip() for address in config.email_recipient.split(",") if address.strip()]
    if not config.email_sender or not recipients:
        log.warning("no e-mail is sent: EMAIL_SENDER and EMAIL_RECIPIENT are not both set")
        return MailOutcome.SKIPPED
    try:
        message_id = _send(config, recipients, one_line(subject), text, html)
    except Exception as error:  # noqa: BLE001 - orders were placed already: no mail trouble may end the run
        log.error("the e-mail was not sent: %s", one_line(f"{type(error).__name__}: {error}"))
        return MailOutcome.FAILED
    log.info("e-mail sent", extra={"message_id": message_id})
    return MailOutcome.SENT


def one_line(subject: str) -> str:
    """Return *subject* as one printable line of at most 200 characters."""
    printable = "".join(char if char.isprintable() else " " for char in subject)
    return " ".join(printable.split())[:MAX_SUBJECT] or "(no subject)"


def _send(config: Config, recipients: list[str], subject: str, text: str, html: str | None) -> str:
    import boto3
    from botocore.config import Config as AwsConfig

    settings = AwsConfig(
        region_name=config.aws_region,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        # A repeated mail after a lost answer is better than none: SES has no id against duplicates.
        retries={"total_max_attempts": 2, "mode": "standard"},
    )
    client: SESClient = boto3.Session().client("ses", config=settings)
    parts = {"Text": {"Data": text, "Charset": "UTF-8"}}
    if html:
        parts["Html"] = {"Data": html, "Charset": "UTF-8"}
    answer = client.send_email(
        Source=config.email_sender,
        Destination={"ToAddresses": recipients},
        Message={"Subject": {"Data": subject, "Charset": "UTF-8"}, "Body": parts},  # type: ignore[typeddict-item]
    )
    return answer["MessageId"]
