"""A runtime that sleeps: the protocol without any library. TOY names one way in which it misbehaves."""

import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "workers"))

import protocol  # noqa: E402
from protocol import Runtime, impossible, invalid, serve  # noqa: E402

FAULT = os.environ.get("TOY", "")
SECONDS = 0.002


def npy(values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(values)}, 1), }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}f", *values)


class Toy(Runtime):
    def __init__(self):
        # As libraries do; neither may reach the answers.
        print("a banner")
        os.write(1, b"a banner written past Python\n")
        os.system("echo a banner of a child")
        if FAULT == "not-installed":
            import a_library_that_is_not_there  # noqa: F401
        if FAULT == "no-library":
            raise OSError("libtoy.so.1: cannot open shared object file")
        self.queued = 0.0
        self.count = 0

    def hello(self):
        return {"runtime": "pytorch", "versions": {"toy": "1"}, "gpu": {"usable": False, "reason": "a toy has none"}}

    def load(self, request):
        if request["model"] != "toy":
            raise invalid(f"there is no model '{request['model']}'")
        if request["provider"] != "cpu":
            raise impossible("a toy runs on the CPU alone")
        if FAULT == "out-of-memory":
            raise MemoryError
        return {
            "callPath": "eager",
            "precision": {"tf32": None, "fp16": False},
            "threads": 1,
            "cudnnAutotune": None,
            "deviceUuid": None,
            "weights": "own",
            "sameArchitecture": False,
            "phases": [],
        }

    def prepare(self, inputs, batch):
        self.batch = batch

    def infer(self):
        if FAULT == "dies":
            os._exit(7)
        if FAULT == "fails":
            raise RuntimeError("the toy is broken")
        if FAULT == "asynchronous":
            self.queued = min(0.9, self.queued + 4 * SECONDS)
        time.sleep(SECONDS)

    def synchronise(self):
        return "sleep"

    def outputs(self, folder):
        time.sleep(self.queued)
        self.queued = 0.0
        self.count += 1
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "y.npy")
        value = float(self.count) if FAULT == "drifts" else 1.0
        with open(path, "wb") as file:
            file.write(npy([value] * self.batch))
        return {"y": path}

    def close(self):
        if FAULT == "exits-with-3":
            os._exit(3)


def lazy(self, count, nanoseconds, infer=protocol.Session.infer):
    """Runs one inference and says that it ran all."""
    answer = infer(self, 1, 0)
    n = max(1, count)
    return {**answer, "n": n, "durationsMs": answer["durationsMs"][:1] + [0.0] * (n - 1)}


def unconfirmed(self, count, nanoseconds, infer=protocol.Session.infer):
    return {**infer(self, count, nanoseconds), "synchronised": {"confirmed": False, "reason": "nothing waits"}}


def other_clock(self, count, nanoseconds, infer=protocol.Session.infer):
    answer = infer(self, count, nanoseconds)
    return {**answer, "startNs": str(time.time_ns()), "endNs": str(time.time_ns() + 1000)}


INFER = {"lazy": lazy, "unconfirmed": unconfirmed, "other-clock": other_clock}
if FAULT in INFER:
    protocol.Session.infer = INFER[FAULT]
if FAULT == "wrong-hash":
    protocol.hash_of = lambda inputs: "0" * 64
if FAULT == "wrong-id":
    reply_as_it_should = protocol.reply
    protocol.reply = lambda session, line: {**reply_as_it_should(session, line), "id": 1}
if FAULT == "chatters":
    # Anything of a worker that keeps the real standard output.
    protocol.claim_stdio = lambda: (sys.stdin, sys.stdout)

if FAULT == "stays":
    sys.exit = lambda code: time.sleep(600)
serve(Toy)
