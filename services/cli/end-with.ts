import { type ClientFault, faultOf } from '../../libs/client/index.ts'
import { EXIT_CODES, UsageError } from './command.ts'
import { faultOfFile } from './fault-of-file.ts'
import type { Output } from './output.ts'

/**
 * Tells an error in the words of the catalogue and answers the exit code it ends with; whatever has no words there is a defect.
 * @param about what it concerns, for programs that read the JSON
 */
export function endWith(error: unknown, output: Output, about: About = {}): number {
  if (error instanceof UsageError) {
    output.note(error.message)
    return EXIT_CODES.usage
  }
  const fault = faultOf(error) ?? faultOfFile(error)
  if (!fault) return tellDefect(error, output, about)
  tellFault(fault, output, about)
  return exitCodeOf(fault)
}

type About = Readonly<Record<string, string>>

/** Tells what went wrong and what to do, on standard error; with `--json` as one JSON object. */
export function tellFault(fault: ClientFault, output: Output, about: About = {}): void {
  const { title, advice } = fault.texts[output.language]
  if (output.json) {
    const { code, status, actor, retry, detail, traceId } = fault
    output.note(
      JSON.stringify({
        ...about,
        code,
        status,
        actor,
        retry,
        title,
        advice,
        ...(detail ? { detail } : {}),
        ...(traceId ? { traceId } : {}),
      }),
    )
    return
  }
  output.note(output.t('error.line', { code: fault.code, title }))
  if (fault.detail) output.note(`  ${fault.detail}`)
  output.note(output.t('error.advice', { advice }))
  output.note(
    output.t('error.actor', { actor: output.t(`actor.${fault.actor}`), retry: output.t(`retry.${fault.retry}`) }),
  )
  if (fault.traceId) output.note(output.t('error.trace', { traceId: fault.traceId }))
}

/** The stack is for whoever mends it. */
function tellDefect(error: unknown, output: Output, about: About): number {
  const reason = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? (error.stack ?? reason) : reason
  output.note(output.json ? JSON.stringify({ ...about, defect: reason, stack }) : output.t('error.defect', { reason }))
  if (!output.json) output.note(stack)
  return EXIT_CODES.internal
}

const LOCAL = /^LT_(?:CONF|CLIENT_(?:KEY|FILE|FOLDER))_/

/** See `EXIT_CODES`. */
export function exitCodeOf({ code, status, retry }: Pick<ClientFault, 'code' | 'status' | 'retry'>): number {
  if (LOCAL.test(code)) return EXIT_CODES.config
  if (status === 401 || status === 403 || code === 'LT_AUTH_CLIENT_UNKNOWN') return EXIT_CODES.forbidden
  if (status === 404) return EXIT_CODES.notFound
  if (retry === 'later' || status >= 500) return EXIT_CODES.later
  return EXIT_CODES.refused
}
