import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** The most different label values one metric may show; everything after is counted under `other`. */
const MAX_SERIES = 200
const registry = new Registry()

export type Labels = Readonly<Record<string, string>>

interface MetricOptions {
  /** `<noun>_<past participle>_total`, `…_seconds`, or the noun of a gauge. */
  readonly name: string
  readonly help: string
  /** Few values each: codes, states, lanes. Ids belong in the log line. */
  readonly labels?: readonly string[]
}

/** Makes a bound on the number of series: an unknown combination beyond it becomes `other`. */
function bounded(names: readonly string[]): (labels: Labels) => Labels {
  const seen = new Set<string>()
  return (labels) => {
    const kept = Object.fromEntries(names.map((name) => [name, String(labels[name] ?? '').slice(0, 60)]))
    const key = JSON.stringify(kept)
    if (seen.has(key)) return kept
    if (seen.size < MAX_SERIES) {
      seen.add(key)
      return kept
    }
    return Object.fromEntries(names.map((name) => [name, 'other']))
  }
}

/** Figures of this process, for `GET /metrics`. Define each once, at the top of a module. */
export const metric = {
  counter({ name, help, labels = [] }: MetricOptions): { inc(labels?: Labels, by?: number): void } {
    const counter = new Counter({ name, help, labelNames: [...labels], registers: [registry] })
    const keep = bounded(labels)
    return { inc: (values = {}, by = 1) => counter.inc(keep(values), by) }
  },

  /** Durations in seconds, sizes in bytes. */
  histogram(options: MetricOptions & { buckets?: readonly number[] }): {
    observe(value: number, labels?: Labels): void
  } {
    const {
      name,
      help,
      labels = [],
      buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    } = options
    const histogram = new Histogram({
      name,
      help,
      labelNames: [...labels],
      buckets: [...buckets],
      registers: [registry],
    })
    const keep = bounded(labels)
    return { observe: (value, values = {}) => histogram.observe(keep(values), value) }
  },

  gauge({ name, help, labels = [] }: MetricOptions): { set(value: number, labels?: Labels): void } {
    const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [registry] })
    const keep = bounded(labels)
    return { set: (value, values = {}) => gauge.set(keep(values), value) }
  },
}

let defaultsCollected = false

/** The figures of this process as Prometheus text (`text/plain; version=0.0.4`), memory and event loop included. */
export async function metricsText(): Promise<string> {
  if (!defaultsCollected) {
    defaultsCollected = true
    collectDefaultMetrics({ register: registry })
  }
  return await registry.metrics()
}

/** Content type of {@link metricsText}. */
export const METRICS_CONTENT_TYPE: string = registry.contentType
