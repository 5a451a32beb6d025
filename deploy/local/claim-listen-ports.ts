import type { Folders } from './folders.ts'
import { freePort } from './free-port.ts'
import { isHeldByOurs } from './port-holder.ts'
import { type LocalState, writeState } from './state.ts'

/**
 * Keeps the services' listen ports where they are free or where our own services listen on them, and takes others where somebody
 * else came first (every clone begins at 8400).
 */
export async function claimListenPorts(
  state: LocalState,
  folders: Folders,
  say: (line: string) => void,
): Promise<void> {
  const { listenPorts } = state
  for (const name of Object.keys(listenPorts) as (keyof typeof listenPorts)[]) {
    const before = listenPorts[name]
    const port = await freePort(before)
    if (port === before || isHeldByOurs(before, folders.env)) continue
    listenPorts[name] = port
    say(`port ${before} of ${name} is taken by another program: ${port} from now on`)
  }
  writeState(folders.state, state)
}
