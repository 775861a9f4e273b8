"""The end of a run as a person sees it: report saved, printed and mailed once."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.config import Config
from kalshi.errors import EXIT_OK, EXIT_STOPPED
from kalshi.runtime import notices
from kalshi.runtime.clock import new_york
from kalshi.runtime.endings import Ending
from kalshi.runtime.run import Run

if TYPE_CHECKING:
    from kalshi.trading.outcomes import OrderReport


log = logging.getLogger(__name__)


def deliver(run: Run, ending: Ending, *, redact: Callable[[str], str]) -> None:
    """Save, print and mail the report of *run*; trouble with one of them is logged and stops none of the
    others.

    A run that failed before it had anything to report has said its one line in the log: nothing more is
    printed or saved, but a configured mail still goes out, at most one an hour for the same trouble. A run
    stopped by the switch mails nothing.
    """
    had_content = not run.report.is_empty
    _complete(run, ending)
    if had_content or ending.code == EXIT_OK:
        _save(run, redact)
        text = redact(run.report.text())
    else:
        text = ""
    routine = run.args.no_email and ending.code == EXIT_OK and not run.alarmed
    quiet = run.no_email or routine or ending.code == EXIT_STOPPED or notices.was_mailed(run, ending)
    mailed_copy = "" if quiet else _mail(run, ending, redact)
    # When the mail is shown instead of sent it contains the report: once is enough.
    print_out(mailed_copy if text and mailed_copy else text)


def print_out(text: str) -> None:
    """Write *text* to standard output; what can not be printed ends no run.

    A reader that went away (`| head`) and an output that was closed from the start are no error, a full disk
    is a line in the log, and characters that the terminal does not know become question marks.
    """
    out = sys.stdout
    if out is None:  # closed by who started us; the type does not know that
        return
    try:
        encoding = getattr(out, "encoding", None) or "utf-8"
        out.write(text.encode(encoding, "replace").decode(encoding))
        out.flush()
    except OSError as error:
        sys.stdout = None  # else the interpreter complains again at exit
        if not isinstance(error, BrokenPipeError):
            log.error("the report could not be printed: %s", error)


def _complete(run: Run, ending: Ending) -> None:
    if ending.line:
        word = "Nothing to do" if ending.code == EXIT_OK else f"{ending.status.replace('_', ' ').capitalize()}"
        run.report.add_line(f"{word}: {ending.line}")
    if run.dry_run:
        run.report.add_line(f"Dry run, no order was sent: {run.dry_run_reason}")
    if run.order_reports:
        run.report.add_line(funnel(run.order_reports))
    for warning in run.warnings():
        run.report.add_line(f"Warning: {warning}")
    for title, earlier in (("Orders of this run", False), ("Placed earlier, nothing sent now", True)):
        rows = [_order_row(report) for report in run.order_reports if report.earlier is earlier]
        if rows:
            run.report.add_table(title, _ORDER_HEADERS, rows)
    run.report.add_line(f"Run {run.run_id}, mode {run.config.mode}, exit code {ending.code}")


_ORDER_HEADERS = ("market", "side", "price", "count", "outcome", "filled", "average", "fee", "reason")


def funnel(reports: Sequence[OrderReport]) -> str:
    """Return in one line where the intents of a run went, such as `8 intents: 2 refused here (spread 2), 6 sent`.

    Refusals are counted by the name of the control.
    """
    now = [report for report in reports if not report.earlier]
    refused = Counter(report.control or "control" for report in now if report.outcome.value == "refused")
    sent = Counter(report.outcome.value for report in now if report.outcome.value != "refused")
    parts = []
    if len(reports) > len(now):
        parts.append(f"{len(reports) - len(now)} placed earlier")
    if refused:
        parts.append(f"{refused.total()} refused here ({_counts(refused)})")
    parts.append(f"{sent.total()} sent" + (f" ({_counts(sent)})" if sent else ""))
    return f"{len(reports)} intent{'s' if len(reports) != 1 else ''}: {', '.join(parts)}"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def _order_row(report: OrderReport) -> tuple[object, ...]:
    intent = report.intent
    return (
        intent.ticker,
        intent.side.value,
        intent.price,
        intent.count,
        report.outcome.value,
        report.filled,
        _four_decimals(report.average_price),
        _four_decimals(report.fee),
        report.reason,
    )


def _four_decimals(dollars: Decimal | None) -> str | None:
    return None if dollars is None else f"{dollars:.4f}"


def _mail(run: Run, ending: Ending, redact: Callable[[str], str]) -> str:
    """Send the summary; return it as text to print where the settings say that none is sent."""
    from kalshi.mailer import MailOutcome, send_email

    alarm = ", with an alarm" if run.alarmed else ""
    subject = f"{run.job}: {ending.status.replace('_', ' ')}{alarm} ({', '.join(_about(run))})"
    text = redact(run.report.text())
    reason = _unset(run.config) or ("offline" if run.offline else "")
    if not reason:
        sent = send_email(run.config, subject, text, redact(run.report.html()))
        if sent is MailOutcome.SENT:
            notices.keep(run, ending)
        return ""
    return f"E-mail (not sent: {reason})\nSubject: {subject}\n\n{text}"


def _about(run: Run) -> list[str]:
    """Return what a reader must know before opening the mail: mode, dry run, made-up markets."""
    marks = [mark for mark in run.report.marks if mark not in ("DRY RUN", run.config.mode.upper())]
    return [run.config.mode, *(["dry run"] if run.dry_run else []), *marks]


def _unset(config: Config) -> str:
    settings = {"EMAIL_SENDER": config.email_sender, "EMAIL_RECIPIENT": config.email_recipient}
    names = [name for name, value in settings.items() if not value.strip(" ,")]
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not set" if names else ""


def _save(run: Run, redact: Callable[[str], str]) -> None:
    stem = f"{run.job}_{new_york(run.now):%Y-%m-%d_%H%M}_{run.run_id[-6:]}"
    try:
        text, _ = run.report.save(run.report_dir, stem, redact=redact)
        run.log.info("report saved: %s", text)
    except Exception as error:  # noqa: BLE001 - the run itself is done and recorded
        run.log.error("the report could not be saved: %s", error)
