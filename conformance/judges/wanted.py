"""What clients ask for and the server does not do yet. It must be refused by name; a silent fallback is a failure.

A test of such a feature runs inside `wanted`. It passes when the feature works. It counts as expected to fail (and is
listed in the score) when the server refuses with status 400 and names the field. Anything else fails it.
"""

import contextlib
import re

import pytest


@contextlib.contextmanager
def wanted(feature, refusal, names):
    """Runs a test of `feature`; `refusal` is the client's exception of a 400, `names` a pattern in its message."""
    try:
        yield
    except refusal as error:
        message = str(error)
        assert re.search(names, message), f"refused, but {names!r} is not named: {message}"
        pytest.xfail(f"not yet: {feature}")
