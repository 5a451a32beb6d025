import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ServiceDefinition } from '../../libs/runtime/index.ts'
import { PROJECT } from './folders.ts'

/** The settings of every service: the one schema that each `services/<name>/config.ts` exports. */
export async function serviceSettings(): Promise<Pick<ServiceDefinition, 'name' | 'config'>[]> {
  const names = readdirSync(join(PROJECT, 'services')).sort()
  const files = names.map((name) => ({ name, file: join(PROJECT, 'services', name, 'config.ts') }))
  const found = await Promise.all(
    files
      .filter(({ file }) => existsSync(file))
      .map(async ({ name, file }) => {
        const module: Record<string, unknown> = await import(pathToFileURL(file).href)
        return Object.values(module)
          .filter(isSchema)
          .map((config) => ({ name, config }))
      }),
  )
  return found.flat()
}

function isSchema(value: unknown): value is ServiceDefinition['config'] {
  return (
    typeof value === 'object' && value !== null && 'properties' in value && 'type' in value && value.type === 'object'
  )
}
