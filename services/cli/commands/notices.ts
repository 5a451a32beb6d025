import { listNotices, NOTICE_STATES } from '../../../libs/store/index.ts'
import type { Command } from '../command.ts'
import { oneOf, shownTime, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'

/** `lienthong notices`: what people were told, or not, newest first; `--state unsure` are those nobody knows of. */
export const noticesCommand: Command = {
  options: { state: { type: 'string' }, limit: { type: 'string' } },
  async run(call) {
    const { output, values } = call
    const state =
      values.state === undefined ? undefined : oneOf(call, '--state', values.state.toUpperCase(), NOTICE_STATES)
    const limit = wholeNumber(call, 'limit', 50, [1, 10_000])
    const notices = await withDatabase(call, (pool) =>
      listNotices(pool, { limit, ...(state === undefined ? {} : { state }) }),
    )
    const rows = notices.map((notice) => [
      shownTime(notice.made_at),
      notice.kind,
      notice.channel,
      notice.recipient || '-',
      notice.agency_code ?? '',
      notice.state,
      notice.code ?? '',
      notice.dispatch_id ?? '',
    ])
    output.result(
      notices,
      notices.length === 0 ? [output.t('notices.none')] : table([output.t('notices.columns').split('|'), ...rows]),
    )
  },
}
