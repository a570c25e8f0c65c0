"""MobileNetV2 and ResNet-50 against torchvision."""

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file

import checks
import keras_convnets

DEFINITIONS = {
    "mobilenetv2": (torchvision.models.mobilenet_v2, torchvision.models.MobileNet_V2_Weights.DEFAULT),
    "resnet50": (torchvision.models.resnet50, torchvision.models.ResNet50_Weights.DEFAULT),
}


def compare(name, folder, images):
    definition, published = DEFINITIONS[name]
    model = definition(weights=None)
    state = load_file(folder / "weights.safetensors")
    model.load_state_dict(state, strict=True)
    model.eval()
    statistics = ActivationStatistics(model)
    expected = model(torch.from_numpy(images)).numpy()
    statistics.remove()
    (actual,) = checks.run_onnx(folder, {"input": images})
    record = {
        "inputs": {"batch": len(images), "mean": moments(images.mean((0, 2, 3))), "deviation": moments(images.std((0, 2, 3)))},
        "strict_load": True,
        "relative_error": {"torchvision": checks.relative_error(actual, expected)},
        "onnx": checks.validity(folder),
        **counts(model, folder, published.meta),
        "logits": {
            "deviation": moments(expected.std()),
            "largest": moments(np.abs(expected).max()),
            "deviation_between_images": moments(expected.std(0).mean()),
        },
        "activations": statistics.summary(),
        "keras": keras_convnets.compare(name, model, images[:2]),
    }
    return record, {"logits": expected[:2]}


def counts(model, folder, published):
    image = torch.zeros(1, 3, 224, 224)
    parameters = checks.equal("parameters", checks.parameter_count(model), published["num_params"])
    operations = checks.multiply_adds(model, image)
    checks.equal("multiply-adds", round(operations / 1e9, 3), published["_ops"])
    ours = checks.our_nodes(folder)
    exported = checks.exported_nodes(model, (image,))
    bookkeeping = ("Identity", "Constant")
    checks.equal("nodes", ours, {op: n for op, n in exported.items() if op not in bookkeeping})
    return {
        "parameters": {"model": parameters, "published": published["num_params"]},
        "multiply_adds": {"model": operations, "published_giga": published["_ops"]},
        "nodes": {"total": sum(ours.values()), "by_type": ours, "equal_to_export_without": list(bookkeeping)},
    }


class ActivationStatistics:
    """How what arrives at each batch normalisation compares with its running statistics."""

    def __init__(self, model):
        self.rows = []
        self.hooks = [
            module.register_forward_hook(self.observe)
            for module in model.modules()
            if isinstance(module, torch.nn.BatchNorm2d)
        ]

    def remove(self):
        for hook in self.hooks:
            hook.remove()

    def observe(self, module, inputs, output):
        x = inputs[0]
        variance = x.var((0, 2, 3)) / module.running_var
        shift = (x.mean((0, 2, 3)) - module.running_mean) / module.running_var.sqrt()
        positive = (output > 0).float()
        self.rows.append(
            {
                "variance": variance.log().mean().exp().item(),
                "shift": shift.square().mean().sqrt().item(),
                "positive": positive.mean().item(),
                "dead": (positive.mean((0, 2, 3)) < 0.001).float().mean().item(),
                "largest": output.abs().max().item(),
            }
        )

    def summary(self):
        """Each over all layers: smallest, median and largest."""
        spread = lambda key: moments(np.quantile([row[key] for row in self.rows], [0, 0.5, 1]))
        return {
            "layers": len(self.rows),
            "variance_over_running_variance": spread("variance"),
            "rms_shift_of_channel_means": spread("shift"),
            "share_positive": spread("positive"),
            "share_of_dead_channels": spread("dead"),
            "largest_normalised_value": spread("largest"),
        }


def moments(values):
    """For people to read: three digits."""
    rounded = [float(f"{x:.3g}") for x in np.atleast_1d(values)]
    return rounded[0] if np.ndim(values) == 0 else rounded
