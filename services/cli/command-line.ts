import type { Call } from './command.ts'
import { UsageError } from './command.ts'

/** An option that has to be given. @throws UsageError */
export function required(call: Call, option: string): string {
  const value = call.values[option]
  if (!value) throw new UsageError(call.output.t('usage.missing', { what: `--${option}` }))
  return value
}

/** An argument by its place. @throws UsageError */
export function argument(call: Call, at: number, name: string): string {
  const value = call.names[at]
  if (!value) throw new UsageError(call.output.t('usage.missing', { what: name }))
  return value
}

/** A value out of a list. @throws UsageError */
export function oneOf<T extends string>(call: Call, what: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (!found) throw new UsageError(call.output.t('usage.choice', { what, choices: choices.join(', ') }))
  return found
}

/** A whole number of an option, `otherwise` when it is not given. @throws UsageError */
export function wholeNumber(
  call: Call,
  option: string,
  otherwise: number,
  [min, max]: readonly [number, number],
): number {
  const text = call.values[option]
  if (text === undefined) return otherwise
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw new UsageError(call.output.t('usage.number', { what: `--${option}`, min, max }))
  return value
}

/** Values of an option that may be repeated and may hold several separated by commas. */
export function listed(call: Call, option: string): string[] {
  return (call.lists[option] ?? [])
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')
}

/** An instant for a reader: day and time of day in Vietnam; nothing for nothing. */
export function shownTime(instant: string | Date | null | undefined): string {
  if (instant === null || instant === undefined) return ''
  return new Date(new Date(instant).getTime() + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
}
