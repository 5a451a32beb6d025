import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { type Entry, fromBufferPromise, getFileNameLowLevel, openPromise, type ZipFile } from 'yauzl'
import { BusError } from '../errors/index.ts'
import type { EnvelopeWarning } from '../model/index.ts'
import { extensionOf, safeFileName } from './file-name.ts'
import { fitsDeclaredType, HEAD_BYTES, isDamagedPdf, officeTypeOfEntry, sniffMediaType } from './media-type.ts'

/** Bounds on what a zip may expand to. Nothing is ever written to disk by name. */
export interface UnzipLimits {
  /** Bytes after expansion, of the wrapped file or of all entries together; default 512 MiB. */
  readonly maxExpandedBytes: number
  /** Expanded bytes per compressed byte, applied above 16 MiB; default 200. */
  readonly maxRatio: number
  /** Entries of one zip; default 10,000. */
  readonly maxEntries: number
}

export interface AttachmentLabel {
  readonly name: string
  /** Media type as the packet declares it; only compared, never believed. */
  readonly declaredType?: string | undefined
  readonly limits?: Partial<UnzipLimits>
}

/** What an attachment is by its bytes. */
export interface AttachmentFacts {
  /** Of the file itself: of what is inside when it was wrapped. */
  readonly mediaType: string
  /** The bytes are a zip that a client library put round one file; digests and signatures are over the zip. */
  readonly wrapped: boolean
  /** What a zip says all its entries expand to, in bytes; 0 for everything else. */
  readonly expandedBytes: number
  /** Safe name of the wrapped file: the attachment's own name where it has the entry's extension. */
  readonly innerName?: string
  readonly innerSize?: number
  /** Lower-case hex. */
  readonly innerSha256?: string
  readonly warnings: readonly EnvelopeWarning[]
}

const DEFAULTS: UnzipLimits = { maxExpandedBytes: 512 * 1024 * 1024, maxRatio: 200, maxEntries: 10_000 }
const RATIO_FREE_BYTES = 16 * 1024 * 1024
/** Formats that are zips themselves and may hold a single entry. */
const ZIP_FORMATS: ReadonlySet<string> = new Set(['jar', 'kmz', 'epub', 'odt', 'ods', 'odp', 'docx', 'xlsx', 'pptx'])
const ENCRYPTED = 1

/**
 * Looks at an attachment by its bytes (in memory, or the path of a file): its media type, whether a client library wrapped
 * it into a zip, and what is wrong with its label. Zips are checked against bombs; other files are not opened.
 * @throws BusError LT_ATT_EMPTY, LT_ATT_BROKEN_ZIP, LT_ATT_ZIP_BOMB
 */
export async function unwrapAttachment(source: Uint8Array | string, label: AttachmentLabel): Promise<AttachmentFacts> {
  const head = typeof source === 'string' ? await readHead(source) : source.subarray(0, HEAD_BYTES)
  if (head.length === 0) throw new BusError('LT_ATT_EMPTY', { name: label.name })
  const isZip = head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)
  const inner = isZip ? await readZip(source, label) : undefined
  const outer = inner?.officeType ?? sniffMediaType(head)
  const mediaType = inner?.file ? sniffMediaType(inner.file.head) : outer
  const fits = fitsDeclaredType(label.declaredType, mediaType) || fitsDeclaredType(label.declaredType, outer)
  const { name, declaredType } = label
  const warnings: EnvelopeWarning[] = []
  if (!fits) {
    warnings.push({
      code: 'ATT_TYPE_MISMATCH',
      params: { name, declared: (declaredType ?? '').slice(0, 80), found: mediaType },
    })
  }
  if (isDamagedPdf(inner?.file ? inner.file.head : head)) warnings.push({ code: 'ATT_UTF8_DAMAGED', params: { name } })
  if (inner?.encrypted) warnings.push({ code: 'ATT_ENCRYPTED', params: { name } })
  const expandedBytes = inner?.expandedBytes ?? 0
  if (!inner?.file) return { mediaType, wrapped: false, expandedBytes, warnings }
  const { entryName, size, sha256 } = inner.file
  const innerName = safeFileName(extensionOf(entryName) === extensionOf(name) ? name : entryName)
  return { mediaType, wrapped: true, expandedBytes, innerName, innerSize: size, innerSha256: sha256, warnings }
}

