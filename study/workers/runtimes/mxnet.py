"""MXNet 1.9: the architectures of the weights' origin as a gluon SymbolBlock (architectures.py)."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys

import numpy as np

import architectures
import arrays
from cuda_device import NoDevice, first_device
from protocol import Runtime, impossible
from setup_options import choose, options_of, precision_of, threads_of

CALL_PATHS = ("hybrid",)
# Of hybridize().
OPTIONS = {"static_alloc": False, "static_shape": False}

# Tried in a process of its own: threads are told to MXNet by the environment before it is loaded, which `load` does, and
# a kernel that a card cannot run must not take the worker with it.
TRIAL = """
import json
import runtimes.cuda11
import mxnet as mx
cuda = mx.runtime.Features().is_enabled("CUDA")
error = None
if cuda:
    try:
        (mx.nd.ones((2,), ctx=mx.gpu(0)) + 1).asnumpy()
    except Exception as e:
        error = str(e).strip().split("\\n")[0]
print(json.dumps({"version": mx.__version__, "cuda": cuda, "error": error}))
"""

# What the last GPU builds (1.9.1 for CUDA 11.2 and 11.7) hold machine code for, read from their fat binaries; no PTX.
LAST_GPU_BUILDS = ((5, 0), (6, 0), (7, 0), (8, 0), (8, 6))

# The exporter's translations are of this opset; its files would claim the newest one that the package onnx knows.
EXPORTED_OPSET = 13


class Worker(Runtime):
    def __init__(self):
        self.trial = _try_library()
        self.uuid = None

    def hello(self):
        versions = {"mxnet": self.trial["version"], "numpy": np.__version__, "python": platform.python_version()}
        try:
            versions["onnx"] = importlib.metadata.version("onnx")
        except importlib.metadata.PackageNotFoundError:
            pass
        return {"runtime": "mxnet", "versions": versions, "gpu": self._gpu()}

    def _gpu(self):
        try:
            device = first_device()
        except NoDevice as reason:
            return {"usable": False, "reason": str(reason)}
        reason = self._reason_against(device.capability)
        found = {"name": device.name, "uuid": device.uuid, "usable": reason is None}
        return found if reason is None else {**found, "reason": reason}

    def _reason_against(self, capability):
        if self.trial["cuda"]:
            return self.trial["error"]
        number = f"sm_{capability[0]}{capability[1]}"
        if any(major == capability[0] and minor <= capability[1] for major, minor in LAST_GPU_BUILDS):
            return f"this build of MXNet has no CUDA; mxnet-cu112 has code for this card ({number})"
        return f"no build of MXNet has code for this card ({number}): its last ones hold sm_50 to sm_86 and no PTX"

    def load(self, request):
        self.name = arrays.model_of(request)
        path = choose(request, "callPath", CALL_PATHS)
        self.options = options_of(request, OPTIONS)
        tf32, self.fp16 = precision_of(request)
        threads = threads_of(request)
        gpu = self._check_provider(request["provider"])
        if gpu is not None and tf32 is not None:
            raise impossible("MXNet has no switch for TF32")
        if gpu is None and self.fp16:
            raise impossible("MXNet has no float16 convolutions and matrix products on the CPU")
        if threads is not None:
            os.environ["OMP_NUM_THREADS"] = str(threads)
        autotune = self._autotune(gpu, request.get("cudnnAutotune"))
        self._build(request["weights"], gpu)
        return {
            "callPath": path,
            "precision": {"tf32": None, "fp16": bool(self.fp16)},
            "threads": threads,
            "cudnnAutotune": autotune,
            "deviceUuid": None if gpu is None else gpu["uuid"],
            "weights": "mapped",
            "sameArchitecture": True,
            "phases": [],
            "options": self.options,
        }

    def _check_provider(self, provider):
        if provider == "cpu":
            return None
        if provider != "cuda":
            raise impossible(f"MXNet has no provider '{provider}'; its export runs on it in ONNX Runtime")
        gpu = self._gpu()
        if not gpu["usable"]:
            raise impossible(gpu["reason"])
        return gpu

    def _autotune(self, gpu, wanted):
        if gpu is None:
            return None
        if wanted is not None:
            os.environ["MXNET_CUDNN_AUTOTUNE_DEFAULT"] = "1" if wanted else "0"
        return os.environ.get("MXNET_CUDNN_AUTOTUNE_DEFAULT", "1") != "0"

    def _build(self, path, gpu):
        import runtimes.cuda11  # noqa: F401
        import mxnet as mx

        from runtimes.mxnet_builder import SymbolBuilder

        self.mx = mx
        self.context = mx.cpu() if gpu is None else mx.gpu(0)
        self.weights = arrays.Weights(path)
        builder = SymbolBuilder(self.weights)
        inputs = [mx.sym.Variable(name) for name in arrays.MODELS[self.name]["inputs"]]
        outputs = architectures.build(self.name, builder, inputs)
        self.weights.check_all_used()
        self.block = mx.gluon.SymbolBlock(mx.sym.Group(outputs), inputs)
        for name, parameter in self.block.collect_params().items():
            parameter._load_init(builder.parameters[name], self.context)
        if self.fp16:
            self.block.cast("float16")
        self.block.hybridize(**self.options)

    def prepare(self, inputs, batch):
        self.inputs = [self._converted(array) for array in arrays.read_inputs(inputs, self.name, batch)]

    def _converted(self, array):
        # MXNet computes with masks, and looks up tokens, in the type of its weights.
        return self.mx.nd.array(array, ctx=self.mx.cpu(), dtype="float16" if self.fp16 else "float32")

    def infer(self):
        # On the CPU as_in_context hands back the same array.
        results = self.block(*[array.as_in_context(self.context) for array in self.inputs])
        return [result.asnumpy() for result in (results if isinstance(results, list) else [results])]

    def synchronise(self):
        self.mx.nd.waitall()
        return "mx.nd.waitall"

    def outputs(self, folder):
        return arrays.write_outputs(folder, self.name, self.infer())

    def export(self, path, batch, sequence_length):
        symbol, parameters = self._symbol_for_export()
        is_text = self.name == "bert-base"
        shape = (batch, sequence_length) if is_text else (batch, 3, 224, 224)
        count = len(arrays.MODELS[self.name]["inputs"])
        types = [np.int64 if is_text else np.float32] * count
        _pin_opset(EXPORTED_OPSET)
        self.mx.onnx.export_model(symbol, parameters, [shape] * count, types, path)
        _name_outputs(path, arrays.MODELS[self.name]["outputs"])
        return {"opset": EXPORTED_OPSET, "exporter": f"mx.onnx of MXNet {self.mx.__version__}"}

    def _symbol_for_export(self):
        """With outputs that are nodes of their own, and masks that arrive as whole numbers."""
        from runtimes.mxnet_builder import SymbolBuilder

        sym, names = self.mx.sym, arrays.MODELS[self.name]
        inputs = [sym.Variable(name) for name in names["inputs"]]
        if self.name == "bert-base":
            inputs[1] = sym.cast(inputs[1], dtype="float32")
        builder = SymbolBuilder(self.weights)
        outputs = architectures.build(self.name, builder, inputs)
        ends = [sym.identity(output, name=f"end{i}") for i, output in enumerate(outputs)]
        return sym.Group(ends), builder.parameters

    def out_of_memory(self, error):
        # MXNetError says it in words alone.
        return isinstance(error, MemoryError) or "out of memory" in str(error)


def _pin_opset(opset):
    import onnx.checker
    import onnx.defs

    onnx.defs.onnx_opset_version = lambda: opset
    onnx.checker.DEFAULT_CONTEXT.opset_imports = {"": opset}


def _name_outputs(path, names):
    """The exporter takes an output whose name ends with '_state' for a recurrent layer's, so names are given afterwards."""
    import onnx

    model = onnx.load(path)
    named = {f"end{i}": name for i, name in enumerate(names)}
    for node in model.graph.node:
        node.output[:] = [named.get(output, output) for output in node.output]
    for output in model.graph.output:
        output.name = named[output.name]
    onnx.save(model, path)


def _try_library():
    workers = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ran = subprocess.run([sys.executable, "-c", TRIAL], cwd=workers, capture_output=True, text=True)
    sys.stderr.write(ran.stderr)
    if ran.returncode != 0:
        lines = ran.stderr.strip().split("\n")
        raise ImportError(f"MXNet does not load: {lines[-1]}")
    return json.loads(ran.stdout.strip().split("\n")[-1])
