"""The library keeps every law of the law book."""

import laws
import pytest


@pytest.mark.parametrize("law", [name for name in vars(laws) if name.startswith("law_")])
def test_the_library_keeps(law):
    getattr(laws, law)()
