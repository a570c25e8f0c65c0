import { readFileSync } from 'node:fs';
import { refuse } from '../refuse.js';
import type { ModelName, RunTable, Runtime, Subject } from '../types/table.js';
import { DEFAULTS } from './defaults.js';
import { MODELS, RUNTIMES } from './names.js';
import { readProtocol } from './read-protocol.js';
import { readSubject } from './read-subject.js';
import { parseYaml, type YamlNode } from './yaml-node.js';

const FIELDS = ['version', 'name', 'models', 'batches', 'subjects', ...Object.keys(DEFAULTS)];
const MAX_BATCH = 65536;

export function readTableFile(path: string): RunTable {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw refuse(
      `The run table ${path} cannot be read: ${(error as Error).message}.`,
      'Write one with microjoule-study init.',
    );
  }
  return readTable(path, text);
}

/** The table with all defaults filled in; throws with the line, the field and what is allowed. */
export function readTable(name: string, text: string): RunTable {
  const root = parseYaml(name, text);
  const fields = root.fields(FIELDS);
  const need = (field: string): YamlNode => {
    const found = fields[field];
    if (!found)
      throw root.refuse(`${field} is missing.`, `Needed: version, name, models, batches, subjects.`);
    return found;
  };
  if (need('version').value() !== 1) throw need('version').refuse('only version 1 is known.', 'Allowed: 1.');
  const subjects = distinct(need('subjects'), 'subjects', readSubject, ({ id }) => id);
  const models = distinct(need('models'), 'models', (node) => node.oneOf(MODELS));
  const batches = distinct(need('batches'), 'batch sizes', (node) => node.whole(1, MAX_BATCH));
  return {
    version: 1,
    name: need('name').text(),
    seed: fields.seed?.whole(0, 0xffffffff) ?? DEFAULTS.seed,
    repetitions: fields.repetitions?.whole(1, 10_000) ?? DEFAULTS.repetitions,
    models,
    batches,
    subjects,
    exclude: readExclude(fields.exclude, subjects, models, batches),
    protocol: readProtocol(fields.protocol),
    nullRun: readNullRun(fields.nullRun, subjects),
    sequenceLength: fields.sequenceLength?.whole(8, 512) ?? DEFAULTS.sequenceLength,
    outliers: readOutliers(fields.outliers),
    agreement: readAgreement(fields.agreement),
    compat2024: readCompat(fields.compat2024),
    interpreters: readInterpreters(fields.interpreters),
  };
}

function distinct<T>(
  node: YamlNode,
  what: string,
  read: (node: YamlNode) => T,
  keyOf: (value: T) => unknown = (value) => value,
): T[] {
  const items = node.list(what);
  if (items.length === 0) throw node.refuse(`the list is empty: there would be nothing to run.`);
  const seen = new Map<unknown, number>();
  return items.map((item) => {
    const value = read(item);
    const before = seen.get(keyOf(value));
    if (before !== undefined) {
      throw item.refuse(`'${String(keyOf(value))}' is there twice, first in line ${before}.`);
    }
    seen.set(keyOf(value), item.line);
    return value;
  });
}

function readExclude(
  node: YamlNode | undefined,
  subjects: readonly Subject[],
  models: readonly ModelName[],
  batches: readonly number[],
): RunTable['exclude'] {
  return (node?.list('exclusions') ?? []).map((item) => {
    const { subject, model, batch, reason } = item.fields(['subject', 'model', 'batch', 'reason']);
    if (!reason) throw item.refuse('an exclusion needs a reason.');
    if (!subject && !model && !batch) {
      throw item.refuse('it would leave out everything.', 'Give subject, model or batch.');
    }
    const size = batch?.whole(1, MAX_BATCH);
    if (batch && !batches.includes(size as number)) {
      throw batch.refuse(`${size} is no batch size of this table.`, `Allowed: ${batches.join(', ')}.`);
    }
    return {
      ...(subject ? { subject: subject.oneOf(subjects.map(({ id }) => id)) } : {}),
      ...(model ? { model: model.oneOf(models) } : {}),
      ...(size === undefined ? {} : { batch: size }),
      reason: reason.text(),
    };
  });
}

function readNullRun(node: YamlNode | undefined, subjects: readonly Subject[]): RunTable['nullRun'] {
  if (!node || node.isNull()) return DEFAULTS.nullRun;
  const { subject } = node.fields(['subject']);
  if (!subject) throw node.refuse('a null run needs a subject.');
  return { subject: subject.oneOf(subjects.map(({ id }) => id)) };
}

function readOutliers(node: YamlNode | undefined): RunTable['outliers'] {
  if (!node) return DEFAULTS.outliers;
  const { rule, factor } = node.fields(['rule', 'factor']);
  if (!rule) throw node.refuse('the outlier rule is missing.', 'Allowed: none, iqr.');
  if (rule.oneOf(['none', 'iqr'] as const) === 'none') {
    if (factor) throw factor.refuse("a factor is for the rule 'iqr'.");
    return { rule: 'none' };
  }
  return { rule: 'iqr', factor: factor?.number(0, { above: true }) ?? 1.5 };
}

function readAgreement(node: YamlNode | undefined): RunTable['agreement'] {
  const { fp32, tf32, fp16 } = node?.fields(Object.keys(DEFAULTS.agreement)) ?? {};
  const bound = (given: YamlNode | undefined, fallback: number) =>
    given?.number(0, { above: true }) ?? fallback;
  return {
    fp32: bound(fp32, DEFAULTS.agreement.fp32),
    tf32: bound(tf32, DEFAULTS.agreement.tf32),
    fp16: bound(fp16, DEFAULTS.agreement.fp16),
  };
}

function readCompat(node: YamlNode | undefined): RunTable['compat2024'] {
  const { enabled, idleSeconds } = node?.fields(['enabled', 'idleSeconds']) ?? {};
  return {
    enabled: enabled?.truth() ?? DEFAULTS.compat2024.enabled,
    idleSeconds: idleSeconds?.number(0, { above: true }) ?? DEFAULTS.compat2024.idleSeconds,
  };
}

function readInterpreters(node: YamlNode | undefined): RunTable['interpreters'] {
  const fields = node?.fields(RUNTIMES) ?? {};
  return Object.fromEntries(
    Object.entries(fields).map(([runtime, path]) => [runtime as Runtime, path.text()]),
  );
}
