"""BERT-base against Hugging Face's BertModel."""

import numpy as np
import torch
import transformers
from safetensors.torch import load_file

import checks

# 22.5 billion floating-point operations a sequence of 128 tokens: Sun et al., MobileBERT, ACL 2020, table 1.
PUBLISHED_OPERATIONS = 22.5e9
# 110 M: Devlin et al., BERT, NAACL 2019, section 3; the exact count is the library's.
PUBLISHED_PARAMETERS = 110e6

# Which nodes do arithmetic on tokens; the others move data or make shapes, and every exporter does that differently.
ARITHMETIC = ("MatMul", "Softmax", "LayerNormalization", "Erf", "Tanh", "Gemm")


def compare(folder, inputs, short):
    configuration = transformers.BertConfig()
    configuration._attn_implementation = "eager"
    model = transformers.BertModel(configuration)
    model.load_state_dict(load_file(folder / "weights.safetensors"), strict=True)
    model.eval()
    expected = model(**tensors(inputs), output_hidden_states=True, output_attentions=True)
    hidden, pooled = checks.run_onnx(folder, inputs)
    brief = model(**tensors(short))
    lengths = inputs["attention_mask"].sum(1)
    record = {
        "inputs": {"batch": len(lengths), "sequence": inputs["input_ids"].shape[1], "tokens": lengths.tolist()},
        "strict_load": True,
        "relative_error": {
            "transformers_last_hidden_state": checks.relative_error(hidden, expected.last_hidden_state.numpy()),
            "transformers_pooler_output": checks.relative_error(pooled, expected.pooler_output.numpy()),
        },
        "onnx": checks.validity(folder),
        **counts(model, folder, inputs),
        "activations": activations(expected, lengths),
    }
    return record, {
        "pooler_output": brief.pooler_output.numpy(),
        # The first tokens of every sequence, a padded one of the second, in full width.
        "last_hidden_state": brief.last_hidden_state[:, [0, 1, 2, 63]].numpy(),
    }


class Positional(torch.nn.Module):
    """The exporter hands over positional arguments, and the library's decorators want names."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return output.last_hidden_state, output.pooler_output


def tensors(inputs):
    return {name: torch.from_numpy(values) for name, values in inputs.items()}


def counts(model, folder, inputs):
    one = tensors({name: values[:1] for name, values in inputs.items()})
    parameters = checks.parameter_count(model)
    operations = 2 * checks.multiply_adds(model, **one)
    if abs(operations / PUBLISHED_OPERATIONS - 1) > 0.01 or abs(parameters / PUBLISHED_PARAMETERS - 1) > 0.01:
        raise SystemExit(f"{operations} operations, {parameters} parameters")
    ours = checks.our_nodes(folder)
    arguments = (one["input_ids"], one["attention_mask"], one["token_type_ids"])
    exported = checks.exported_nodes(Positional(model), arguments)
    matrices = lambda nodes: {op: nodes.get(op, 0) for op in ARITHMETIC}
    checks.equal("nodes", matrices(ours), matrices(exported))
    return {
        "parameters": {"model": parameters, "published": "110 M (Devlin et al. 2019)"},
        "multiply_adds": {"model": operations // 2, "published": "22.5 G operations (Sun et al. 2020)"},
        "nodes": {
            "total": sum(ours.values()),
            "by_type": ours,
            "equal_to_export": list(ARITHMETIC),
            "export_total": sum(exported.values()),
        },
    }


def activations(output, lengths):
    """Of the tokens that are not padding: spread of the hidden states, sharpness of attention, likeness of tokens."""
    entropies = []
    for attention in output.attentions:
        for sequence, length in zip(attention, lengths):
            p = sequence[:, :length, :length]
            entropy = -(p * torch.log(p.clamp_min(1e-30))).sum(-1).mean()
            entropies.append((entropy / np.log(length)).item())
    last = output.last_hidden_state[0, : lengths[0]]
    directions = last / last.norm(dim=-1, keepdim=True)
    likeness = (directions @ directions.T).fill_diagonal_(0).sum() / (lengths[0] * (lengths[0] - 1))
    rounded = lambda x: float(f"{x:.3g}")
    return {
        "hidden_state_deviation": [rounded(h.std().item()) for h in output.hidden_states],
        "hidden_state_largest": rounded(max(h.abs().max().item() for h in output.hidden_states)),
        "attention_entropy_over_uniform": [rounded(min(entropies)), rounded(np.median(entropies)), rounded(max(entropies))],
        "mean_cosine_of_two_tokens": rounded(likeness.item()),
        "pooler_deviation": rounded(output.pooler_output.std().item()),
    }
