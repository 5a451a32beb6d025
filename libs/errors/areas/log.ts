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
  LT_LOG_BEHIND: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Dịch vụ đã không theo kịp nhật ký trong {seconds} giây.',
      en: 'The service has not kept up with the log for {seconds} seconds.',
    },
    advice: {
      vi: 'Kiểm tra cơ sở dữ liệu và nhật ký của dịch vụ; tài liệu vẫn an toàn, chỉ biên nhận và thông báo đến chậm.',
      en: 'Look at the database and at the log of the service; documents are safe, receipts and notices come late.',
    },
  },
})
