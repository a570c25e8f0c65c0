#include "ort/plugin.h"

#include <cctype>
#include <map>
#include <mutex>
#include <vector>

#include "ort/error.h"

namespace mj::ort {

namespace {

// Leaked: executor threads may outlive destructors.
std::mutex& registration_mutex() {
  static auto* mutex = new std::mutex();
  return *mutex;
}

using Devices = std::vector<const abi::EpDevice*>;

Status offered(const PluginProvider& plugin, Devices& out) {
  const abi::EpDevice* const* devices = nullptr;
  size_t count = 0;
  MJ_ORT_RETURN(api().GetEpDevices(library().env, &devices, &count));
  for (size_t i = 0; i < count; ++i) {
    if (std::string(api().EpDevice_EpName(devices[i])) == plugin.listed) out.push_back(devices[i]);
  }
  return {};
}

// A library that offers nothing stays registered: it may not be unregistered while another session is being made.
Status register_once(const PluginProvider& plugin, const std::string& file) {
  static auto* registered = new std::map<std::string, std::string>();
  const std::lock_guard<std::mutex> lock(registration_mutex());
  const auto known = registered->find(plugin.name);
  if (known != registered->end()) {
    if (known->second == file) return {};
    return {Code::kProviderUnavailable,
            "The execution provider '" + std::string(plugin.name) + "' is registered in this process from " +
                known->second + "; " + file + " cannot be taken beside it.",
            "Use the same libraryFolders for all sessions of a process."};
  }
  Status status = take(api().RegisterExecutionProviderLibrary(library().env, plugin.listed, file.c_str()));
  if (!status.ok()) {
    return {Code::kProviderUnavailable,
            "The execution provider '" + std::string(plugin.name) + "' cannot be registered: " + status.message,
            "See that " + file + " is for ONNX Runtime " + library().version + "."};
  }
  registered->emplace(plugin.name, file);
  return {};
}

Status choose(const ProviderRequest& provider, const PluginProvider& plugin, const abi::EpDevice*& out) {
  Devices devices;
  if (Status status = offered(plugin, devices); !status.ok()) return status;
  const std::string name = "The execution provider '" + provider.name + "' ";
  if (devices.empty()) {
    return {Code::kProviderUnavailable, name + "is not offered for this GPU: its library lists no device here.",
            std::string("It needs ") + plugin.needs + ". Use 'tensorrt' or 'cuda'."};
  }
  const auto number = static_cast<size_t>(device_ordinal(provider));
  if (number >= devices.size()) {
    return {Code::kProviderUnavailable,
            name + "offers " + std::to_string(devices.size()) + " device(s) here; there is no number " +
                std::to_string(number) + ".",
            "Look at the option deviceId, which counts from 0."};
  }
  out = devices[number];
  return {};
}

// Where on the bus ONNX Runtime found it; empty where it does not tell.
std::string bus_of(const abi::HardwareDevice* device) {
  const char* id = api().GetKeyValue(api().HardwareDevice_Metadata(device), "pci_bus_id");
  return id != nullptr ? id : "";
}

// The kernel writes a domain of four digits and small letters, we one of eight and capitals.
std::string plain_bus(const std::string& id) {
  const size_t from = id.find_first_not_of('0');
  std::string text = from == std::string::npos ? std::string() : id.substr(from);
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

Status append_plugin(abi::SessionOptions* options, const ProviderRequest& provider, const std::string& file) {
  const PluginProvider& plugin = *plugin_provider(provider.name);
  if (api().RegisterExecutionProviderLibrary == nullptr) {
    return {Code::kProviderUnavailable,
            "The execution provider '" + provider.name + "' is a plugin, which ONNX Runtime " + library().version +
                " cannot take in: 1." + std::to_string(abi::kPluginApiVersion) + " or later is needed.",
            "npm i onnxruntime-node@latest"};
  }
  Devices known;
  if (Status status = offered(plugin, known); !status.ok()) return status;
  // Else the application has registered it, or we have.
  if (known.empty()) {
    if (Status status = register_once(plugin, file); !status.ok()) return status;
  }
  const abi::EpDevice* device = nullptr;
  if (Status status = choose(provider, plugin, device); !status.ok()) return status;
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (size_t i = 0; i < provider.keys.size(); ++i) {
    if (provider.keys[i] == kDeviceId) continue;  // the choice is made, and the device brings its own number along
    keys.push_back(provider.keys[i].c_str());
    values.push_back(provider.values[i].c_str());
  }
  Status status = take(api().SessionOptionsAppendExecutionProvider_V2(options, library().env, &device, 1, keys.data(),
                                                                      values.data(), keys.size()));
  if (!status.ok()) status.code = Code::kProviderUnavailable;
  return status;
}

Status find_plugin_device(const ProviderRequest& provider, CudaDevice& out) {
  const abi::EpDevice* chosen = nullptr;
  if (Status status = choose(provider, *plugin_provider(provider.name), chosen); !status.ok()) return status;
  const abi::HardwareDevice* hardware = api().EpDevice_Device(chosen);
  const std::string bus = plain_bus(bus_of(hardware));
  if (api().HardwareDevice_Type(hardware) != abi::kGpuDevice) return {};
  std::vector<CudaDevice> devices;
  for (CudaDevice one; find_cuda_device(static_cast<int>(devices.size()), one).ok();) devices.push_back(one);
  for (const CudaDevice& device : devices) {
    if (bus.empty() ? devices.size() == 1 : plain_bus(device.pci_bus_id) == bus) out = device;
  }
  return {};
}

}  // namespace mj::ort
