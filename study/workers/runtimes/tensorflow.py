"""TensorFlow with Keras 3: the architectures of the weights' origin, built of Keras' layers (architectures.py)."""

import os

# oneDNN's notes on rounding and the like fill the log otherwise; errors and warnings stay.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import importlib.metadata
import platform

import keras
import numpy as np
import tensorflow as tf

import architectures
import arrays
from cuda_device import NoDevice, first_device
from protocol import Runtime, impossible
from runtimes.keras_builder import KerasBuilder
from setup_options import choose, options_of, precision_of, threads_of

CALL_PATHS = ("function", "call", "predict")
# xla: compiles the function with XLA.
OPTIONS = {"xla": False, "opset": 17}


class Worker(Runtime):
    def __init__(self):
        self.device = "/CPU:0"

    def hello(self):
        versions = {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}
        versions["python"] = platform.python_version()
        build = tf.sysconfig.get_build_info()
        versions["cuda"] = build.get("cuda_version", "none")
        versions["cudnn"] = build.get("cudnn_version", "none")
        return {"runtime": "tensorflow", "versions": versions, "gpu": _gpu()}

    def load(self, request):
        self.name = arrays.model_of(request)
        self.path = choose(request, "callPath", CALL_PATHS)
        self.options = options_of(request, OPTIONS)
        if self.options["xla"] and self.path != "function":
            raise impossible("XLA compiles tf.function, so that option 'xla' needs the call path 'function'")
        tf32, self.fp16 = precision_of(request)
        self.uuid = self._place(request["provider"])
        threads = self._threads(threads_of(request))
        if tf32 is not None:
            tf.config.experimental.enable_tensor_float_32_execution(tf32)
        if self.fp16:
            keras.config.set_dtype_policy("float16")
        with tf.device(self.device):
            self.model = _build(self.name, arrays.Weights(request["weights"]))
        self.function = tf.function(self._call_model, jit_compile=self.options["xla"], autograph=False)
        tf32_used = tf.config.experimental.tensor_float_32_execution_enabled()
        return {
            "callPath": self.path,
            "precision": {"tf32": tf32_used if self.uuid and not self.fp16 else None, "fp16": bool(self.fp16)},
            "threads": threads,
            # Chosen by TF_CUDNN_USE_AUTOTUNE alone, on by default.
            "cudnnAutotune": self._autotune(request.get("cudnnAutotune")),
            "deviceUuid": self.uuid,
            "weights": "mapped",
            "sameArchitecture": True,
            "phases": [],
            "options": {"layout": "NHWC", "xla": self.options["xla"]},
        }

    def _place(self, provider):
        if provider == "cpu":
            # A GPU that is seen is taken, and memory on it, even by a model on the CPU.
            tf.config.set_visible_devices([], "GPU")
            return None
        if provider != "cuda":
            raise impossible(f"TensorFlow has no provider '{provider}'; its export runs on it in ONNX Runtime")
        gpu = _gpu()
        if not gpu["usable"]:
            raise impossible(gpu["reason"])
        self.device = "/GPU:0"
        return gpu["uuid"]

    def _threads(self, wanted):
        """TensorFlow answers 0 where it takes as many as the process may use."""
        if wanted is not None:
            tf.config.threading.set_intra_op_parallelism_threads(wanted)
        return tf.config.threading.get_intra_op_parallelism_threads() or len(os.sched_getaffinity(0))

    def _autotune(self, wanted):
        if self.uuid is None:
            return None
        if wanted is not None:
            os.environ["TF_CUDNN_USE_AUTOTUNE"] = "1" if wanted else "0"
        return os.environ.get("TF_CUDNN_USE_AUTOTUNE", "1") != "0"

    def _call_model(self, *tensors):
        return self.model(list(tensors) if len(tensors) > 1 else tensors[0], training=False)

    def prepare(self, inputs, batch):
        read = [self._converted(array) for array in arrays.read_inputs(inputs, self.name, batch)]
        self.batch = batch
        self.arrays = read if len(read) > 1 else read[0]
        # Tensors in ordinary memory: what runs on the GPU copies them there at each call.
        with tf.device("/CPU:0"):
            self.tensors = [tf.constant(array) for array in read]

    def _converted(self, array):
        if array.ndim == 4:
            array = np.ascontiguousarray(array.transpose(0, 2, 3, 1))
        return array.astype(np.float16) if self.fp16 and array.dtype == np.float32 else array

    def infer(self):
        if self.path == "predict":
            results = self.model.predict(self.arrays, batch_size=self.batch, verbose=0)
            return list(results) if isinstance(results, (list, tuple)) else [results]
        with tf.device(self.device):
            results = self.function(*self.tensors) if self.path == "function" else self._call_model(*self.tensors)
        # The read-back that waits for the device.
        return [result.numpy() for result in (results if isinstance(results, (list, tuple)) else [results])]

    def synchronise(self):
        tf.test.experimental.sync_devices()
        return "each output read back (numpy()), then tf.test.experimental.sync_devices"

    def outputs(self, folder):
        return arrays.write_outputs(folder, self.name, self.infer())

    def export(self, path, batch, sequence_length):
        import tf2onnx

        opset = self.options["opset"]
        names = arrays.MODELS[self.name]["inputs"]
        if self.name == "bert-base":
            signature = [tf.TensorSpec((batch, sequence_length), tf.int64, name=name) for name in names]
        else:
            signature = [tf.TensorSpec((batch, 224, 224, 3), self.model.inputs[0].dtype, name=names[0])]
        outputs = arrays.MODELS[self.name]["outputs"]

        def named(*tensors):
            results = self._call_model(*tensors)
            results = results if isinstance(results, (list, tuple)) else [results]
            return {name: tf.identity(result, name=name) for name, result in zip(outputs, results)}

        tf2onnx.convert.from_function(
            tf.function(named, input_signature=signature, autograph=False),
            input_signature=signature,
            opset=opset,
            inputs_as_nchw=[f"{names[0]}:0"] if self.name != "bert-base" else None,
            output_path=path,
        )
        return {"opset": opset, "exporter": f"tf2onnx {importlib.metadata.version('tf2onnx')}"}

    def out_of_memory(self, error):
        return isinstance(error, (MemoryError, tf.errors.ResourceExhaustedError))


def _build(name, weights):
    names = arrays.MODELS[name]["inputs"]
    if name == "bert-base":
        inputs = [keras.Input((None,), dtype="int64", name=n) for n in names]
    else:
        inputs = [keras.Input((224, 224, 3), name=names[0])]
    outputs = architectures.build(name, KerasBuilder(weights), inputs)
    weights.check_all_used()
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs if len(outputs) > 1 else outputs[0])


def _gpu():
    """What the driver shows first, if TensorFlow takes it too."""
    try:
        device = first_device()
    except NoDevice as reason:
        return {"usable": False, "reason": str(reason)}
    found = {"name": device.name, "uuid": device.uuid}
    if not tf.test.is_built_with_cuda():
        return {**found, "usable": False, "reason": f"TensorFlow {tf.__version__} was built without CUDA"}
    if not tf.config.list_physical_devices("GPU"):
        reason = "TensorFlow sees no GPU, most often because a CUDA library is missing: see the log"
        return {**found, "usable": False, "reason": reason}
    return {**found, "usable": True}
