import { type BusError, isBusError } from '../errors/index.ts'
import { parseXml, type XmlLimits, type XmlTree } from '../xml/index.ts'
import { bindPrefixes } from './bind-prefixes.ts'

/**
 * Parses a packet; when it is malformed for want of the two well-known prefixes, with those bound: `repaired` names them.
 * @throws BusError LT_ENV_… as `parseXml` does
 */
export function parseTolerantly(bytes: Uint8Array, limits?: Partial<XmlLimits>): { tree: XmlTree; repaired?: string } {
  try {
    return { tree: parseXml(bytes, limits) }
  } catch (error) {
    const bound = isBusError(error, 'LT_ENV_MALFORMED') ? bindPrefixes(bytes) : undefined
    if (!bound) throw error
    return { tree: parseRepaired(bound.bytes, limits, error as BusError), repaired: bound.prefixes }
  }
}

function parseRepaired(bytes: Buffer, limits: Partial<XmlLimits> | undefined, first: BusError): XmlTree {
  try {
    return parseXml(bytes, limits)
  } catch (error) {
    // What binding prefixes does not cure was the packet's real fault, with the place in the bytes as sent.
    throw isBusError(error, 'LT_ENV_MALFORMED') ? first : error
  }
}
