"""Symbols of MXNet, with PyTorch's weights: the layouts are the same."""

import mxnet as mx

import architectures


class SymbolBuilder:
    def __init__(self, weights):
        self.weights = weights
        self.parameters = {}

    def _parameter(self, name):
        self.parameters[name] = mx.nd.array(self.weights[name])
        return mx.sym.Variable(name)

    def conv(self, name, x, channels, kernel, stride=1, groups=1):
        return mx.sym.Convolution(
            x,
            weight=self._parameter(f"{name}.weight"),
            no_bias=True,
            num_filter=channels,
            kernel=(kernel, kernel),
            stride=(stride, stride),
            pad=(kernel // 2, kernel // 2),
            num_group=groups,
            name=name,
        )

    def norm(self, name, x):
        return mx.sym.BatchNorm(
            x,
            gamma=self._parameter(f"{name}.weight"),
            beta=self._parameter(f"{name}.bias"),
            moving_mean=self._parameter(f"{name}.running_mean"),
            moving_var=self._parameter(f"{name}.running_var"),
            eps=architectures.BATCH_NORM_EPSILON,
            fix_gamma=False,
            use_global_stats=True,
            name=name,
        )

    def relu(self, x):
        return mx.sym.Activation(x, act_type="relu")

    def relu6(self, x):
        return mx.sym.clip(x, 0.0, 6.0)

    def max_pool(self, x):
        return mx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")

    def global_pool(self, x):
        return mx.sym.Flatten(mx.sym.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg"))

    def dense(self, name, x, inputs, units):
        weight, bias = self._parameter(f"{name}.weight"), self._parameter(f"{name}.bias")
        return mx.sym.FullyConnected(x, weight=weight, bias=bias, num_hidden=units, flatten=False, name=name)

    def add(self, x, y):
        return mx.sym.broadcast_add(x, y)

    def embed(self, name, ids, rows, width):
        weight = self._parameter(f"{name}.weight")
        return mx.sym.Embedding(ids, weight=weight, input_dim=rows, output_dim=width, name=name)

    def positions(self, name, ids, rows, width):
        count = mx.sym.contrib.arange_like(ids, axis=1)
        return mx.sym.expand_dims(self.embed(name, count, rows, width), axis=0)

    def layer_norm(self, name, x):
        gamma, beta = self._parameter(f"{name}.weight"), self._parameter(f"{name}.bias")
        return mx.sym.LayerNorm(x, gamma=gamma, beta=beta, axis=-1, eps=architectures.LAYER_NORM_EPSILON, name=name)

    def mask_bias(self, mask, masked):
        return mx.sym.expand_dims(mx.sym.expand_dims((1.0 - mask) * masked, axis=1), axis=1)

    def heads(self, x, count):
        split = mx.sym.reshape(x, shape=(0, 0, count, architectures.BERT_WIDTH // count))
        return mx.sym.transpose(split, axes=(0, 2, 1, 3))

    def joined(self, x):
        return mx.sym.reshape(mx.sym.transpose(x, axes=(0, 2, 1, 3)), shape=(0, 0, architectures.BERT_WIDTH))

    def matmul(self, x, y, transpose=False):
        return mx.sym.linalg.gemm2(x, y, transpose_b=transpose)

    def scaled(self, x, factor):
        return x * factor

    def softmax(self, x):
        return mx.sym.softmax(x, axis=-1)

    def gelu(self, x):
        return mx.sym.LeakyReLU(x, act_type="gelu")

    def first_token(self, x):
        return mx.sym.reshape(mx.sym.slice_axis(x, axis=1, begin=0, end=1), shape=(0, architectures.BERT_WIDTH))

    def tanh(self, x):
        return mx.sym.Activation(x, act_type="tanh")
