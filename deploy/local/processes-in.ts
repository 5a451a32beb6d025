import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Processes whose working folder is `folder`, with `program` only those of that name. None where there is no /proc. */
export function processesIn(folder: string, program?: string): number[] {
  return processNumbers().filter(
    (pid) => folderOf(pid) === folder && (program === undefined || nameOf(pid) === program),
  )
}

/** Every process this machine tells of; none where there is no /proc. */
export function processNumbers(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined // ended meanwhile, a zombie, or not ours to look into
  }
}

function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined // ended meanwhile
  }
}
