"""python -u worker.py RUNTIME: a worker process (docs/worker-protocol.md). RUNTIME is a module of runtimes/."""

import importlib
import sys

import protocol

RUNTIMES = ("pytorch", "tensorflow", "mxnet")


def main(names):
    if len(names) != 1 or names[0] not in RUNTIMES:
        print(f"Usage: worker.py {'|'.join(RUNTIMES)}", file=sys.stderr)
        sys.exit(2)
    # Imported at the first request: a library that is missing is an answer, and what it prints is no answer.
    protocol.serve(lambda: importlib.import_module(f"runtimes.{names[0]}").Worker())


main(sys.argv[1:])
