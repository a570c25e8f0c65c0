import { ERROR_CODES } from './errors.js';
import type { NativeCounterProbe } from './native.js';
import { RAPL_CAUSES } from './rapl-causes.js';
import type { RaplInterface } from './types/meter.js';
import type { ProcessorProbe, RaplInterfaceProbe, RaplProbe } from './types/probe.js';

/** The part of `probe()` that concerns the processor: what it is, and each of the ways to its counters. */
export function processorProbe({ processor }: NativeCounterProbe): ProcessorProbe {
  const known = processor.vendor !== '';
  return {
    name: processor.name || null,
    vendor: processor.vendor || null,
    family: known ? processor.family : null,
    model: known ? processor.model : null,
    stepping: known ? processor.stepping : null,
    packages: processor.packages,
    logicalCpus: processor.cpus,
    hypervisor: processor.hypervisor,
  };
}

export function raplProbe({ rapl }: NativeCounterProbe): RaplProbe {
  return {
    chosen: rapl.chosen as RaplInterface | null,
    interfaces: rapl.interfaces.map(interfaceProbe),
    system: rapl.system,
  };
}

function interfaceProbe(found: NativeCounterProbe['rapl']['interfaces'][number]): RaplInterfaceProbe {
  const { reason, remedy } = found;
  const common = { interface: found.interface as RaplInterface };
  if (found.usable) {
    return {
      ...common,
      usable: true,
      cause: found.cause === 'filtered' || found.cause === 'virtual-machine' ? found.cause : null,
      ...(reason === '' ? {} : { note: reason }),
    };
  }
  return {
    ...common,
    usable: false,
    cause: RAPL_CAUSES.find((known) => known === found.cause) ?? 'other',
    code: ERROR_CODES.find((known) => known === found.code) ?? 'internal',
    reason,
    ...(remedy === '' ? {} : { remedy }),
  };
}
