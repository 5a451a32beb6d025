import { randomUUID } from 'node:crypto'
import { type Content, readContent } from './content-source.ts'

/** A detached attachment on its way. */
export interface Attachment {
  /** As the envelope calls it, without `cid:`. */
  readonly contentId: string
  readonly name: string
  readonly mediaType?: string
  readonly content: Content
}

export interface MultipartBody {
  readonly contentType: string
  /** From the beginning, for every try. */
  readonly body: () => AsyncIterable<Uint8Array>
}

/** The parts of a detached dispatch as `multipart/form-data` (RFC 7578), envelope first; nothing is held in memory. */
export function multipartBody(envelope: Content, attachments: readonly Attachment[]): MultipartBody {
  const boundary = `lt-${randomUUID()}`
  const head = (name: string, ...fields: readonly string[]): Buffer =>
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fields.join('\r\n')}\r\n\r\n`)
  const end = Buffer.from('\r\n')
  async function* write(): AsyncGenerator<Uint8Array> {
    yield head('envelope', '', 'Content-Type: application/edxml+xml')
    yield* readContent(envelope)
    yield end
    for (const { contentId, name, mediaType, content } of attachments) {
      yield head(
        'attachment',
        `; filename*=UTF-8''${percentEncoded(name)}`,
        `Content-ID: <${contentId}>`,
        `Content-Type: ${mediaType ?? 'application/octet-stream'}`,
      )
      yield* readContent(content)
      yield end
    }
    yield Buffer.from(`--${boundary}--\r\n`)
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: write }
}

/** RFC 8187 3.2.1: everything but letters, digits and the few marks that need no encoding. */
function percentEncoded(name: string): string {
  return encodeURIComponent(Buffer.from(name).toString()).replace(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
