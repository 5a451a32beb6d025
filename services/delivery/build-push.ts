import { createHash, randomBytes } from 'node:crypto'
import { type ContentSource, readStoredPart } from '../../libs/pipeline/index.ts'
import { type ContentPart, listParts, type WaitingPush } from '../../libs/store/index.ts'

/** The content of one push, to be read as often as wanted. */
export interface PushContent {
  /** Those that describe the body; `content-digest` covers every byte of it (RFC 9530). */
  readonly headers: Readonly<Record<string, string>>
  readonly size: number
  body(): AsyncIterable<Uint8Array>
}

/**
 * An inline packet as it was received, or the parts of a detached one as `multipart/mixed`, envelope first. Nothing is decoded
 * or written anew, and nothing is held in memory that lies in a file.
 * @throws BusError LT_STORE_CONTENT_MISSING
 */
export async function buildPush(
  source: ContentSource,
  push: Pick<WaitingPush, 'dispatch_id' | 'form'>,
): Promise<PushContent> {
  const parts = await listParts(source.pool, push.dispatch_id)
  const read = (part: ContentPart) => readPart(source, push.dispatch_id, part)
  const [first] = parts
  if (push.form === 'inline' && first) {
    const headers = {
      'content-type': 'application/edxml+xml',
      'content-digest': digestField(first.sha256),
      'lt-parts': '1',
    }
    return { headers, size: first.size, body: () => read(first) }
  }
  const boundary = `lt-${randomBytes(16).toString('hex')}`
  const heads = parts.map((part) => Buffer.from(`--${boundary}\r\n${partHeader(part)}\r\n\r\n`))
  const end = Buffer.from(`--${boundary}--\r\n`)
  const between = Buffer.from('\r\n')
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const [i, part] of parts.entries()) {
      yield heads[i] as Buffer
      yield* read(part)
      yield between
    }
    yield end
  }
  // Read twice, once for the digest: it stands in front of the content, and content is not kept in memory.
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of body()) {
    hash.update(chunk)
    size += chunk.length
  }
  const headers = {
    'content-type': `multipart/mixed; boundary=${boundary}`,
    'content-digest': digestField(hash.digest()),
    'lt-parts': String(parts.length),
  }
  return { headers, size, body }
}

async function* readPart(
  source: ContentSource,
  dispatchId: string,
  part: ContentPart,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = await readStoredPart(source, dispatchId, part)
  if (Buffer.isBuffer(bytes)) yield bytes
  else yield* bytes
}

/** A dictionary of digests (RFC 9530 2): SHA-256 alone. */
export function digestField(sha256: Uint8Array): string {
  return `sha-256=:${Buffer.from(sha256).toString('base64')}:`
}

const MEDIA_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,100}\/[A-Za-z0-9!#$&^_.+-]{1,100}$/

/** What the sender wrote may stand in a header only where it cannot end that header. */
export function partHeader(part: Omit<ContentPart, 'path' | 'range_start' | 'range_end'>): string {
  const type = part.role === 'envelope' ? 'application/edxml+xml' : (part.media_type ?? '')
  const lines = [
    `Content-Type: ${MEDIA_TYPE.test(type) ? type : 'application/octet-stream'}`,
    `Content-Length: ${part.size}`,
    `Content-Digest: ${digestField(part.sha256)}`,
  ]
  if (part.content_id !== null)
    lines.push(`Content-ID: <${part.content_id.replace(/[^\x21-\x7e]|[<>"\\]/gu, encodeURIComponent)}>`)
  if (part.name !== null) lines.push(`Content-Disposition: attachment; filename*=UTF-8''${encodeName(part.name)}`)
  return lines.join('\r\n')
}

/** RFC 8187: percent-encoded UTF-8. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(/['()*!]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}
