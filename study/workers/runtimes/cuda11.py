"""Opens CUDA 11's libraries where wheels have put them: MXNet's GPU builds ask for them by name alone."""

import ctypes
import glob
import os
import sysconfig

# Each after those that it needs.
LIBRARIES = (
    "cuda_runtime",
    "cuda_nvrtc",
    "nvtx",
    "cublas",
    "cusparse",
    "cufft",
    "curand",
    "cusolver",
    "cudnn",
    "nccl",
)


def _open_all():
    wheels = os.path.join(sysconfig.get_paths()["purelib"], "nvidia")
    for library in LIBRARIES:
        files = sorted(glob.glob(os.path.join(wheels, library, "lib", "lib*.so*")))
        # cublas needs cublasLt, which comes after it in the alphabet; the second round finds it open.
        for file in files + files:
            try:
                ctypes.CDLL(file, ctypes.RTLD_GLOBAL)
            except OSError:
                pass


_open_all()
