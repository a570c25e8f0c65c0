"""What is checked of every model alike."""

import collections
import io

import numpy as np
import onnx
import onnxruntime
import torch
from torch.utils.flop_counter import FlopCounterMode

TOLERANCE = 1e-4


def relative_error(actual, expected):
    """Largest difference over the largest value, which must be within TOLERANCE."""
    error = float(np.abs(actual - expected).max() / np.abs(expected).max())
    if not error <= TOLERANCE:
        raise SystemExit(f"relative error {error}")
    return float(f"{error:.2g}")


def equal(what, actual, expected):
    if actual != expected:
        raise SystemExit(f"{what}: {actual} instead of {expected}")
    return actual


def run_onnx(folder, inputs):
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def validity(folder):
    """The checker with full shape inference, and strict inference with data propagation on its own."""
    path = str(folder / "model.onnx")
    onnx.checker.check_model(path, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(
        onnx.load(path, load_external_data=False), check_type=True, strict_mode=True, data_prop=True
    )
    shaped = {value.name for value in inferred.graph.value_info} | {value.name for value in inferred.graph.output}
    missing = [output for node in inferred.graph.node for output in node.output if output not in shaped]
    return {
        "checker": "passed, full_check",
        "shape_inference": "passed, strict_mode, data_prop",
        "values_without_shape": equal("values without a shape", len(missing), 0),
        "opset": inferred.opset_import[0].version,
        "ir_version": inferred.ir_version,
    }


def node_counts(model):
    return dict(collections.Counter(node.op_type for node in model.graph.node).most_common())


def our_nodes(folder):
    return node_counts(onnx.load(folder / "model.onnx", load_external_data=False))


def exported_nodes(model, arguments):
    """PyTorch's own export, nothing folded or fused."""
    buffer = io.BytesIO()
    torch.onnx.export(
        model,
        arguments,
        buffer,
        dynamo=False,
        opset_version=17,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )
    return node_counts(onnx.load_from_string(buffer.getvalue()))


def multiply_adds(model, *arguments, **keywords):
    with FlopCounterMode(display=False) as counter:
        model(*arguments, **keywords)
    return counter.get_total_flops() // 2


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())
