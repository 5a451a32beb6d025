import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Operation } from '../door.ts'
import { type AgencyAnswer, readLevel } from '../show-agencies.ts'

/** `getAgenciesList`, `getAgenciesListQD20`, `getSynchronizeUnit`: all units in one answer, compressed where the client takes it. */
export function listAgencies(list: AgencyAnswer['list']): Operation {
  return {
    method: 'POST',
    failure: { data: [] },
    async run({ parameters, request, response, log }, { agencies }) {
      const level = list === 'codes' ? readLevel(parameters.get('level')) : undefined
      const body = await agencies.compressed(list === 'codes' ? { list, ...(level ? { level } : {}) } : { list })
      const type = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }
      if (takesGzip(request.headers['accept-encoding'])) {
        response.writeHead(200, { ...type, 'content-encoding': 'gzip', 'content-length': body.length })
        response.end(body)
        return undefined
      }
      response.writeHead(200, type)
      // A caller that goes away meanwhile has no answer, and nobody else is touched.
      await pipeline(Readable.from([body]), createGunzip(), response).catch((error: unknown) =>
        log.debug({ err: error }, 'a directory did not get through'),
      )
      return undefined
    },
  }
}

const takesGzip = (accepted: string | string[] | undefined): boolean =>
  String(accepted ?? '')
    .split(',')
    .some((each) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(each))
