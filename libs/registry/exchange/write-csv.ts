/** What a spreadsheet would take for a formula, apostrophes in front included. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/

/**
 * One record as RFC 4180 has it, CRLF included. A field a spreadsheet would run as a formula gets an apostrophe in front,
 * which `unguardField` takes off again.
 */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\r\n`
}

function csvField(value: string): string {
  const guarded = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}

/** A field as it was before `csvLine` guarded it. */
export const unguardField = (value: string): string =>
  value[0] === "'" && FORMULA.test(value) ? value.slice(1) : value
