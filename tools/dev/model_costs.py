"""What a node's CPU takes in torc-model, from the instruction counts of the hot functions.

bench/instructions/baseline.json has frames of nineteen messages of 64 bytes and of one of 1350, so
each count is a line: a frame plus a message each. The rate at which instructions are executed is
an assumption, not a measurement."""

import json
from pathlib import Path

MESSAGES = 19  # of 64 bytes in a full frame of bench/instructions
IN_BURST = 64  # frames that `visit_loaded` frees
# Two instructions a cycle at 2.6 GHz.
INSTRUCTIONS_PER_NS = 5.2


def instructions(counts: dict[str, float]) -> dict[str, float]:
    """Instructions of each part of torc-model's --cpu."""
    def split(name: str) -> tuple[float, float]:
        """(a frame, a message) of a workload that counts frames."""
        many, one = counts[f"{name}/64"], counts[f"{name}/1350"]
        message = (many - one) / (MESSAGES - 1)
        return one - message, message

    received_frame, received_message = split("data_received")
    sent_frame, sent_message = split("data_sent")
    # A message of 1350 bytes pays for building a whole frame, one of 64 for a nineteenth of it. The
    # model charges it so, too: frames are built before the token comes, which must not wait for it.
    built_frame = (counts["message_in/1350"] - counts["message_in/64"]) * MESSAGES / (MESSAGES - 1)
    freed_frame = (counts["visit_loaded"] - counts["visit_idle"]) / IN_BURST
    rx_frame = received_frame + freed_frame
    return {
        "rx_frame": rx_frame,
        "tx_frame": sent_frame,
        "built_frame": built_frame,
        # The model charges the token as a frame received and a frame sent, too. Those counted have
        # a message with a head of its own, which no token has: that may be more than a whole visit.
        "token": max(0.0, counts["visit_idle"] - rx_frame - sent_frame),
        "message_in": counts["message_in/1350"] - built_frame,
        "message_out": received_message,
        # Placed and judged at the sender, then one record in its session's ring.
        "message_own": sent_message + counts["message_out/64"],
    }


def cpu_option(baseline: Path, per_ns: float) -> str:
    """`code:rx_frame=161,...` for --cpu."""
    counts = json.loads(baseline.read_text(encoding="utf-8"))["instructions"]
    parts = instructions(counts)
    return "code:" + ",".join(f"{name}={round(count / per_ns)}" for name, count in parts.items())
