"""PyTorch: torchvision's and transformers' models with the very weights of the file."""

import copy
import importlib.metadata
import platform

import torch

import arrays
from cuda_device import NoDevice, first_device
from protocol import Runtime, impossible
from setup_options import choose, options_of, precision_of, threads_of

CALL_PATHS = ("inference_mode", "eager", "compile", "cuda_graph")
# compile_mode: as torch.compile takes it. channels_last: memory format of images and weights.
OPTIONS = {"compile_mode": "default", "channels_last": False, "opset": 17}


class Worker(Runtime):
    def __init__(self):
        self.device = torch.device("cpu")

    def hello(self):
        packages = ("torch", "torchvision", "transformers", "numpy", "triton", "onnx")
        versions = {name: version for name in packages if (version := _version(name))}
        versions["python"] = platform.python_version()
        versions["cuda"] = torch.version.cuda or "none"
        versions["cudnn"] = str(torch.backends.cudnn.version() or "none") if torch.cuda.is_available() else "none"
        return {"runtime": "pytorch", "versions": versions, "gpu": _gpu()}

    def load(self, request):
        self.name = arrays.model_of(request)
        self.path = choose(request, "callPath", CALL_PATHS)
        self.options = options_of(request, OPTIONS)
        tf32, self.fp16 = precision_of(request)
        threads = threads_of(request)
        self._place(request["provider"])
        if threads is not None:
            torch.set_num_threads(threads)
        autotune = self._autotune(request.get("cudnnAutotune"))
        self._allow_tf32(tf32)
        self.model = self._move(_build(self.name, request["weights"]))
        self.call = {"compile": self._compiled, "cuda_graph": lambda: None}.get(self.path, lambda: self.model)()
        self.graph = None
        return {
            "callPath": self.path,
            "precision": {"tf32": self._tf32(), "fp16": bool(self.fp16)},
            "threads": torch.get_num_threads(),
            "cudnnAutotune": autotune,
            "deviceUuid": self._uuid(),
            "weights": "exact",
            "sameArchitecture": True,
            "phases": [],
            "options": self._described(),
        }

    def _place(self, provider):
        if provider == "cuda":
            gpu = _gpu()
            if not gpu["usable"]:
                raise impossible(gpu["reason"])
            self.device = torch.device("cuda", 0)
        elif provider != "cpu":
            raise impossible(f"PyTorch has no provider '{provider}'; its export runs on it in ONNX Runtime")
        if self.path == "cuda_graph" and not self.on_gpu:
            raise impossible("a CUDA graph needs the provider 'cuda'")

    @property
    def on_gpu(self):
        return self.device.type == "cuda"

    def _autotune(self, wanted):
        if not self.on_gpu:
            return None
        if wanted is not None:
            torch.backends.cudnn.benchmark = wanted
        return torch.backends.cudnn.benchmark

    def _allow_tf32(self, wanted):
        if wanted is not None:
            torch.backends.cuda.matmul.allow_tf32 = wanted
            torch.backends.cudnn.allow_tf32 = wanted

    def _tf32(self):
        """Of the operations that do the arithmetic: PyTorch allows it for convolutions alone by default."""
        if not self.on_gpu or self.fp16:
            return None
        return torch.backends.cuda.matmul.allow_tf32 if self._is_text() else torch.backends.cudnn.allow_tf32

    def _described(self):
        described = {"attention": self.model.config._attn_implementation} if self._is_text() else {}
        if self.path == "compile":
            described["compile_mode"] = self.options["compile_mode"]
        if self.on_gpu:
            described["tf32_matmul"] = torch.backends.cuda.matmul.allow_tf32
            described["tf32_cudnn"] = torch.backends.cudnn.allow_tf32
        return {**described, "channels_last": self.options["channels_last"]}

    def _is_text(self):
        return self.name == "bert-base"

    def _uuid(self):
        return f"GPU-{torch.cuda.get_device_properties(0).uuid}" if self.on_gpu else None

    def _move(self, model):
        model = model.eval().to(self.device)
        if self.fp16:
            model = model.half()
        if self.options["channels_last"]:
            model = model.to(memory_format=torch.channels_last)
        return model

    def _compiled(self):
        return torch.compile(self.model, mode=self.options["compile_mode"])

    def prepare(self, inputs, batch):
        self.inputs = [self._converted(array) for array in arrays.read_inputs(inputs, self.name, batch)]
        self.graph = self._capture() if self.path == "cuda_graph" else None

    def _converted(self, array):
        tensor = torch.from_numpy(array)
        if self.fp16 and tensor.is_floating_point():
            tensor = tensor.half()
        if self.options["channels_last"] and tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        return tensor

    def _capture(self):
        """A graph of one inference from and to device memory that stays; warmed up on a side stream, as it must be."""
        self.static_inputs = [tensor.to(self.device) for tensor in self.inputs]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.inference_mode(), torch.cuda.stream(side):
            for _ in range(3):
                self._forward(self.model, self.static_inputs)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.inference_mode(), torch.cuda.graph(graph):
            self.static_outputs = self._forward(self.model, self.static_inputs)
        return graph

    def _forward(self, call, tensors):
        if not self._is_text():
            return (call(*tensors),)
        names = arrays.MODELS[self.name]["inputs"]
        result = call(**dict(zip(names, tensors)))
        return result.last_hidden_state, result.pooler_output

    def infer(self):
        if self.path == "eager":
            with torch.no_grad():
                return self._run()
        with torch.inference_mode():
            return self._run()

    def _run(self):
        if self.graph is not None:
            for static, tensor in zip(self.static_inputs, self.inputs):
                static.copy_(tensor)
            self.graph.replay()
            return [tensor.cpu() for tensor in self.static_outputs]
        # On the CPU neither moves anything.
        results = self._forward(self.call, [tensor.to(self.device) for tensor in self.inputs])
        return [tensor.cpu() for tensor in results]

    def synchronise(self):
        if self.on_gpu:
            torch.cuda.synchronize()
            return "torch.cuda.synchronize"
        return "the calls themselves: on the CPU they return when they are done"

    def outputs(self, folder):
        return arrays.write_outputs(folder, self.name, [tensor.float().numpy() for tensor in self.infer()])

    def export(self, path, batch, sequence_length):
        opset = self.options["opset"]
        with torch.inference_mode():
            torch.onnx.export(
                _Positional(self),
                tuple(_example(self.name, batch, sequence_length)),
                path,
                dynamo=False,
                opset_version=opset,
                input_names=list(arrays.MODELS[self.name]["inputs"]),
                output_names=list(arrays.MODELS[self.name]["outputs"]),
            )
        return {"opset": opset, "exporter": f"torch.onnx {torch.__version__} (TorchScript)"}

    def out_of_memory(self, error):
        return isinstance(error, (MemoryError, torch.OutOfMemoryError))


