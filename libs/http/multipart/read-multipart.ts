import type { IncomingMessage } from 'node:http'
import { BusError } from '../../errors/index.ts'
import { readBody } from '../read-body.ts'
import { broken } from './broken.ts'
import { parseParameters } from './parameters.ts'
import { type PartHeader, readPartHeader } from './part-header.ts'
import { PartScanner } from './part-scanner.ts'

/** `bchars` of RFC 2046 5.1.1, at most 70, not ending in a space. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/
const ENVELOPE = 'envelope'

export interface MultipartLimits {
  /** Parts at most, the envelope included. */
  readonly maxParts: number
  /** Bytes of one part's header block. */
  readonly maxHeaderBytes: number
  /** Bytes of the first part. */
  readonly maxEnvelopeBytes: number
  /** Bytes of any other part. */
  readonly maxPartBytes: number
  /** Bytes of the whole body. */
  readonly maxBytes: number
  /** The longest pause between two chunks, in milliseconds. */
  readonly idleMs: number
}

/** One part, in the order of the body. `stream` is read before the next part is asked for; what is left unread is skipped. */
export interface Part extends Omit<PartHeader, 'name'> {
  /** Views of the request's own chunks, only as fast as they are consumed; throws what is wrong with the body. */
  readonly stream: AsyncIterable<Buffer>
}

/**
 * Reads a `multipart/form-data` or `multipart/mixed` request, strictly: the first part is named `envelope`, nothing
 * stands before, between or after the parts, and nothing in it can be read in two ways. When it throws, the caller
 * discards what it has stored of the earlier parts: the end of the body is part of what makes it valid.
 * @throws BusError LT_HTTP_UNSUPPORTED_MEDIA_TYPE, LT_HTTP_MULTIPART_BROKEN, LT_HTTP_MULTIPART_LIMIT, and those of {@link readBody}
 */
export async function* readMultipart(
  request: { readonly raw: IncomingMessage },
  limits: MultipartLimits,
): AsyncGenerator<Part, void, undefined> {
  const boundary = boundaryOf(request.raw)
  const body = readBody(request, limits)
  try {
    yield* readParts(new PartScanner(body, boundary), limits)
  } finally {
    await body.return()
  }
}

async function* readParts(scanner: PartScanner, limits: MultipartLimits): AsyncGenerator<Part, void, undefined> {
  const seen = new Set<string>()
  for (let follows = await scanner.begin(); follows; ) {
    if (seen.size === limits.maxParts)
      throw new BusError('LT_HTTP_MULTIPART_LIMIT', { what: 'parts', limit: limits.maxParts })
    const { name, ...header } = readPartHeader(await scanner.header(limits.maxHeaderBytes))
    if (seen.size === 0 && name !== ENVELOPE) throw broken('the first part is not named envelope')
    if (seen.has(header.contentId)) throw broken('two parts have the same Content-ID')
    const content = scanner.content(seen.size === 0 ? limits.maxEnvelopeBytes : limits.maxPartBytes)
    seen.add(header.contentId)
    // Without `return`: a consumer that stops early leaves the rest to be skipped below.
    yield { ...header, stream: { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) } }
    while (!(await content.next()).done);
    follows = scanner.follows()
  }
  if (seen.size === 0) throw broken('it has no part')
  await scanner.finish()
}

function boundaryOf(raw: IncomingMessage): string {
  const type = parseParameters(raw.headers['content-type'] ?? '')
  if ('problem' in type) throw broken(`Content-Type: ${type.problem}`)
  if (type.value !== 'multipart/form-data' && type.value !== 'multipart/mixed')
    throw new BusError('LT_HTTP_UNSUPPORTED_MEDIA_TYPE')
  const boundary = type.parameters.get('boundary')
  if (boundary === undefined || !BOUNDARY.test(boundary)) throw broken('Content-Type has no proper boundary')
  return boundary
}
