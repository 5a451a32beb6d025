import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { localError } from './transport/client-error.ts'

/** Bytes to send: in memory, the path of a file, or something that can be read again from its beginning. */
export type Content = Uint8Array | string | (() => AsyncIterable<Uint8Array>)

/** Reads content from its beginning. @throws ClientError LT_CLIENT_FILE_UNREADABLE */
export async function* readContent(content: Content): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content
  else if (typeof content === 'function') yield* content()
  else yield* readFileChunks(content)
}

/** What the axis and the signature need to know of content. Reads it once, holding one chunk at a time. */
export async function digestContent(content: Content): Promise<{ sha256: Buffer; size: number; head: Buffer }> {
  const hash = createHash('sha256')
  let size = 0
  let head = Buffer.alloc(0)
  for await (const chunk of readContent(content)) {
    hash.update(chunk)
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)])
    size += chunk.length
  }
  return { sha256: hash.digest(), size, head }
}

/** As much of the beginning as tells the kind of a file. */
const HEAD_BYTES = 4096

async function* readFileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) yield chunk as Buffer
  } catch (cause) {
    throw localError('LT_CLIENT_FILE_UNREADABLE', { file: path }, { cause })
  }
}
