import { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import { allowedFields } from './log-fields.ts'

/** The log of one service: `log.info({ dispatchId }, 'text')`. What may stand in a line is an allow-list (`log-fields.ts`). */
export type Logger = PinoLogger

export interface LoggerOptions {
  /** Least severe level that is written; `info` unless told. */
  readonly level?: string
  /** Where lines go; standard output unless told. */
  readonly stream?: DestinationStream
}

/** Makes the log of a service: one JSON object per line. The application log may be lost; the audit log is another thing. */
export function createLogger(service: string, { level = 'info', stream }: LoggerOptions = {}): Logger {
  const settings = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    // The standard serializer would run first and write out every field of an error.
    serializers: { err: (value: unknown) => value },
    formatters: { level: (label: string) => ({ level: label }), bindings: allowedFields, log: allowedFields },
  }
  const logger = stream ? pino(settings, stream) : pino(settings)
  // pino does not format the fields of a child; children inherit this one from their parent.
  const child = logger.child as unknown as (fields: Bindings, options?: ChildLoggerOptions) => Logger
  const filtered = function (this: Logger, fields: Bindings, options?: ChildLoggerOptions): Logger {
    return child.call(this, allowedFields(fields), options)
  }
  return Object.assign(logger, { child: filtered }) as Logger
}
