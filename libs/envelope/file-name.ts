import { boundMarks } from './bound-marks.ts'

/** Longest name in bytes of UTF-8 that common file systems take. */
const MAX_BYTES = 255
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i
/** Control characters, what paths and shells on Windows forbid, and marks that turn the reading direction. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f<>:"|?*\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/**
 * A name that is safe to create a file under on any system: no path, no control or direction marks, no name that Windows
 * reserves, at most 255 bytes. The extension is kept; what leaves nothing becomes `attachment`.
 */
export function safeFileName(name: string): string {
  const last = name.slice(0, 10_000).split(/[/\\]/).at(-1) ?? ''
  const clean = boundMarks(last.replace(LONE_SURROGATE, ''))
    .normalize('NFC')
    .replace(UNSAFE, '')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+/, '')
    .trimEnd()
  const trimmed = withoutTrailingDots(clean)
  if (trimmed === '') return 'attachment'
  const dot = trimmed.indexOf('.')
  const stem = dot < 0 ? trimmed : trimmed.slice(0, dot)
  return shorten(RESERVED.test(stem.trimEnd()) ? `_${trimmed}` : trimmed)
}

/** The extension of a name, lower case, without the dot; `''` when it has none. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 && name.length - dot <= 12
    ? name
        .slice(dot + 1)
        .toLowerCase()
        .trim()
    : ''
}

function withoutTrailingDots(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '.' || text[end - 1] === ' ')) end -= 1
  return text.slice(0, end)
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  const extension = extensionOf(name)
  const tail = extension === '' ? '' : `.${extension}`
  let stem = ''
  let room = MAX_BYTES - Buffer.byteLength(tail)
  for (const char of name.slice(0, name.length - tail.length)) {
    room -= Buffer.byteLength(char)
    if (room < 0) break
    stem += char
  }
  return stem + tail
}
