import { BlockList, isIP } from 'node:net'
import { BusError } from '../errors/index.ts'

/**
 * Addresses that are no place for an agency's endpoint unless an operator says so: this machine, private networks, links,
 * documentation, multicast (RFC 6890 and its registry). Of IPv6 only global unicast is left, without ways back into IPv4.
 */
const SPECIAL: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...[
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/3',
  ],
  ...['::/3', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '4000::/2', '8000::/1'],
]
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** Which addresses outgoing calls may reach. */
export interface NetworkRule {
  /** Public, or in a network an operator allowed. */
  allows(address: string): boolean
  /** In a network an operator allowed: only there may a call go without TLS. */
  trusts(address: string): boolean
}

/** @param allowed networks an operator opened, `10.20.0.0/16` or `fd00::/8`. @throws BusError LT_CONF_INVALID */
export function createNetworkRule(allowed: readonly string[]): NetworkRule {
  const [special, own] = [listOf(SPECIAL), listOf(allowed)]
  const trusts = (address: string): boolean => isIP(plain(address)) !== 0 && contains(own, plain(address))
  const isSpecial = (address: string): boolean => isIP(plain(address)) === 0 || contains(special, plain(address))
  return { trusts, allows: (address) => trusts(address) || !isSpecial(address) }
}

/** Without the zone of a link; an IPv4 address that is written as IPv6 as what it is. */
function plain(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, '')
}

/** One list per family: Node takes an IPv4 address for its mapped form where a list also holds IPv6 networks. */
interface Networks {
  readonly ipv4: BlockList
  readonly ipv6: BlockList
}

function listOf(networks: readonly string[]): Networks {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const network of networks) {
    const [, address = '', bits = ''] = /^([0-9A-Fa-f:.]{2,45})\/(\d{1,3})$/.exec(network) ?? []
    const version = isIP(address)
    if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) {
      throw new BusError('LT_CONF_INVALID', { problems: `${network.slice(0, 60)} is no network (address/bits)` })
    }
    const family = version === 4 ? 'ipv4' : 'ipv6'
    lists[family].addSubnet(address, Number(bits), family)
  }
  return lists
}

function contains(lists: Networks, address: string): boolean {
  return isIP(address) === 4 ? lists.ipv4.check(address, 'ipv4') : lists.ipv6.check(address, 'ipv6')
}
