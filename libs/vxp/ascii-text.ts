/** JSON in ASCII: everything else as `\u` escapes. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x00-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A text without Vietnamese accents, on one line, `limit` characters at most: what a header of the protocol can carry. */
export function asciiText(text: string, limit: number): string {
  return text
    .slice(0, 4 * limit)
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('đ', 'd')
    .replaceAll('Đ', 'D')
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/g, '?')
    .trim()
    .slice(0, limit)
}
