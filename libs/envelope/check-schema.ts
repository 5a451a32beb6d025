import { fileURLToPath } from 'node:url'
import { loadXmlSchema, type XmlSchema } from '../xml/index.ts'
import type { OpenedPacket } from './open-packet.ts'
import { type Door, type PacketProblem, problem } from './policy.ts'

const FOLDER = new URL('../../schemas/xml/edxml/1.0/', import.meta.url)
const loaded = new Map<string, XmlSchema>()

/**
 * Holds a packet against our XSDs of document and status packets. Packets of the old forms D3 and D5 have no schema: the
 * door's policy on `ENV_DIALECT_OLD` decides about them.
 */
export function checkSchema(packet: OpenedPacket, door: Door): PacketProblem[] {
  if (packet.dialect === 'D3' || packet.dialect === 'D5') return []
  const found = packet.tree.validate(schemaOf(packet.envelope.kind))
  return found.slice(0, 5).map(({ line, message }) => problem('LT_SCHEMA_INVALID', door, { line, detail: message }))
}

function schemaOf(kind: 'document' | 'status'): XmlSchema {
  const known = loaded.get(kind)
  if (known) return known
  const schema = loadXmlSchema(fileURLToPath(new URL(`${kind}.xsd`, FOLDER)))
  loaded.set(kind, schema)
  return schema
}
