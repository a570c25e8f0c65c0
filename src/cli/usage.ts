export const USAGE = `microjoule: energy of neural-network inference, with an uncertainty on every number

  microjoule probe [options]
      which counters and execution providers can be used here, and what mends the others
  microjoule infer MODEL [options]
      runs MODEL (an .onnx file, or one of the built-in models) and measures it

Options of probe
  --fix                prints a shell script that opens the processor's counters here, and runs nothing
  --calibrate          finds the figures of the GPU boards' counters from two minutes of bursts each, and keeps them for
                       measurements from then on; --device UUID: of which board, may be repeated
  --cross-check        reads the processor's counters through two interfaces for some seconds, and compares them

Options of infer
  --ep NAME            execution provider: cpu (default), cuda, tensorrt, nv-tensorrt-rtx
  --gpu N              the GPU that CUDA counts as N (default 0), within CUDA_VISIBLE_DEVICES; of --against too
  --provider-option K=V   passed to the provider as it is; may be repeated
  --engine-cache DIR|off  where the engines that TensorRT builds are kept (default $XDG_CACHE_HOME/microjoule/engines)
  --against NAME       with --ep tensorrt: also measures this provider, and says after how many runs the build is paid
  --batch N            sets a free first dimension
  --dim NAME=N         sets a free dimension; may be repeated
  --input NAME=FILE    takes this input from a .npy file; may be repeated
  --range NAME=LO:HI   makes this integer input from LO to HI (exclusive); may be repeated
  --seed N             seed of inputs and of built-in weights (default 0)
  --repetitions N      number of measured runs
  --min-duration T     or: run at least this long (default 5s)
  --uncertainty P      or: as many as it takes for an interval of P, such as 2%; --scope NAME: of which counter
  --max-duration T     stop after this time, whatever was asked for (default with --uncertainty 10min)
  --mode NAME          sustained (default): runs back to back; burst: single runs between quiet times;
                       auto: by the run time, and the output says which
  --runs-per-block N   runs in a burst, or in a block of sustained runs
  --sham               also windows in which nothing runs, for the instrument's own cost
  --warmup N           runs before anything is measured (default 10)
  --idle T             quiet time on both sides (default 1s, of many blocks five periods of the counter; 0s: none, and
                       no idle is subtracted)
  --data-path P        host (default), pinned or device: where inputs and outputs lie in the timed runs
  --graph              captures a CUDA graph and replays it; its data path is device
  --tf32 on|off        allows TF32 of NVIDIA's tensor cores, or not (default: the provider's, which is to allow it)
  --strict             refuses a model of which a node falls to another provider
  --placement profile  finds out by a trial run which provider takes which nodes
  --phases             instead: copy to the device, compute and copy back, each with its time and energy; with
                       --duration T (default 25s), --warmup and --seed
  --threads N          intra-op threads of ONNX Runtime
  --rapl-interface NAME   perf, msr or powercap: how the processor's counters are read (default: the first that can be)
  --raw                with --json: every duration and the raw samples too

Options of both
  --json               one JSON document on standard output
  --onnxruntime PATH   folder of the onnxruntime-node to use
  --library-folder DIR   where CUDA's, cuDNN's and TensorRT's libraries are looked for first; may be repeated
  --nvml FILE          the NVML library to open
  --root NAME=PATH     where counters are looked for: powercap, perf, msr, sys, proc or nvml; may be repeated

Exit codes: 0 done, 1 failed, 2 wrong arguments.
`;
