"""Where nbgrader's exchange takes a name for granted: `Collect`, which `gradschool.grading.configure` names."""

import os
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect

try:
    import pwd
except ImportError:  # Windows, where nbgrader has no exchange
    pwd = None


class Collect(ExchangeCollect):
    """Collects submissions under the name of the account that handed them in.

    With ``nbgrader submit --student=NAME`` anybody can claim to be anybody. What another account than NAME's handed in
    is that account's; stock nbgrader warns, and lets it take the place of what NAME handed in before. What the
    collecting account itself handed in keeps the name it was given: instructors submit for students, and on some hubs
    one account does all. ``c.ExchangeCollect.check_owner = False`` believes every name.
    """

    def _path_to_record(self, path):
        record = super()._path_to_record(path)
        account = account_of(path) if self.check_owner else None
        if account and account != record["username"]:
            self.log.warning(
                "%s was handed in by the account %s under the name of %s. It is collected as %s's.",
                path,
                account,
                record["username"],
                account,
            )
            record["username"] = account
        return record


def account_of(path):
    """The name of the account that made a folder; None for one's own and for one that has no name here."""
    made_by = Path(path).stat().st_uid
    if pwd is None or made_by == os.geteuid():
        return None
    try:
        return pwd.getpwuid(made_by).pw_name
    except KeyError:
        return None
