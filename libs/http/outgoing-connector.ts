import { type LookupAddress, lookup as resolve } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { BusError } from '../errors/index.ts'
import type { NetworkRule } from './outgoing-networks.ts'

/** PEM texts; without them the roots of Node and no certificate of our own. */
export interface OutgoingTls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

/**
 * Opens connections only to addresses the rule allows, judged where the connection is made: a name that resolves to another
 * address a moment later (DNS rebinding) gains nothing.
 */
export function createConnector(rule: NetworkRule, timeoutMs: number, tls: OutgoingTls): buildConnector.connector {
  const secure = guarded(rule.allows, 'LT_DLV_ADDRESS_REFUSED', timeoutMs, tls)
  const plain = guarded(rule.trusts, 'LT_DLV_NOT_HTTPS', timeoutMs, {})
  return (options, callback) => (options.protocol === 'https:' ? secure : plain)(options, callback)
}

function guarded(
  allows: (address: string) => boolean,
  code: 'LT_DLV_ADDRESS_REFUSED' | 'LT_DLV_NOT_HTTPS',
  timeoutMs: number,
  tls: OutgoingTls,
): buildConnector.connector {
  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const good = error ? [] : addresses.filter(({ address }) => allows(address))
      const [first] = good
      if (error || !first) callback(error ?? new BusError(code, { host }), '', 0)
      else if (options.all) callback(null, good)
      else callback(null, first.address, first.family)
    })
  }
  const connect = buildConnector({ ...tls, timeout: timeoutMs, lookup, allowH2: false })
  return (options, callback) => {
    // A literal address is never looked up.
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !allows(host)) callback(new BusError(code, { host }), null)
    else connect(options, callback)
  }
}
