import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { listFolder, readJson, writeDurably } from '../../libs/client/index.ts'
import { BusError } from '../../libs/errors/index.ts'

export type Way = 'in' | 'out'

/** What is known of the bytes of a packet that lies in the state folder. */
export interface KeptPacket {
  readonly size: number
  /** Hex. */
  readonly sha256: string
}

/**
 * What is on its way, in a folder: `in/` and `out/` hold one record for each packet and its bytes. A record counts once it was written
 * and flushed; it is replaced whole, and removed last.
 */
export interface BridgeState {
  names(way: Way): Promise<string[]>
  read<T>(way: Way, name: string): Promise<T | undefined>
  write(way: Way, name: string, record: object): Promise<void>
  /** Where the bytes of a packet lie. */
  packetFile(way: Way, name: string): string
  /** Keeps bytes as they come: all of them, flushed, or none. @throws BusError LT_DLV_ANSWER_TOO_LARGE */
  keepPacket(way: Way, name: string, content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<KeptPacket>
  remove(way: Way, name: string): Promise<void>
  readonly folder: string
}

const RECORD = '.json'
const PACKET = '.edxml'

/** Opens the folder, and refuses one that belongs to a bridge between others. @throws BusError LT_CONF_INVALID, LT_CLIENT_FOLDER_UNUSABLE */
export async function openState(folder: string, between: Readonly<Record<string, string>>): Promise<BridgeState> {
  const known = await readJson<Record<string, string>>(folder, 'bridge.json')
  const other = known && Object.keys(between).find((name) => known[name] !== between[name])
  if (other !== undefined)
    throw new BusError('LT_CONF_INVALID', { problems: `STATE_DIR ${folder}: it belongs to ${other} ${known?.[other]}` })
  for (const way of ['in', 'out', 'sent']) await writeDurably(join(folder, way, '.keep'), new Uint8Array())
  // Last: it is the folder's own flush that makes the three names above safe.
  await writeDurably(join(folder, 'bridge.json'), Buffer.from(JSON.stringify(between)))
  const at = (way: Way, name: string, kind: string): string => join(folder, way, `${name}${kind}`)
  return {
    folder,
    names: async (way) =>
      (await listFolder(join(folder, way)))
        .filter((name) => name.endsWith(RECORD))
        .map((name) => name.slice(0, -RECORD.length)),
    read: (way, name) => readJson(join(folder, way), `${name}${RECORD}`),
    write: (way, name, record) => writeDurably(at(way, name, RECORD), Buffer.from(JSON.stringify(record))),
    packetFile: (way, name) => at(way, name, PACKET),
    keepPacket: (way, name, content, maxBytes) => keep(at(way, name, PACKET), content, maxBytes),
    async remove(way, name) {
      // Bytes without a record are nothing; a record without bytes would be a fault.
      await rm(at(way, name, RECORD), { force: true })
      await rm(at(way, name, PACKET), { force: true })
    },
  }
}

/** The folder is flushed with the record that names these bytes. */
async function keep(path: string, content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<KeptPacket> {
  const hash = createHash('sha256')
  let size = 0
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    for await (const chunk of content) {
      size += chunk.length
      if (size > maxBytes) throw new BusError('LT_DLV_ANSWER_TOO_LARGE', { limit: maxBytes })
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
  } catch (error) {
    await rm(`${path}.new`, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  return { size, sha256: hash.digest('hex') }
}
