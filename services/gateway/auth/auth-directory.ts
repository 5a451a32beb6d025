import type { Registry } from '../../../libs/registry/index.ts'

/** What authentication asks of the registry: look-ups in memory, so that a suspension counts as soon as memory knows it. */
export type AuthDirectory = Pick<Registry, 'system' | 'keysOf' | 'certificate' | 'fronts'>
