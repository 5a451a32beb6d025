import type { Logger } from './logger.ts'
import { metric } from './metric.ts'

/** Ids, codes and counts (see `log-fields.ts`), and `err` for what went wrong. */
export type EventFields = Readonly<Record<string, unknown>>

interface EventOptions {
  /** `<noun>_<past participle>`; the counter is `<name>_total`. */
  readonly name: string
  readonly text: string
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
  /** The fields that are labels of the counter too. */
  readonly labels?: readonly string[]
}

/** A business event: calling it writes one log line and counts one. Use: `const accepted = defineEvent({…}); accepted(log, { lane })`. */
export function defineEvent<F extends EventFields>(options: EventOptions): (log: Logger, fields: F) => void {
  const { name, text, level = 'info', labels = [] } = options
  const counter = metric.counter({ name: `${name}_total`, help: text, labels })
  return (log, fields) => {
    counter.inc(Object.fromEntries(labels.map((label) => [label, String(fields[label] ?? '')])))
    const line: Record<string, unknown> = { event: name, ...fields }
    log[level](line, text)
  }
}