interface WrappedFile {
  readonly entryName: string
  readonly size: number
  readonly sha256: string
  readonly head: Buffer
}

interface ZipContent {
  readonly encrypted: boolean
  readonly officeType: string | undefined
  readonly expandedBytes: number
  readonly file?: WrappedFile
}

async function readZip(source: Uint8Array | string, label: AttachmentLabel): Promise<ZipContent> {
  const limits = { ...DEFAULTS, ...label.limits }
  let zip: ZipFile | undefined
  try {
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false }
    zip = await (typeof source === 'string'
      ? openPromise(source, options)
      : fromBufferPromise(asBuffer(source), options))
    const { first, ...facts } = await readDirectory(zip, label.name, limits)
    if (!first || facts.encrypted || zip.entryCount !== 1 || !isWrapping(label, first)) return facts
    return { ...facts, file: await readFile(zip, first, label.name) }
  } catch (error) {
    if (error instanceof BusError) throw error
    throw new BusError('LT_ATT_BROKEN_ZIP', { name: label.name }, { cause: error })
  } finally {
    zip?.close()
  }
}

async function readDirectory(
  zip: ZipFile,
  name: string,
  limits: UnzipLimits,
): Promise<Omit<ZipContent, 'file'> & { readonly first: Entry | undefined }> {
  if (zip.entryCount > limits.maxEntries) throw bomb(name, `${limits.maxEntries} entries`)
  let first: Entry | undefined
  let encrypted = false
  let officeType: string | undefined
  let expanded = 0
  let compressed = 0
  for await (const entry of zip.eachEntry()) {
    first ??= entry
    officeType ??= officeTypeOfEntry(nameOf(entry))
    encrypted ||= (entry.generalPurposeBitFlag & ENCRYPTED) !== 0
    expanded += entry.uncompressedSize
    compressed += entry.compressedSize
    if (expanded > limits.maxExpandedBytes) throw bomb(name, `${Math.floor(limits.maxExpandedBytes / 1_048_576)} MiB`)
    if (expanded > RATIO_FREE_BYTES && expanded > compressed * limits.maxRatio) throw bomb(name, `1:${limits.maxRatio}`)
  }
  return { first, encrypted, officeType, expandedBytes: expanded }
}

function bomb(name: string, limit: string): BusError {
  return new BusError('LT_ATT_ZIP_BOMB', { name, limit })
}

/** One entry, and the attachment is not meant to be a zip: same extension, or labelled zip, or of a kind that is no zip. */
function isWrapping(label: AttachmentLabel, entry: Entry): boolean {
  const extension = extensionOf(label.name)
  const entryName = nameOf(entry)
  if (extension === 'zip' || entryName.endsWith('/')) return false
  const labelledZip = (label.declaredType ?? '').trim().toLowerCase() === 'application/zip'
  return extensionOf(entryName) === extension || labelledZip || !ZIP_FORMATS.has(extension)
}

function nameOf(entry: Entry): string {
  return getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false)
}

/** Expands the one entry; the declared size, already within the limit, is a bound that yauzl enforces. */
async function readFile(zip: ZipFile, entry: Entry, name: string): Promise<WrappedFile> {
  const hash = createHash('sha256')
  let checksum = 0
  let size = 0
  let head = Buffer.alloc(0)
  for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    checksum = crc32(chunk, checksum)
    size += chunk.length
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)])
  }
  if (checksum !== entry.crc32) throw new BusError('LT_ATT_BROKEN_ZIP', { name })
  return { entryName: nameOf(entry), size, sha256: hash.digest('hex'), head }
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(HEAD_BYTES)
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0)
    return head.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
