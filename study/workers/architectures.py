"""The three models, layer by layer with PyTorch's names, for runtimes that have them not or otherwise.

A builder makes the layers of one runtime, with the weights of their names; x is whatever it hands back.
"""

RESNET_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))

# Expansion, output channels, blocks, stride of the first block.
MOBILENET_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)

CLASSES = 1000
BATCH_NORM_EPSILON = 1e-5

BERT_LAYERS = 12
BERT_WIDTH = 768
BERT_HEADS = 12
BERT_INNER = 3072
BERT_TOKENS = 30522
BERT_POSITIONS = 512
BERT_TYPES = 2
LAYER_NORM_EPSILON = 1e-12
# Added to scores of tokens that are masked.
MASKED = -10000.0


def build(model, builder, inputs):
    """The outputs of the model for its inputs, in the order of arrays.MODELS."""
    return {"resnet50": resnet50, "mobilenetv2": mobilenet_v2, "bert-base": bert_base}[model](builder, *inputs)


def resnet50(b, image):
    """torchvision's, version 1.5: the 3x3 convolution of a block has its stride."""
    x = b.relu(b.norm("bn1", b.conv("conv1", image, 64, 7, stride=2)))
    x = b.max_pool(x)
    channels = 64
    for stage, (width, blocks) in enumerate(RESNET_STAGES):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _bottleneck(b, f"layer{stage + 1}.{block}", x, width, stride, channels)
            channels = 4 * width
    return [b.dense("fc", b.global_pool(x), 2048, CLASSES)]


def _bottleneck(b, name, x, width, stride, channels):
    y = b.relu(b.norm(f"{name}.bn1", b.conv(f"{name}.conv1", x, width, 1)))
    y = b.relu(b.norm(f"{name}.bn2", b.conv(f"{name}.conv2", y, width, 3, stride=stride)))
    y = b.norm(f"{name}.bn3", b.conv(f"{name}.conv3", y, 4 * width, 1))
    if stride != 1 or channels != 4 * width:
        x = b.norm(f"{name}.downsample.1", b.conv(f"{name}.downsample.0", x, 4 * width, 1, stride=stride))
    return b.relu(b.add(y, x))


def mobilenet_v2(b, image):
    """torchvision's, width 1.0."""
    x = _conv_norm_relu6(b, "features.0", image, 32, 3, stride=2)
    index, channels = 1, 32
    for expansion, width, blocks, first_stride in MOBILENET_STAGES:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            x = _inverted_residual(b, f"features.{index}", x, channels, width, stride, expansion)
            index, channels = index + 1, width
    x = _conv_norm_relu6(b, f"features.{index}", x, 1280, 1)
    return [b.dense("classifier.1", b.global_pool(x), 1280, CLASSES)]


def _conv_norm_relu6(b, name, x, channels, kernel, stride=1, groups=1):
    return b.relu6(b.norm(f"{name}.1", b.conv(f"{name}.0", x, channels, kernel, stride=stride, groups=groups)))


def _inverted_residual(b, name, x, channels, width, stride, expansion):
    hidden = channels * expansion
    index, y = 0, x
    if expansion != 1:
        y = _conv_norm_relu6(b, f"{name}.conv.0", y, hidden, 1)
        index = 1
    y = _conv_norm_relu6(b, f"{name}.conv.{index}", y, hidden, 3, stride=stride, groups=hidden)
    y = b.norm(f"{name}.conv.{index + 2}", b.conv(f"{name}.conv.{index + 1}", y, width, 1))
    return b.add(x, y) if stride == 1 and channels == width else y


def bert_base(b, ids, mask, types):
    """Hugging Face's BertModel with its pooler."""
    bias = b.mask_bias(mask, MASKED)
    words = b.embed("embeddings.word_embeddings", ids, BERT_TOKENS, BERT_WIDTH)
    kinds = b.embed("embeddings.token_type_embeddings", types, BERT_TYPES, BERT_WIDTH)
    positions = b.positions("embeddings.position_embeddings", ids, BERT_POSITIONS, BERT_WIDTH)
    x = b.layer_norm("embeddings.LayerNorm", b.add(b.add(words, kinds), positions))
    for layer in range(BERT_LAYERS):
        x = _encoder_layer(b, f"encoder.layer.{layer}", x, bias)
    pooled = b.tanh(b.dense("pooler.dense", b.first_token(x), BERT_WIDTH, BERT_WIDTH))
    return [x, pooled]


def _encoder_layer(b, name, x, bias):
    attended = _attention(b, f"{name}.attention", x, bias)
    wide = b.gelu(b.dense(f"{name}.intermediate.dense", attended, BERT_WIDTH, BERT_INNER))
    narrow = b.dense(f"{name}.output.dense", wide, BERT_INNER, BERT_WIDTH)
    return b.layer_norm(f"{name}.output.LayerNorm", b.add(narrow, attended))


def _attention(b, name, x, bias):
    def part(which):
        return b.heads(b.dense(f"{name}.self.{which}", x, BERT_WIDTH, BERT_WIDTH), BERT_HEADS)

    query, key, value = part("query"), part("key"), part("value")
    scores = b.scaled(b.matmul(query, key, transpose=True), (BERT_WIDTH // BERT_HEADS) ** -0.5)
    probabilities = b.softmax(b.add(scores, bias))
    context = b.joined(b.matmul(probabilities, value))
    projected = b.dense(f"{name}.output.dense", context, BERT_WIDTH, BERT_WIDTH)
    return b.layer_norm(f"{name}.output.LayerNorm", b.add(projected, x))
