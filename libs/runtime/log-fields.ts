import { BusError } from '../errors/index.ts'

/** Text fields that may stand in a log line: names, ids, codes. Never content, names of persons, certificate subjects, secrets. */
const TEXT_FIELDS = new Set([
  'service', 'code', 'state', 'from', 'to', 'lane', 'mode', 'reason', 'event', 'step', 'kind', 'verdict', 'policy',
  'dispatchId', 'consignmentId', 'docId', 'attemptId', 'entryId', 'receiptId', 'systemId', 'batchId', 'traceId', 'reqId',
  'agencyCode', 'sha256', 'origin', 'root', 'checkpoint', 'migration', 'statement',
  'natsSubject', 'stream', 'consumer', 'queue', 'job', 'server', 'method', 'route', 'url', 'host', 'address', 'signal', 'setting', 'variable',
  'file', 'folder', 'version', 'at', 'until', 'action', 'operator',
]) // biome-ignore format: a list to be read, not a column
const MAX_TEXT = 300
const MAX_FIELDS = 40

/**
 * Keeps of a log line's fields what is allowed: numbers and booleans under any name, short text under known names, `err`.
 * The names of what was left out stand in `hidden`, so that a missing field is seen and not guessed.
 */
export function allowedFields(fields: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  const hidden: string[] = []
  for (const [name, value] of Object.entries(fields).slice(0, MAX_FIELDS)) {
    if (value === undefined) continue
    if (name === 'err' || name === 'error') kept.err = describeError(value)
    else if (typeof value === 'number' || typeof value === 'boolean' || value === null) kept[name] = value
    else if (typeof value === 'bigint') kept[name] = Number(value)
    else if (value instanceof Date && TEXT_FIELDS.has(name)) kept[name] = value.toISOString()
    else if (typeof value === 'string' && TEXT_FIELDS.has(name)) kept[name] = withoutCredentials(value)
    else hidden.push(name)
  }
  if (hidden.length > 0) kept.hidden = hidden.join(',')
  return kept
}

/** What a log line says of an error: our own whole, a foreign one by class, code and place; its other fields may hold content. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error }
  const stack = error.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 12)
    .join('\n')
  const described: Record<string, unknown> = { name: error.name, message: withoutCredentials(error.message), stack }
  if (error instanceof BusError) described.code = error.code
  else if ('code' in error && typeof error.code === 'string') described.code = error.code.slice(0, 60)
  if (error.cause instanceof Error && error.cause !== error) {
    const { name, message } = error.cause
    described.cause = { name, message: withoutCredentials(message) }
  }
  return described
}

function withoutCredentials(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/:\/\/[^@/\s]{1,200}@/g, '://…@')
}
