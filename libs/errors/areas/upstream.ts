import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_VXP_…`: another axis, asked by ours as its client. */
export const upstreamErrors = defineErrors({
  LT_VXP_REFUSED: {
    status: 422,
    actor: 'sender',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Trục kia từ chối, mã {code}: {text}',
      en: 'The other axis refused with code {code}: {text}',
    },
    advice: {
      vi: 'Sửa theo lý do trục kia nêu rồi gửi lại; mã là của trục kia.',
      en: 'Mend what the other axis says and send again; the code is that axis’s own.',
    },
  },
  LT_VXP_NOT_NOW: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Trục kia chưa xử lý được, mã {code}: {text}',
      en: 'The other axis cannot do it now, code {code}: {text}',
    },
    advice: {
      vi: 'Cầu nối tự thử lại. Mã 15: kiểm tra mã hệ thống và khóa bí mật do trục kia cấp.',
      en: 'The bridge tries again by itself. Code 15: check the system id and the secret that the other axis gave out.',
    },
  },
  LT_VXP_UNREADABLE: {
    status: 502,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Không đọc được câu trả lời của trục kia ({reason}).',
      en: 'The answer of the other axis cannot be read ({reason}).',
    },
    advice: {
      vi: 'Kiểm tra địa chỉ trục kia; thường là trang lỗi của máy chủ trung gian.',
      en: 'Check the address of the other axis; most often this is the error page of a proxy.',
    },
  },
})
