"""What all tests share: how long hypothesis looks for a counterexample."""

from __future__ import annotations

from hypothesis import settings

# No deadline: how long an example takes says more about the machine than about the law.
settings.register_profile("test", deadline=None)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile("test")
