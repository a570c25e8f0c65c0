"""Makes models/reference/: compares the written models with torchvision, transformers and Keras.

    npx tsc -p models
    python -m venv .venv-reference && .venv-reference/bin/pip install -r models/tools/requirements.txt
    .venv-reference/bin/python models/tools/reference [MODEL ...]
    npx biome format --write models/reference

Each model is written with seed 0 by the package itself, its weights are loaded (strictly) into the library that defines
the architecture, and both run on the same seeded inputs. A figure out of bounds ends the script with an error.
"""

import datetime
import hashlib
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "torch")

import numpy as np  # noqa: E402
import torch  # noqa: E402

import bert  # noqa: E402
import convnets  # noqa: E402

MODELS = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = MODELS / "reference"
PACKAGES = ["torch", "torchvision", "transformers", "keras", "onnx", "onnxruntime", "safetensors", "numpy"]


def package(*arguments):
    subprocess.run(["node", MODELS / "dist" / "cli.js", *arguments], check=True, stdout=subprocess.DEVNULL)


def write(name, folder, *input_options):
    package("write", name, "--seed", "0", "--out", folder / name)
    package("inputs", name, "--seed", "0", "--out", folder / f"{name}-inputs", *input_options)
    inputs = {file.stem: np.load(file) for file in (folder / f"{name}-inputs").iterdir()}
    return folder / name, inputs


def sha256(file):
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def save(name, folder, record, tensors):
    for tensor, values in tensors.items():
        np.save(REFERENCE / f"{name}-{tensor}.npy", values.astype("<f4"))
    record = {
        "model": name,
        "seed": 0,
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in PACKAGES},
        "sha256": {file: sha256(folder / file) for file in ("model.onnx", "weights.safetensors")},
        **record,
    }
    (REFERENCE / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def main(names):
    torch.manual_seed(0)
    REFERENCE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, torch.no_grad():
        work = pathlib.Path(temporary)
        for name in names & {"mobilenetv2", "resnet50"}:
            folder, inputs = write(name, work, "--batch", "16")
            save(name, folder, *convnets.compare(name, folder, inputs["input"]))
        if "bert-base" in names:
            folder, inputs = write("bert-base", work, "--batch", "8")
            short = write_short_sequences(work)
            save("bert-base", folder, *bert.compare(folder, inputs, short))


def write_short_sequences(work):
    """What CI can afford: 2 sequences of 64 tokens."""
    out = work / "bert-base-short"
    package("inputs", "bert-base", "--seed", "0", "--batch", "2", "--sequence-length", "64", "--out", out)
    return {file.stem: np.load(file) for file in out.iterdir()}


if __name__ == "__main__":
    main(set(sys.argv[1:]) or {"mobilenetv2", "resnet50", "bert-base"})
