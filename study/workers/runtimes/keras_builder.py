"""Layers of Keras on TensorFlow, NHWC, with PyTorch's weights."""

import keras
import numpy as np

import architectures


class Positions(keras.layers.Layer):
    """The first rows of a table, as many as a sequence has tokens."""

    def __init__(self, rows, width):
        super().__init__()
        self.table = self.add_weight(shape=(rows, width), name="table")

    def call(self, ids):
        return self.table[None, : keras.ops.shape(ids)[1]]


class KerasBuilder:
    def __init__(self, weights):
        self.weights = weights

    def _layer(self, layer, x, *values):
        y = layer(x)
        layer.set_weights(list(values))
        return y

    def conv(self, name, x, channels, kernel, stride=1, groups=1):
        weight = self.weights[f"{name}.weight"]
        padding = "same"
        if stride > 1 and kernel > 1:
            # PyTorch pads alike on all sides; 'same' would pad below and to the right only.
            x = keras.layers.ZeroPadding2D(kernel // 2)(x)
            padding = "valid"
        settings = {"strides": stride, "padding": padding, "use_bias": False}
        if groups > 1:
            layer = keras.layers.DepthwiseConv2D(kernel, **settings)
            return self._layer(layer, x, weight.transpose(2, 3, 0, 1))
        return self._layer(keras.layers.Conv2D(channels, kernel, **settings), x, weight.transpose(2, 3, 1, 0))

    def norm(self, name, x):
        layer = keras.layers.BatchNormalization(epsilon=architectures.BATCH_NORM_EPSILON)
        parts = ("weight", "bias", "running_mean", "running_var")
        return self._layer(layer, x, *(self.weights[f"{name}.{part}"] for part in parts))

    def relu(self, x):
        return keras.layers.ReLU()(x)

    def relu6(self, x):
        return keras.layers.ReLU(max_value=6.0)(x)

    def max_pool(self, x):
        # What comes in is not negative, so that padding with 0 is padding with nothing.
        return keras.layers.MaxPooling2D(3, strides=2)(keras.layers.ZeroPadding2D(1)(x))

    def global_pool(self, x):
        return keras.layers.GlobalAveragePooling2D()(x)

    def dense(self, name, x, inputs, units):
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return self._layer(keras.layers.Dense(units), x, np.ascontiguousarray(weight.T), bias)

    def add(self, x, y):
        return keras.ops.add(x, y)

    def embed(self, name, ids, rows, width):
        return self._layer(keras.layers.Embedding(rows, width), ids, self.weights[f"{name}.weight"])

    def positions(self, name, ids, rows, width):
        return self._layer(Positions(rows, width), ids, self.weights[f"{name}.weight"])

    def layer_norm(self, name, x):
        layer = keras.layers.LayerNormalization(epsilon=architectures.LAYER_NORM_EPSILON)
        return self._layer(layer, x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def mask_bias(self, mask, masked):
        kept = keras.ops.cast(mask, keras.config.dtype_policy().compute_dtype)
        return keras.ops.multiply(keras.ops.subtract(1.0, kept), masked)[:, None, None, :]

    def heads(self, x, count):
        split = keras.layers.Reshape((-1, count, architectures.BERT_WIDTH // count))(x)
        return keras.ops.transpose(split, (0, 2, 1, 3))

    def joined(self, x):
        return keras.layers.Reshape((-1, architectures.BERT_WIDTH))(keras.ops.transpose(x, (0, 2, 1, 3)))

    def matmul(self, x, y, transpose=False):
        return keras.ops.matmul(x, keras.ops.transpose(y, (0, 1, 3, 2)) if transpose else y)

    def scaled(self, x, factor):
        return keras.ops.multiply(x, factor)

    def softmax(self, x):
        return keras.ops.softmax(x, axis=-1)

    def gelu(self, x):
        # As TensorFlow's optimiser recognises it; keras.ops.gelu has an Erfc, which tf2onnx does not know.
        return 0.5 * x * (1.0 + keras.ops.erf(x * 0.5**0.5))

    def first_token(self, x):
        return x[:, 0]

    def tanh(self, x):
        return keras.ops.tanh(x)
