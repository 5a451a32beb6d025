import { BlockList, isIP, type Socket } from 'node:net'
import type { SystemRow } from '../../../libs/store/index.ts'

type Guarded = Pick<SystemRow, 'code' | 'doorNetworks' | 'doorConnections' | 'suspendedAt'>

/** What the guard asks the registry. */
export interface GuardedDirectory {
  readonly version: number
  readonly systems: Iterable<Guarded>
}

export interface ConnectionGuard {
  /** Takes a new connection in, before a byte of it is read; `false`: nobody may call from there, or too many stand open. */
  admit(socket: Pick<Socket, 'remoteAddress' | 'once'>): boolean
  /** Whether this system may call from there. */
  allows(systemCode: string, remoteAddress: string | undefined): boolean
}

/** Addresses whose bound is remembered until the registry changes. */
const MAX_KNOWN = 10_000

/**
 * Lets in connections from the networks of the systems that are not suspended, from one address as many as the systems that may call
 * from there have together.
 */
export function guardConnections(directory: GuardedDirectory): ConnectionGuard {
  const open = new Map<string, number>()
  let version = Number.NaN
  let networks: readonly { readonly code: string; readonly most: number; readonly list: BlockList }[] = []
  const bounds = new Map<string, number>()

  function refresh(): void {
    if (version === directory.version) return
    version = directory.version
    bounds.clear()
    networks = [...directory.systems]
      .filter(({ suspendedAt }) => suspendedAt === null)
      .map(({ code, doorNetworks, doorConnections }) => ({ code, most: doorConnections, list: listOf(doorNetworks) }))
  }

  function boundOf(address: string): number {
    refresh()
    const known = bounds.get(address)
    if (known !== undefined) return known
    const bound = networks.reduce((sum, { list, most }) => sum + (contains(list, address) ? most : 0), 0)
    if (bounds.size >= MAX_KNOWN) bounds.clear()
    bounds.set(address, bound)
    return bound
  }

  return {
    admit(socket) {
      const address = plainAddress(socket.remoteAddress)
      const now = open.get(address) ?? 0
      if (now >= boundOf(address)) return false
      open.set(address, now + 1)
      socket.once('close', () => {
        const left = (open.get(address) ?? 1) - 1
        if (left > 0) open.set(address, left)
        else open.delete(address)
      })
      return true
    },
    allows(systemCode, remoteAddress) {
      refresh()
      const address = plainAddress(remoteAddress)
      return networks.some(({ code, list }) => code === systemCode && contains(list, address))
    },
  }
}

/** An IPv4 address that came over IPv6 counts as what it is. */
export const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '')

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

function contains(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
}
