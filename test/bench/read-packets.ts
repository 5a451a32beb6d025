import { readFileSync } from 'node:fs'

/** Reads the file back: views into one buffer. */
export function readPackets(file: string): Buffer[] {
  const bytes = readFileSync(file)
  const packets: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    packets.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return packets
}
