export const USAGE = `microjoule-study: compares neural-network runtimes by energy

  microjoule-study init [TABLE]           writes a commented run table (default study.yaml)
  microjoule-study plan [TABLE]           cells, exclusions with reasons, estimated time
  microjoule-study doctor [TABLE]         each runtime's environment: found, versions, sees the GPU
  microjoule-study setup-runtimes [RUNTIME...]
                                          makes the Python environments of pytorch, tensorflow and mxnet
  microjoule-study run [TABLE]            makes all runs that the journal does not hold yet
  microjoule-study resume                 goes on with the run table that is in the journal
  microjoule-study status                 what is done and what is left
  microjoule-study analyse                tables as CSV and JSON, and the verdicts in sentences
  microjoule-study report                 one HTML page that needs no network
  microjoule-study merge JOURNAL...       joins journals of shards into the one that --into names
  microjoule-study cell --runtime NAME --model NAME [--batch N] [--provider NAME]
                                          one cell, one row, an exit code
  microjoule-study conformance [options] -- COMMAND...
                                          runs a worker through all that the protocol asks of it
  microjoule-study emit slurm [TABLE] --shards N
  microjoule-study emit kubernetes [TABLE] --shards N --image NAME
                                          what spreads one study over many machines, on standard output

Options
  --out DIR           folder of the journal, logs and files made on the way (default results)
  --json              plan, status, doctor, cell: one JSON document on standard output
  --force             init: writes over a file that is there
  --shard I/N         plan, run: the I-th of N parts; all subjects of a model and batch size stay together
  --new-segment       run: goes on in a journal of another table or machine, in a segment of its own
  --compat-2024       run: adds the method of the 2024 paper on the same runs
  --into PATH         merge: the journal to write; analyse: the folder (default DIR/analysis); report: the page
                      (default DIR/report.html)
  --journal FILE      analyse, report: a journal in place of the one in --out
  --timeline RUN      report: whose power over time is shown
  --gpu GPU           run, resume, cell: the one of several GPUs, by NVML's number or UUID, that is metered, waited for
                      and shown to the workers
  --nvml FILE         run, resume, cell: the NVML library to open
  --root NAME=PATH    run, resume, cell: where counters are looked for: powercap, perf, msr, sys, proc or nvml

Options of cell
  --source NAME       onnxruntime: whose ONNX file: built-in (default), pytorch, tensorflow, mxnet
  --call-path NAME    --data-path NAME    --threads N    --tf32 on|off    --fp16 on|off
  --option K=V        passed to the runtime as it is; may be repeated
  --window SECONDS    length of the steady state (default 5)
  --idle SECONDS      quiet time on each side, bare and with the model (default 3)
  --warmup SECONDS    dropped before it (default 5)
  --gate SECONDS      how long it may wait for a quiet machine (default 120)
  --overhead SECONDS  blocks that tell what sampling costs (default 2)
  --interpreter PATH  of the runtime

Options of setup-runtimes
  --cpu, --cuda       which builds to install (default: what the machine has)
  --interpreter PATH  takes a Python that has the runtime already; with one RUNTIME
  --python PATH       makes the environment with this Python
  --folder DIR        of the environments (default ~/.cache/microjoule/runtimes)

Options of conformance
  --model NAME        --batch N    --provider NAME    --log (shows what it writes to its standard error)
  --timeout SECONDS   of one answer (default 300)

Options of emit
  --shards N          tasks of the job array, or completions of the job
  --image NAME        kubernetes: the container image, with microjoule-study and the runtimes in it
  --claim NAME        kubernetes: the volume claim that results go to (default microjoule-results)

Exit codes: 0 done, 1 failed, 2 wrong argument or run table, 130 interrupted.
`;
