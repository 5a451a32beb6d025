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
  /** Name of the wrapped file as the zip has it, without folders: foreign text. */
  readonly entryName?: string
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
const ZIP_TYPES = /zip|officedocument|opendocument/i
const ENCRYPTED = 1
const STORED = 0
const DEFLATED = 8

/**
 * Looks at an attachment by its bytes (in memory, or the path of a file): its media type, whether a client library wrapped
 * it into a zip, and what is wrong with its label. Zips are expanded to nowhere: what they say of their entries must be so, and
 * within bounds; other files are not opened. Expanding ends with `signal`.
 * @throws BusError LT_ATT_EMPTY, LT_ATT_BROKEN_ZIP, LT_ATT_ZIP_BOMB; the reason of an abort
 */
export async function unwrapAttachment(
  source: Uint8Array | string,
  label: AttachmentLabel,
  signal?: AbortSignal,
): Promise<AttachmentFacts> {
  const head = typeof source === 'string' ? await readHead(source) : source.subarray(0, HEAD_BYTES)
  if (head.length === 0) throw new BusError('LT_ATT_EMPTY', { name: label.name })
  const isZip = startsAsZip(head) || (isCalledZip(label) && (await endsAsZip(source)))
  const inner = isZip ? await readZip(source, label, signal) : undefined
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
  if (inner?.unchecked) warnings.push({ code: 'ATT_ZIP_UNCHECKED', params: { name } })
  const expandedBytes = inner?.expandedBytes ?? 0
  if (!inner?.file) return { mediaType, wrapped: false, expandedBytes, warnings }
  const { entryName, size, sha256 } = inner.file
  const innerName = safeFileName(extensionOf(entryName) === extensionOf(name) ? name : entryName)
  const facts = { mediaType, wrapped: true, expandedBytes, warnings }
  return { ...facts, entryName: entryName.split(/[/\\]/).at(-1) ?? '', innerName, innerSize: size, innerSha256: sha256 }
}

/** Whether all of an attachment is needed to look at it, by its first bytes and its label: a zip is read from its end. */
export function mayBeZip(head: Uint8Array, label: AttachmentLabel): boolean {
  return startsAsZip(head) || isCalledZip(label)
}

function startsAsZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)
}

function isCalledZip({ name, declaredType = '' }: AttachmentLabel): boolean {
  const extension = extensionOf(name)
  return extension === 'zip' || ZIP_FORMATS.has(extension) || ZIP_TYPES.test(declaredType)
}

/** Readers of zips look for the record at the end; anything may stand in front. */
async function endsAsZip(source: Uint8Array | string): Promise<boolean> {
  const tail = typeof source === 'string' ? await readTail(source) : asBuffer(source.subarray(-END_RECORD_MAX))
  return tail.includes('PK\x05\x06', 0, 'latin1')
}

interface WrappedFile {
  readonly entryName: string
  readonly size: number
  readonly sha256: string
  readonly head: Buffer
}

interface ZipContent {
  readonly encrypted: boolean
  /** An entry is compressed in a way that is not read here. */
  readonly unchecked: boolean
  readonly officeType: string | undefined
  readonly expandedBytes: number
  readonly file?: WrappedFile
}

async function readZip(
  source: Uint8Array | string,
  label: AttachmentLabel,
  signal: AbortSignal | undefined,
): Promise<ZipContent> {
  const limits = { ...DEFAULTS, ...label.limits }
  let zip: ZipFile | undefined
  try {
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false }
    zip = await (typeof source === 'string'
      ? openPromise(source, options)
      : fromBufferPromise(asBuffer(source), options))
    const { entries, ...facts } = await readDirectory(zip, label.name, limits)
    const [only, ...more] = entries
    if (only && more.length === 0 && isReadable(only) && isWrapping(label, only))
      return { ...facts, file: await readFile(zip, only, signal) }
    for (const entry of entries) if (isReadable(entry)) await expand(zip, entry, signal, () => undefined)
    return facts
  } catch (error) {
    if (error instanceof BusError || signal?.aborted) throw error
    throw new BusError('LT_ATT_BROKEN_ZIP', { name: label.name }, { cause: error })
  } finally {
    zip?.close()
  }
}

async function readDirectory(
  zip: ZipFile,
  name: string,
  limits: UnzipLimits,
): Promise<Omit<ZipContent, 'file'> & { readonly entries: readonly Entry[] }> {
  if (zip.entryCount > limits.maxEntries) throw bomb(name, `${limits.maxEntries} entries`)
  const entries: Entry[] = []
  let officeType: string | undefined
  let expanded = 0
  let compressed = 0
  for await (const entry of zip.eachEntry()) {
    entries.push(entry)
    officeType ??= officeTypeOfEntry(nameOf(entry))
    expanded += entry.uncompressedSize
    compressed += entry.compressedSize
    if (expanded > limits.maxExpandedBytes) throw bomb(name, `${Math.floor(limits.maxExpandedBytes / 1_048_576)} MiB`)
    if (expanded > RATIO_FREE_BYTES && expanded > compressed * limits.maxRatio) throw bomb(name, `1:${limits.maxRatio}`)
  }
  const encrypted = entries.some(isEncrypted)
  const unchecked = entries.some((entry) => !isEncrypted(entry) && !isReadable(entry))
  return { entries, encrypted, unchecked, officeType, expandedBytes: expanded }
}

const isEncrypted = (entry: Entry): boolean => (entry.generalPurposeBitFlag & ENCRYPTED) !== 0
const isReadable = (entry: Entry): boolean =>
  !isEncrypted(entry) && (entry.compressionMethod === STORED || entry.compressionMethod === DEFLATED)

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

/** Expands the one entry and keeps what is asked about it. */
async function readFile(zip: ZipFile, entry: Entry, signal: AbortSignal | undefined): Promise<WrappedFile> {
  const hash = createHash('sha256')
  let head = Buffer.alloc(0)
  await expand(zip, entry, signal, (chunk) => {
    hash.update(chunk)
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)])
  })
  return { entryName: nameOf(entry), size: entry.uncompressedSize, sha256: hash.digest('hex'), head }
}

/**
 * Expands one entry piece by piece, off this thread. Its declared size, already within the limit, is a bound that yauzl
 * enforces; that it is reached, and the checksum, are held here.
 */
async function expand(
  zip: ZipFile,
  entry: Entry,
  signal: AbortSignal | undefined,
  take: (chunk: Buffer) => void,
): Promise<void> {
  signal?.throwIfAborted()
  let checksum = 0
  let size = 0
  for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted()
    checksum = crc32(chunk, checksum)
    size += chunk.length
    take(chunk)
  }
  if (size !== entry.uncompressedSize || checksum !== entry.crc32)
    throw new Error('an entry is not what it is said to be')
}

/** The end record and the longest comment it may have. */
const END_RECORD_MAX = 22 + 0xffff

async function readTail(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(Math.min(size, END_RECORD_MAX))
    const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length)
    return tail.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
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
