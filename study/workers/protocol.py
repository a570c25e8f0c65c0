"""Worker protocol, version 1 (docs/worker-protocol.md), for any runtime. Nothing but the standard library.

A runtime is an object with the methods of `Runtime`; `serve(make)` answers requests with it until `close`.
"""

import hashlib
import json
import os
import signal
import sys
import time
import traceback

VERSION = 1

# An answer to a line that is no request has no id of its own.
NO_ID = -1


class WorkerError(Exception):
    """A refusal with one of the protocol's codes."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def impossible(message):
    return WorkerError("impossible", message)


def invalid(message):
    return WorkerError("invalid-request", message)


class Runtime:
    """What a worker of one runtime does; requests are checked and in order when they arrive here."""

    # Whether the durations of single inferences include the wait for the device.
    each = True

    def hello(self):
        """Answer of hello: runtime, versions, gpu."""
        raise NotImplementedError

    def load(self, request):
        """Answer of load."""
        raise NotImplementedError

    def prepare(self, inputs, batch):
        """Reads and converts inputs (paths by name), for infer."""
        raise NotImplementedError

    def infer(self):
        """One inference, its outputs in ordinary memory."""
        raise NotImplementedError

    def synchronise(self):
        """Waits for the device; returns what waited."""
        raise NotImplementedError

    def outputs(self, folder):
        """One more inference; paths of its outputs by name."""
        raise NotImplementedError

    def export(self, path, batch, sequence_length):
        """Answer of export, less its path."""
        raise impossible("this runtime has no exporter")

    def out_of_memory(self, error):
        """Whether an exception of the runtime means that memory ran out."""
        return isinstance(error, MemoryError)

    def close(self):
        pass


def take(request, name, kinds, otherwise=None):
    """A field of a request; kinds as isinstance takes them."""
    value = request.get(name)
    if value is None:
        value = otherwise
    # bool is an int to Python, not to the protocol.
    if value is None or not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise invalid(f"'{name}' is missing or of the wrong type: {json.dumps(request.get(name))}")
    return value


def hash_of(inputs):
    """SHA-256 over the files, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(inputs):
        with open(inputs[name], "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


class Session:
    """Keeps the order of requests and times inferences; the runtime is made by the first request."""

    def __init__(self, make):
        self.make = make
        self.runtime = None
        self.loaded = False
        self.prepared = False
        self.closed = False

    def answer(self, request):
        op = take(request, "op", str)
        handler = getattr(self, f"on_{op}", None)
        if handler is None:
            raise invalid(f"there is no request '{op}'")
        # A runtime that cannot be made can still be closed.
        if self.runtime is None and op != "close":
            self.runtime = self.make()
        return handler(request)

    def on_hello(self, request):
        if request.get("protocol") != VERSION:
            raise invalid(f"this worker speaks protocol {VERSION}, not {request.get('protocol')}")
        return {"protocol": VERSION, **self.runtime.hello()}

    def on_load(self, request):
        if self.loaded:
            raise invalid("a model is loaded already: one process runs one model")
        for name in ("model", "weights", "provider"):
            take(request, name, str)
        for name in ("precision", "options"):
            take(request, name, dict, {})
        for name in ("batch", "sequenceLength"):
            take(request, name, int)
        answer = self.runtime.load(request)
        self.loaded = True
        return answer

    def on_prepare(self, request):
        self.need(self.loaded, "load")
        inputs = take(request, "inputs", dict)
        batch = take(request, "batch", int)
        self.prepared = False
        digest = hash_of(inputs)
        self.runtime.prepare(inputs, batch)
        self.prepared = True
        return {"inputHash": digest}

    def on_infer(self, request):
        self.need(self.prepared, "prepare")
        if (request.get("n") is None) == (request.get("minSeconds") is None):
            raise invalid("infer takes either n or minSeconds")
        count = take(request, "n", int, 0)
        nanoseconds = round(take(request, "minSeconds", (int, float), 0) * 1e9)
        if count < 0 or nanoseconds < 0 or count + nanoseconds == 0:
            raise invalid("infer takes an n of at least 1 or a minSeconds above 0")
        return self.infer(count, nanoseconds)

    def infer(self, count, nanoseconds):
        infer, clock = self.runtime.infer, time.monotonic_ns
        durations = []
        start = before = clock()
        while len(durations) < count or before - start < nanoseconds:
            infer()
            now = clock()
            durations.append(now - before)
            before = now
        by = self.runtime.synchronise()
        end = clock()
        return {
            "n": len(durations),
            "startNs": str(start),
            "endNs": str(end),
            "synchronised": {"confirmed": True, "by": by},
            "durationsMs": [d / 1e6 for d in durations],
            "each": self.runtime.each,
        }

    def on_synchronise(self, request):
        self.need(self.loaded, "load")
        start = time.monotonic_ns()
        by = self.runtime.synchronise()
        end = time.monotonic_ns()
        return {"startNs": str(start), "endNs": str(end), "synchronised": {"confirmed": True, "by": by}}

    def on_outputs(self, request):
        self.need(self.prepared, "prepare")
        return {"outputs": self.runtime.outputs(take(request, "folder", str))}

    def on_export(self, request):
        self.need(self.loaded, "load")
        path = take(request, "path", str)
        answer = self.runtime.export(path, take(request, "batch", int), take(request, "sequenceLength", int))
        return {"path": path, **answer}

    def on_close(self, request):
        if self.runtime is not None:
            self.runtime.close()
        self.closed = True
        return {}

    @staticmethod
    def need(done, what):
        if not done:
            raise invalid(f"nothing was done yet that this request needs: send '{what}' first")

    def code_of(self, error):
        if isinstance(error, WorkerError):
            return error.code
        if self.runtime is not None and self.runtime.out_of_memory(error):
            return "out-of-memory"
        # Libraries that a wheel does not find are OSErrors, before there is a runtime.
        if isinstance(error, ImportError) or (self.runtime is None and isinstance(error, OSError)):
            return "not-installed"
        return "failed"


def parse(line):
    try:
        request = json.loads(line)
    except ValueError as error:
        raise invalid(f"a line is not JSON: {error}") from None
    if not isinstance(request, dict) or not isinstance(request.get("id"), int):
        raise invalid("a line is not a request: an object with a whole number 'id' and an 'op'")
    return request


def reply(session, line):
    """The answer to one line."""
    number = NO_ID
    try:
        request = parse(line)
        number = request["id"]
        return {"id": number, "ok": True, **session.answer(request)}
    except Exception as error:
        code = session.code_of(error)
        told = {"code": code, "message": str(error).strip() or type(error).__name__}
        if not isinstance(error, WorkerError):
            told["trace"] = traceback.format_exc()
        return {"id": number, "ok": False, "error": told}


def claim_stdio():
    """Requests and answers on descriptors that no library and no child knows; what others print goes to stderr."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8", errors="replace")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def serve(make):
    """Answers requests until close (exit code 0), or until whoever asks is gone (1)."""
    # Ctrl-C reaches every process of a terminal; when to end is for the one that asks to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = claim_stdio()
    session = Session(make)
    for line in requests:
        if not line.strip():
            continue
        try:
            print(json.dumps(reply(session, line)), file=answers, flush=True)
        except BrokenPipeError:
            break
        if session.closed:
            sys.exit(0)
    # The runtime is not taken down in order: nobody waits for it.
    os._exit(1)
