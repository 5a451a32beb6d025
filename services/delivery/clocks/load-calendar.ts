import { readFile } from 'node:fs/promises'
import { BusError } from '../../../libs/errors/index.ts'
import {
  createCalendar,
  type Holidays,
  overrideHolidays,
  readHolidays,
  type WorkingCalendar,
} from '../../../libs/model/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'

const SHIPPED = new URL('../../../schemas/data/holidays.json', import.meta.url)

export interface LoadedCalendar {
  readonly calendar: WorkingCalendar
  readonly holidays: Holidays
}

/**
 * The working calendar: the shipped days off, with those of an operator's file on top.
 * @throws BusError LT_CONF_FILE_UNREADABLE, LT_CONF_INVALID
 */
export async function loadCalendar(path?: string): Promise<LoadedCalendar> {
  const shipped = readHolidays(await readFile(SHIPPED, 'utf8'))
  const holidays = path === undefined ? shipped : overrideHolidays(shipped, await read(path))
  if (sabotaged('holiday-ignored')) return { calendar: createCalendar({ ...holidays, off: [], fixed: [] }), holidays }
  return { calendar: createCalendar(holidays), holidays }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
