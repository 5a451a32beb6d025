import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_BOX_…`: receiving. */
export const mailboxErrors = defineErrors({
  LT_BOX_NOT_FOUND: {
    status: 404,
    actor: 'receiver',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Không có lượt chuyển nào mang mã này trong hộp thư của hệ thống.',
      en: 'There is no such consignment in the mailbox of this system.',
    },
    advice: {
      vi: 'Đọc lại danh sách hộp thư; đơn vị có thể đã chuyển sang hệ thống khác.',
      en: 'Read the mailbox again; the agency may have moved to another system.',
    },
  },
  LT_BOX_LEASE_LOST: {
    status: 409,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Lượt chuyển {consignmentId} đã được giao lại với mã giữ chỗ khác.',
      en: 'Consignment {consignmentId} was leased again under another token.',
    },
    advice: {
      vi: 'Bỏ kết quả của lần giữ chỗ cũ; xác nhận bằng mã giữ chỗ mới nhất.',
      en: 'Drop the work of the old lease; acknowledge with the newest token.',
    },
  },
  LT_BOX_ALREADY_ENDED: {
    status: 409,
    actor: 'receiver',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Lượt chuyển {consignmentId} đã kết thúc ở trạng thái {state}.',
      en: 'Consignment {consignmentId} has already ended as {state}.',
    },
    advice: {
      vi: 'Không cần làm gì thêm với lượt chuyển này; muốn trả lời nơi gửi hãy gửi báo cáo trạng thái.',
      en: 'Nothing more can be done with it; to tell the sender something, send a status report.',
    },
  },
  LT_BOX_LATE: {
    status: 409,
    actor: 'receiver',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Đến muộn: lượt chuyển {consignmentId} đã bị thu hồi hoặc hết hạn ({state}).',
      en: 'Too late: consignment {consignmentId} was recalled or has expired ({state}).',
    },
    advice: {
      vi: 'Không đưa văn bản này vào xử lý; nếu đã lưu, hủy và báo lại nơi gửi.',
      en: 'Do not process this document; if it was stored, cancel it and tell the sender.',
    },
  },
  LT_BOX_NO_SUCH_PART: {
    status: 404,
    actor: 'receiver',
    retry: 'never',
    vxpCode: '21',
    title: { vi: 'Lượt chuyển này không có phần số {ordinal}.', en: 'This consignment has no part {ordinal}.' },
    advice: { vi: 'Chỉ tải các phần có trong danh sách phần.', en: 'Fetch only the parts in its list of parts.' },
  },
  LT_BOX_BAD_SIGNATURE: {
    status: 422,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Chữ ký của bên nhận không khớp với lượt chuyển {consignmentId}.',
      en: "The receiver's own signature does not fit consignment {consignmentId}.",
    },
    advice: {
      vi: 'Ký đúng chuỗi gồm việc làm (acknowledge hoặc refuse), mã lượt chuyển, mã băm nội dung và thời điểm theo RFC 3339, bằng chứng thư đã đăng ký.',
      en: 'Sign the verb (acknowledge or refuse), consignment id, content hash and RFC 3339 time as documented, with a registered certificate.',
    },
  },
})
