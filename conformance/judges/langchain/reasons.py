"""Why tests of LangChain's suites fail: the rows of `failures.toml`."""

import pathlib
import re
import tomllib

ROWS = tomllib.loads(pathlib.Path(__file__).with_name("failures.toml").read_text())["reasons"]


def reason_of(test):
    """The first row that is found in the test's name and in what it printed."""
    return next(
        (row for row in ROWS if re.search(row["tests"], test["name"]) and re.search(row["message"], test["message"])),
        None,
    )
