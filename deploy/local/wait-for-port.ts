import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { BusError } from '../../libs/errors/index.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'

/**
 * Waits until a server accepts connections on a port of 127.0.0.1.
 * @throws BusError LT_CONF_SERVER_FAILED when its process ends first, or after 30 s
 */
export async function waitForPort(server: string, port: number, owner: ProcessIdentity, log: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await accepts(port))) {
    if (!isAlive(owner) || Date.now() > deadline) throw new BusError('LT_CONF_SERVER_FAILED', { server, log })
    await sleep(25)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
