import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_EVD_…`: receipts of the axis. */
export const evidenceErrors = defineErrors({
  LT_EVD_KEY_UNFIT: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Khóa ký biên nhận ({key}) không phải ECDSA P-256 hoặc không khớp với chứng thư.',
      en: 'The key for receipts ({key}) is not ECDSA P-256 or does not belong to its certificate.',
    },
    advice: {
      vi: 'Cấp lại khóa và chứng thư ký biên nhận rồi khởi động lại dịch vụ.',
      en: 'Issue the receipt key and its certificate again and restart the service.',
    },
  },
  LT_EVD_UNREADABLE: {
    status: 422,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: {
      vi: 'Tệp không phải biên nhận của trục: {detail}.',
      en: 'The file is not a receipt of the axis: {detail}.',
    },
    advice: {
      vi: 'Đưa vào nguyên tệp biên nhận mà trục đã cấp, không sửa đổi.',
      en: 'Present the receipt file exactly as the axis issued it.',
    },
  },
})
