"""How long to wait before trying again."""

import random

FIRST_DELAY_S = 1.0


def retry_delay_s(attempt: int, maximum_s: float, rng: random.Random) -> float:
    """Seconds before attempt number `attempt` (0 = the first repeat): doubles up to
    `maximum_s`; half of it is chance, so that many bridges don't knock on a restarted broker at the same moment."""
    ceiling = min(maximum_s, FIRST_DELAY_S * 2.0 ** min(attempt, 20))
    return ceiling * rng.uniform(0.5, 1.0)
