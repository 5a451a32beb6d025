import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'

export interface Hardware {
  readonly cpu: string
  readonly cores: number
  readonly memory_gb: number
  readonly kernel: string
  readonly node: string
}

export function hardware(): Hardware {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() ?? '',
    cores: all.length,
    memory_gb: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
  }
}

/** The commit the figures belong to; `+` when the tree held more than it. */
export function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--', 'libs', 'services', 'schemas') ? '+' : '')
    )
  } catch {
    return 'unknown'
  }
}
