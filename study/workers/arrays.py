"""Inputs, outputs and weights as NumPy arrays."""

import json
import os

import numpy as np

from protocol import invalid

MODELS = {
    "resnet50": {"inputs": ("input",), "outputs": ("logits",)},
    "mobilenetv2": {"inputs": ("input",), "outputs": ("logits",)},
    "bert-base": {
        "inputs": ("input_ids", "attention_mask", "token_type_ids"),
        "outputs": ("last_hidden_state", "pooler_output"),
    },
}


def model_of(request):
    if request["model"] not in MODELS:
        raise invalid(f"there is no model '{request['model']}', only {', '.join(MODELS)}")
    return request["model"]


def read_inputs(paths, model, batch):
    """The inputs of a model in the order in which it takes them."""
    names = MODELS[model]["inputs"]
    if sorted(paths) != sorted(names):
        raise invalid(f"{model} takes {', '.join(names)}, not {', '.join(sorted(paths))}")
    arrays = [np.load(paths[name], allow_pickle=False) for name in names]
    for name, array in zip(names, arrays):
        if array.ndim == 0 or array.shape[0] != batch:
            raise invalid(f"'{name}' has the shape {list(array.shape)}, which is no batch of {batch}")
    return arrays


def write_outputs(folder, model, arrays):
    """Writes the outputs as float32; their paths by name."""
    os.makedirs(folder, exist_ok=True)
    paths = {}
    for name, array in zip(MODELS[model]["outputs"], arrays):
        paths[name] = os.path.join(folder, f"{name}.npy")
        np.save(paths[name], np.asarray(array).astype("<f4"))
    return paths


class Weights:
    """A float32 .safetensors file: 8 bytes of header length, a JSON header, the data; read as it is asked for."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            self.header = json.loads(file.read(length))
        self.header.pop("__metadata__", None)
        self.start = 8 + length
        self.unused = {name for name in self.header if not name.endswith("num_batches_tracked")}

    def __getitem__(self, name):
        if name not in self.header:
            raise invalid(f"{self.path} has no weights '{name}'")
        entry = self.header[name]
        if entry["dtype"] != "F32":
            raise invalid(f"'{name}' in {self.path} is {entry['dtype']}, not float32")
        self.unused.discard(name)
        begin, end = entry["data_offsets"]
        return np.fromfile(self.path, "<f4", (end - begin) // 4, offset=self.start + begin).reshape(entry["shape"])

    def check_all_used(self):
        if self.unused:
            raise invalid(f"{self.path} has weights that this model has no place for: {', '.join(sorted(self.unused)[:5])}")