class _Positional(torch.nn.Module):
    """The exporter hands over positional arguments; float32 on the CPU, whatever the worker runs."""

    def __init__(self, worker):
        super().__init__()
        self.model = copy.deepcopy(worker.model).to("cpu").float()
        self.forward_by_name = worker._forward

    def forward(self, *tensors):
        return self.forward_by_name(self.model, tensors)


def _example(name, batch, sequence_length):
    if name != "bert-base":
        return [torch.zeros(batch, 3, 224, 224)]
    ids = torch.ones(batch, sequence_length, dtype=torch.int64)
    return [ids, ids.clone(), torch.zeros_like(ids)]


def _build(name, weights):
    from safetensors.torch import load_file

    if name == "bert-base":
        import transformers

        model = transformers.BertModel(transformers.BertConfig())
    else:
        import torchvision

        build = {"resnet50": torchvision.models.resnet50, "mobilenetv2": torchvision.models.mobilenet_v2}[name]
        model = build(weights=None)
    model.load_state_dict(load_file(weights), strict=True)
    return model


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _gpu():
    """The first GPU, if this build has code for it."""
    try:
        device = first_device()
    except NoDevice as reason:
        return {"usable": False, "reason": str(reason)}
    found = {"name": device.name, "uuid": device.uuid}
    if torch.version.cuda is None:
        return {**found, "usable": False, "reason": f"PyTorch {torch.__version__} was built without CUDA"}
    if not torch.cuda.is_available():
        return {**found, "usable": False, "reason": "torch.cuda.is_available() says no: see the log for why"}
    if not _has_code_for(device.capability, torch.cuda.get_arch_list()):
        built = ", ".join(torch.cuda.get_arch_list())
        return {**found, "usable": False, "reason": f"PyTorch has code for {built}, not for {device.capability}"}
    return {**found, "usable": True}


def _has_code_for(capability, architectures):
    """Machine code runs on its generation from its number on; PTX ('compute_90') on everything newer."""
    for name in architectures:
        kind, _, digits = name.partition("_")
        number = "".join(d for d in digits if d.isdigit())
        major, minor = int(number[:-1]), int(number[-1])
        if kind == "compute" and (major, minor) <= capability:
            return True
        if kind == "sm" and major == capability[0] and minor <= capability[1]:
            return True
    return False
