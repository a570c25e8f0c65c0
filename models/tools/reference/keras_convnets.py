"""The same weights in Keras, as far as its architectures are the same.

MobileNetV2: Keras pads before strided 3x3 convolutions below and to the right, torchvision above and to the left (of its
symmetric padding, the far side is not reached when the size is even). So Keras computes torchvision's function when
images and kernels are mirrored in both directions; its normalisation adds 1e-3 to variances instead of 1e-5.

ResNet50 is version 1: the first 1x1 convolution of a stage has the stride, in version 1.5 the 3x3 one. The two agree up
to the end of the first stage, which has none. Keras' convolutions have biases, here 0, and 1.001e-5 instead of 1e-5.
"""

import keras
import numpy as np
import torch
from torch import nn

import checks


def compare(name, model, images):
    return {"mobilenetv2": mobilenet, "resnet50": resnet}[name](model, images)


def mobilenet(model, images):
    twin = keras.applications.MobileNetV2(weights=None, classifier_activation=None)
    sources = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))]
    targets = [layer for layer in twin.layers if layer.weights]
    checks.equal("layers with weights", len(targets), len(sources))
    for source, target in zip(sources, targets):
        copy(source, target, mirrored=True)
    mirrored = images[:, :, ::-1, ::-1]
    actual = numpy(twin(np.ascontiguousarray(mirrored.transpose(0, 2, 3, 1))))
    trainable = sum(int(np.prod(w.shape)) for w in twin.trainable_weights)
    return {
        "same_as": "MobileNetV2 on mirrored images with mirrored kernels, epsilon set to 1e-5",
        "differs": "padding of strided 3x3 convolutions (below and right instead of above and left), epsilon 1e-3",
        "relative_error": checks.relative_error(actual, numpy(model(torch.from_numpy(images)))),
        "trainable_parameters": checks.equal("Keras' parameters", trainable, checks.parameter_count(model)),
    }


def resnet(model, images):
    twin = keras.applications.ResNet50(weights=None, classifier_activation=None)
    pairs = {"conv1_conv": model.conv1, "conv1_bn": model.bn1}
    for index, block in enumerate(model.layer1):
        prefix = f"conv2_block{index + 1}"
        for i in (1, 2, 3):
            pairs[f"{prefix}_{i}_conv"] = getattr(block, f"conv{i}")
            pairs[f"{prefix}_{i}_bn"] = getattr(block, f"bn{i}")
    pairs["conv2_block1_0_conv"], pairs["conv2_block1_0_bn"] = model.layer1[0].downsample
    for target, source in pairs.items():
        copy(source, twin.get_layer(target), mirrored=False)
    stage = keras.Model(twin.input, twin.get_layer("conv2_block3_out").output)
    actual = numpy(stage(np.ascontiguousarray(images.transpose(0, 2, 3, 1)))).transpose(0, 3, 1, 2)
    x = model.maxpool(model.relu(model.bn1(model.conv1(torch.from_numpy(images)))))
    convolution_biases = sum(m.out_channels for m in model.modules() if isinstance(m, nn.Conv2d))
    trainable = sum(int(np.prod(w.shape)) for w in twin.trainable_weights)
    checks.equal("Keras' parameters", trainable - convolution_biases, checks.parameter_count(model))
    return {
        "same_as": "ResNet50 up to conv2_block3_out, epsilon set to 1e-5, biases 0",
        "differs": "version 1: strides in the first 1x1 convolution of a stage; biases; epsilon 1.001e-5",
        "relative_error": checks.relative_error(actual, numpy(model.layer1(x))),
        "trainable_parameters_with_biases": trainable,
    }


def copy(source, target, mirrored):
    if isinstance(source, nn.BatchNorm2d):
        target.epsilon = source.eps
        target.set_weights([numpy(t) for t in (source.weight, source.bias, source.running_mean, source.running_var)])
        return
    weight = numpy(source.weight)
    if isinstance(source, nn.Linear):
        target.set_weights([weight.T, numpy(source.bias)])
        return
    if mirrored:
        weight = weight[:, :, ::-1, ::-1]
    depthwise = isinstance(target, keras.layers.DepthwiseConv2D)
    kernel = np.ascontiguousarray(weight.transpose(2, 3, 0, 1) if depthwise else weight.transpose(2, 3, 1, 0))
    biases = [np.zeros(weight.shape[0], np.float32)] if target.use_bias else []
    target.set_weights([kernel, *biases])


def numpy(tensor):
    return tensor.detach().cpu().numpy()
