import { isUuid, uuidTimeMs } from '../model/index.ts'

const PATH = /^\d{4}-\d{2}\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[0-9a-f]{64}$/

/** Folder of one dispatch, relative to the store: `<yyyy-mm>/<dispatch id>`, the month (UTC) taken from the id's own time. */
export function dispatchFolder(dispatchId: string): { month: string; folder: string } {
  if (!isUuid(dispatchId)) throw new TypeError('a dispatch id is a UUID in lower case')
  const month = new Date(uuidTimeMs(dispatchId)).toISOString().slice(0, 7)
  return { month, folder: `${month}/${dispatchId}` }
}

/** Whether a text is a path this store has given out. Nothing else is ever joined to the store's folder. */
export function isBlobPath(path: string): boolean {
  return PATH.test(path) && dispatchFolder(path.slice(8, 44)).month === path.slice(0, 7)
}
