"""What all tests share: how long hypothesis looks for a counterexample, and that an interrupt interrupts."""

from __future__ import annotations

import signal

from hypothesis import settings

# No deadline: how long an example takes says more about the machine than about the law.
settings.register_profile("test", deadline=None)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile("test")

# What a shell starts in the background ignores interrupts, and hands that down to every process it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
