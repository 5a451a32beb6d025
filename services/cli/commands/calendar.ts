import { localDate, weekday } from '../../../libs/model/index.ts'
import { type LoadedCalendar, loadCalendar } from '../../delivery/clocks/load-calendar.ts'
import type { Call, Command } from '../command.ts'
import { wholeNumber } from '../command-line.ts'
import { table } from '../output.ts'

interface ShownDay {
  readonly date: string
  readonly off: boolean
  readonly name: string
  /** How sure the calendar is of it; nothing for days that are worked instead. */
  readonly sure?: string
}

/** `lienthong calendar [--year N] [--file FILE]`: days off, and days worked instead, as deadlines count them. */
export const calendarCommand: Command = {
  options: { year: { type: 'string' }, file: { type: 'string' } },
  async run(call) {
    const { output, values } = call
    const year = wholeNumber(call, 'year', Number(localDate(new Date()).slice(0, 4)), [2000, 2100])
    const loaded = await loadCalendar(values.file)
    const days = daysOf(call, loaded, year)
    const rows = days.map(({ date, off, name, sure }) => [
      date,
      output.t(`calendar.day.${weekday(date) as 0 | 1 | 2 | 3 | 4 | 5 | 6}`),
      off ? name : output.t('calendar.working'),
      sure ?? '',
    ])
    const { from, to } = loaded.holidays
    const outside = year < from || year > to ? [output.t('calendar.outside', { from, to })] : []
    output.result(days, [...table([output.t('calendar.columns').split('|'), ...rows]), ...outside])
  },
}

function daysOf({ output }: Call, { holidays }: LoadedCalendar, year: number): ShownDay[] {
  const nameOf = (key: string): string => holidays.names[key]?.[output.language] ?? key
  const listed = year >= holidays.from && year <= holidays.to
  const fixed = holidays.fixed.map(({ day, name }) => ({ date: `${year}-${day}`, name, sure: 'fixed' }))
  const off = [...holidays.off.filter(({ date }) => date.startsWith(`${year}-`)), ...(listed ? [] : fixed)]
  const working = holidays.working.filter(({ date }) => date.startsWith(`${year}-`))
  return [
    ...off.map(({ date, name, sure }) => ({ date, off: true, name: nameOf(name), sure })),
    ...working.map(({ date }) => ({ date, off: false, name: '' })),
  ].sort((a, b) => (a.date < b.date ? -1 : 1))
}
