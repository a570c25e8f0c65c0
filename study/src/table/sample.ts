/** What `init` writes: the comparison of Alizadeh and Castor (CAIN 2024), with longer windows and repetitions. */
export const SAMPLE_TABLE = `# Run table of microjoule-study. Durations are seconds. What is left out has the value shown behind '#='.
version: 1
name: runtimes-2024

# Of the order of runs and of the inputs; recorded.
seed: 20240414                    #= 0
# 10 is enough to see 5 %; 30 where differences are small.
repetitions: 10                   #= 10

models: [resnet50, mobilenetv2, bert-base]
batches: [1, 64]
sequenceLength: 128               # of BERT's inputs, padding included  #= 128

# One contender each; a cell is a subject with a model and a batch size.
#   runtime     pytorch, tensorflow, onnxruntime, mxnet
#   provider    cpu, cuda; onnxruntime also tensorrt
#   source      onnxruntime: whose ONNX file: built-in, or the export of pytorch, tensorflow, mxnet  #= built-in
#   callPath    pytorch: inference_mode, eager, compile, cuda_graph; tensorflow: function, call, predict;
#               mxnet: hybrid; onnxruntime: run, graph                #= the first
#   dataPath    onnxruntime on a GPU: host, pinned, device            #= host, as the others do
#   precision   { tf32: true|false, fp16: true|false }                #= the runtime's own, recorded
#   threads     within one operator                                   #= the runtime's own, recorded
#   cudnnAutotune  true, false
#   engineCache  tensorrt: true: built once a cell and kept; false: built in each run  #= true
#   options     passed to the runtime as they are
subjects:
  - { id: pytorch-cuda, runtime: pytorch, provider: cuda, precision: { tf32: false } }
  - { id: tensorflow-cuda, runtime: tensorflow, provider: cuda, precision: { tf32: false } }
  # As the published figures look to have been taken: a loop over model.predict().
  - { id: tensorflow-predict-cuda, runtime: tensorflow, provider: cuda, callPath: predict, precision: { tf32: false } }
  - { id: mxnet-cuda, runtime: mxnet, provider: cuda }
  - { id: ort-cuda, runtime: onnxruntime, provider: cuda, precision: { tf32: false } }
  - { id: ort-tensorrt, runtime: onnxruntime, provider: tensorrt, precision: { tf32: false } }
  # The frameworks' models, converted to ONNX.
  - { id: pytorch-ort-cuda, runtime: onnxruntime, provider: cuda, source: pytorch, precision: { tf32: false } }
  - { id: pytorch-ort-tensorrt, runtime: onnxruntime, provider: tensorrt, source: pytorch, precision: { tf32: false } }
  - { id: tensorflow-ort-cuda, runtime: onnxruntime, provider: cuda, source: tensorflow, precision: { tf32: false } }
  - { id: tensorflow-ort-tensorrt, runtime: onnxruntime, provider: tensorrt, source: tensorflow, precision: { tf32: false } }
  - { id: mxnet-ort-cuda, runtime: onnxruntime, provider: cuda, source: mxnet, precision: { tf32: false } }
  - { id: mxnet-ort-tensorrt, runtime: onnxruntime, provider: tensorrt, source: mxnet, precision: { tf32: false } }

# Cells left out by hand; every field given must match. They stay in the plan, with the reason.
exclude: []
#  - { subject: tensorflow-predict-cuda, batch: 64, reason: takes too long here }

# A against A: this subject is run once more under another name. Its difference is the floor of what is called one.
nullRun: { subject: ort-cuda }    #= none

protocol:
  windowSeconds: 5                # steady state; 60 for the published length  #= 5
  warmup:                         # dropped: at least so many, so long, and until the temperature is level
    inferences: 20                #= 20
    seconds: 5                    #= 5
    maxSlopeCPerMinute: 6         #= 6
    timeoutSeconds: 60            #= 60
  idle:                           # on each side of the run; 600 is possible
    bareSeconds: 3                # no worker  #= 3
    residentSeconds: 3            # the model loaded  #= 3
  stability:                      # before a run; what cannot be read holds nothing up
    powerRelativeSd: 0.05         #= 0.05
    loadAverage1: 1               #= 1
    temperatureC: 5               # within so many degrees of the first run's start  #= 5
    otherWork: wait               # other processes on the GPU: wait, ignore  #= wait
    timeoutSeconds: 120           # then the run goes on, and its record says that the gate did not pass  #= 120
  overheadSeconds: 2              # blocks with sampling doubled and not, for what it costs; 0: none  #= 2
  cooldownSeconds: 5              # at least so long between two runs  #= 5
  timeoutSeconds: 600             # a worker is given up when one request takes longer  #= 600

# Fixed before the run, applied to every cell or to none: none, or iqr with a factor.
outliers: { rule: none }          #= none

# Outputs of runtimes with the same weights must agree within this, relative to the largest value.
agreement: { fp32: 1.0e-3, tf32: 1.0e-2, fp16: 3.0e-2 }

# Adds the method of the 2024 paper on the same runs: power polled each 10 ms, mean idle power subtracted.
compat2024: { enabled: false, idleSeconds: 600 }

# Interpreters to use instead of the environments that setup-runtimes makes.
interpreters: {}
#  pytorch: /opt/venvs/torch/bin/python
`;
