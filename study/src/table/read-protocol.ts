import type { Protocol } from '../types/table.js';
import { DEFAULT_PROTOCOL as D } from './defaults.js';
import type { YamlNode } from './yaml-node.js';

export function readProtocol(node: YamlNode | undefined): Protocol {
  const fields = node?.fields(Object.keys(D)) ?? {};
  const { windowSeconds, warmup, idle, stability, overheadSeconds, cooldownSeconds, timeoutSeconds } = fields;
  return {
    windowSeconds: windowSeconds?.number(0, { above: true }) ?? D.windowSeconds,
    warmup: readWarmup(warmup),
    idle: readIdle(idle),
    stability: readStability(stability),
    overheadSeconds: overheadSeconds?.number(0) ?? D.overheadSeconds,
    cooldownSeconds: cooldownSeconds?.number(0) ?? D.cooldownSeconds,
    timeoutSeconds: timeoutSeconds?.number(0, { above: true }) ?? D.timeoutSeconds,
  };
}

function readWarmup(node: YamlNode | undefined): Protocol['warmup'] {
  const { inferences, seconds, maxSlopeCPerMinute, timeoutSeconds } =
    node?.fields(Object.keys(D.warmup)) ?? {};
  return {
    inferences: inferences?.whole(1) ?? D.warmup.inferences,
    seconds: seconds?.number(0) ?? D.warmup.seconds,
    maxSlopeCPerMinute: maxSlopeCPerMinute?.number(0, { above: true }) ?? D.warmup.maxSlopeCPerMinute,
    timeoutSeconds: timeoutSeconds?.number(0, { above: true }) ?? D.warmup.timeoutSeconds,
  };
}

function readIdle(node: YamlNode | undefined): Protocol['idle'] {
  const { bareSeconds, residentSeconds } = node?.fields(Object.keys(D.idle)) ?? {};
  return {
    bareSeconds: bareSeconds?.number(0) ?? D.idle.bareSeconds,
    residentSeconds: residentSeconds?.number(0) ?? D.idle.residentSeconds,
  };
}

function readStability(node: YamlNode | undefined): Protocol['stability'] {
  const fields = node?.fields(Object.keys(D.stability)) ?? {};
  const { powerRelativeSd, loadAverage1, temperatureC, otherWork, timeoutSeconds } = fields;
  return {
    powerRelativeSd: powerRelativeSd?.number(0, { above: true }) ?? D.stability.powerRelativeSd,
    loadAverage1: loadAverage1?.number(0, { above: true }) ?? D.stability.loadAverage1,
    temperatureC: temperatureC?.number(0, { above: true }) ?? D.stability.temperatureC,
    otherWork: otherWork?.oneOf(['wait', 'ignore'] as const) ?? D.stability.otherWork,
    timeoutSeconds: timeoutSeconds?.number(0) ?? D.stability.timeoutSeconds,
  };
}
