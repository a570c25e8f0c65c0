"""The first CUDA device, as the driver tells it, without a context on it: nothing is switched on by looking."""

import ctypes
import uuid


class Device:
    def __init__(self, name, device_uuid, capability):
        self.name = name
        self.uuid = device_uuid
        self.capability = capability


class NoDevice(Exception):
    """Why there is none."""


def _call(driver, function, *arguments):
    status = getattr(driver, function)(*arguments)
    if status != 0:
        text = ctypes.c_char_p()
        driver.cuGetErrorString(status, ctypes.byref(text))
        raise NoDevice(f"{function}: {(text.value or b'error').decode()} ({status})")


def first_device():
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise NoDevice("NVIDIA's driver is not installed (no libcuda.so.1)") from None
    _call(driver, "cuInit", 0)
    count, device = ctypes.c_int(), ctypes.c_int()
    _call(driver, "cuDeviceGetCount", ctypes.byref(count))
    if count.value == 0:
        raise NoDevice("the driver shows no device; see CUDA_VISIBLE_DEVICES")
    _call(driver, "cuDeviceGet", ctypes.byref(device), 0)
    name, raw = ctypes.create_string_buffer(100), ctypes.create_string_buffer(16)
    _call(driver, "cuDeviceGetName", name, 100, device)
    _call(driver, "cuDeviceGetUuid", raw, device)
    return Device(name.value.decode(), f"GPU-{uuid.UUID(bytes=raw.raw)}", _capability(driver, device))


def _capability(driver, device):
    # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
    values = []
    for attribute in (75, 76):
        value = ctypes.c_int()
        _call(driver, "cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
        values.append(value.value)
    return tuple(values)
