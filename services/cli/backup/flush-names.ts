import { runProgram } from './run-program.ts'

/**
 * Makes every name below a folder survive a loss of power: the whole file system of the folder is flushed, once for any number of files.
 * @throws BusError LT_BACKUP_PROGRAM_FAILED when something of it could not be written
 */
export function flushNames(folder: string, signal?: AbortSignal): Promise<void> {
  return runProgram('sync', ['--file-system', folder], signal ? { signal } : {})
}
