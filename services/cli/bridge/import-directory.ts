import { readFileSync } from 'node:fs'
import { BusError, catalogue, fill } from '../../../libs/errors/index.ts'
import { importAgencies, openRegistry } from '../../../libs/registry/index.ts'
import { loadConfig, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { frontUnclaimed, type Pool, readSystem } from '../../../libs/store/index.ts'
import { openUpstream, type UpstreamAgency } from '../../../libs/vxp/index.ts'
import { type BridgeConfig, bridgeConfig } from '../../bridge/config.ts'
import { type Call, EXIT_CODES } from '../command.ts'
import { withDatabase } from '../database.ts'
import { noteChange, registryCause } from '../operate/change-registry.ts'
import { chooseAgencies } from './choose-agencies.ts'

const MAX_AGENCIES = 500_000
const SHOWN = 20

/**
 * `bridge directory`: takes the agencies of the other axis into our directory, and lets its system front them; all that can be taken, or
 * nothing, in one commit with its entry. Says what it left out. The settings are those of the bridge (`bridge.env`).
 */
export async function importDirectory(call: Call): Promise<number> {
  const { output, environment } = call
  const config = loadConfig(bridgeConfig, serviceEnvironment('bridge', environment)) as BridgeConfig
  return await withDatabase(call, async (pool) => {
    const cause = await registryCause(call, pool)
    await checkUpstream(pool, config.systemCode)
    const agencies = await askDirectory(config, call.signal)
    const stop = new AbortController()
    const registry = await openRegistry({ pool, signal: stop.signal })
    const choice = chooseAgencies(agencies, registry, config.systemCode)
    stop.abort()
    let fronts = 0
    const { problems, added } = await importAgencies(pool, fileOf(choice.added), {
      format: 'json',
      beforeCommit: async (client) => {
        fronts = await frontUnclaimed(client, config.systemCode, choice.fronted)
        const counts = { read: agencies.length, added: choice.added.length, fronts, leftOut: choice.leftOut.length }
        await noteChange(client, { change: 'bridge-directory', system: config.systemCode, ...counts }, cause)
      },
    })
    const result = { read: agencies.length, added, fronts, leftOut: choice.leftOut, problems }
    if (problems.length > 0) {
      const shown = problems.slice(0, SHOWN).map(({ code, params }) =>
        output.t('bridge.leftOut', {
          code: String(params.code ?? ''),
          reason: fill(catalogue[code].title[output.language], params),
        }),
      )
      output.result(result, [output.t('agency.notImported', { count: problems.length }), ...shown])
      return EXIT_CODES.refused
    }
    output.result(result, [
      output.t('bridge.imported', { read: agencies.length, added, fronts, leftOut: choice.leftOut.length }),
      ...choice.leftOut.slice(0, SHOWN).map(({ code, reason, system }) => {
        const why = catalogue[reason].title[output.language]
        return output.t('bridge.leftOut', { code, reason: system ?? `${reason}: ${fill(why, { code })}` })
      }),
    ])
    return EXIT_CODES.done
  })
}

/** Fronting the agencies of another axis is nothing for a system of our own. */
async function checkUpstream(pool: Pool, code: string): Promise<void> {
  const system = await readSystem(pool, code)
  if (!system) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
  if (system.kind !== 'vxp-upstream')
    throw new BusError('LT_CONF_INVALID', { problems: `SYSTEM_CODE ${code}: kind ${system.kind}, not vxp-upstream` })
}

async function askDirectory(config: BridgeConfig, signal: AbortSignal): Promise<readonly UpstreamAgency[]> {
  const { upstreamCaFile } = config
  const upstream = openUpstream({
    url: config.upstreamUrl,
    systemId: config.upstreamSystemId,
    secret: config.upstreamSecret,
    allowedNetworks: config.upstreamNetworks,
    ...(upstreamCaFile === undefined ? {} : { tls: { ca: readFileSync(upstreamCaFile) } }),
    connectTimeoutMs: config.upstreamConnectTimeoutMs,
    timeoutMs: config.upstreamTimeoutMs,
    maxPacketBytes: config.maxPacketBytes,
  })
  try {
    const agencies = await upstream.agencies({ signal })
    // An empty answer is what an outage looks like to some clients: nothing is concluded from it.
    if (agencies.length === 0 || agencies.length > MAX_AGENCIES)
      throw new BusError('LT_VXP_UNREADABLE', { reason: `getAgenciesList: ${agencies.length}` })
    return agencies
  } finally {
    await upstream.close()
  }
}

/** One object a line. */
async function* fileOf(agencies: readonly object[]): AsyncGenerator<Uint8Array> {
  let separator = '['
  for (const agency of agencies) {
    yield Buffer.from(`${separator}\n${JSON.stringify(agency)}`)
    separator = ','
  }
  yield Buffer.from(agencies.length === 0 ? '[]' : '\n]')
}
