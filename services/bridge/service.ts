import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '../../libs/client/index.ts'
import { BusError } from '../../libs/errors/index.ts'
import { openHealthListener } from '../../libs/http/index.ts'
import { defineService } from '../../libs/runtime/index.ts'
import { openUpstream } from '../../libs/vxp/index.ts'
import type { Bridge } from './bridge.ts'
import { openState } from './bridge-state.ts'
import { bridgeConfig } from './config.ts'
import { emptyMailbox } from './empty-mailbox.ts'
import { keepWay } from './keep-way.ts'
import { lookUpstream } from './look-upstream.ts'
import { openSentIds } from './sent-ids.ts'

/** So long a call to our own axis repeats itself before the packet is left for the next round. */
const RETRY_FOR_MS = 5_000

/** Joins our axis and another one: a client of both. */
export const bridgeService = defineService({
  name: 'bridge',
  config: bridgeConfig,
  async start(config, { log, signal, onFailedStart }) {
    const { axisUrl, systemCode, upstreamUrl, upstreamSystemId } = config
    const state = await openState(config.stateDir, { axisUrl, systemCode, upstreamUrl, upstreamSystemId })
    const sent = await openSentIds(join(state.folder, 'sent'))
    const axis = createClient({
      baseUrl: axisUrl,
      systemCode,
      key: read(config.systemKeyFile).toString(),
      retryForMs: RETRY_FOR_MS,
    })
    const upstream = openUpstream({
      url: upstreamUrl,
      systemId: upstreamSystemId,
      secret: config.upstreamSecret,
      allowedNetworks: config.upstreamNetworks,
      ...(config.upstreamCaFile === undefined ? {} : { tls: { ca: read(config.upstreamCaFile) } }),
      connectTimeoutMs: config.upstreamConnectTimeoutMs,
      timeoutMs: config.upstreamTimeoutMs,
      maxPacketBytes: config.maxPacketBytes,
    })
    onFailedStart(() => upstream.close())
    const { parallel, leaseSeconds, maxPacketBytes } = config
    const bridge: Bridge = {
      axis,
      upstream,
      state,
      parallel,
      leaseSeconds,
      maxPacketBytes,
      unknownOutcomeMs: config.upstreamUnknownMs,
      log,
      signal,
    }
    const inwards = keepWay({ name: 'inwards', pollMs: config.pollMs, log, signal, round: () => lookUpstream(bridge) })
    const outwards = keepWay({
      name: 'outwards',
      pollMs: config.pollMs,
      log,
      signal,
      round: () => emptyMailbox(bridge, sent),
    })
    const closeHealth = await openHealthListener(
      config.healthPort,
      { inwards: inwards.check, outwards: outwards.check },
      log,
    )
    onFailedStart(closeHealth)
    const watching = (async () => {
      for await (const event of axis.watch(signal)) if (event.kind !== 'dispatch') outwards.wake()
    })()
    return {
      async [Symbol.asyncDispose]() {
        await closeHealth()
        await Promise.all([inwards.done, outwards.done, watching])
        await upstream.close()
      },
    }
  },
})

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
