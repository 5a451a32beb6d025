import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_LOG_…`: the sequenced log. */
export const logErrors = defineErrors({
  LT_LOG_FRONTIER_UNREADABLE: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Trạng thái cây nhật ký đã lưu không đọc được.',
      en: 'The saved state of the log tree cannot be read.',
    },
    advice: {
      vi: 'Khôi phục tệp trạng thái từ bản sao lưu; không ký điểm kiểm tra mới khi chưa khôi phục.',
      en: 'Restore the state file from a backup; sign no new checkpoint before that.',
    },
  },
})
