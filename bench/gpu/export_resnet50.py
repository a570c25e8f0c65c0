"""Exports torchvision's ResNet-50 with seeded weights to ONNX (opset 17, dynamic batch): export_resnet50.py OUT.onnx"""
import sys

import torch
import torchvision

torch.manual_seed(0)
model = torchvision.models.resnet50(weights=None).eval()
torch.onnx.export(
    model,
    torch.randn(1, 3, 224, 224),
    sys.argv[1],
    input_names=["input"],
    output_names=["output"],
    dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
    opset_version=17,
    dynamo=False,
)
print(f"torch {torch.__version__}, torchvision {torchvision.__version__}: {sys.argv[1]}")
