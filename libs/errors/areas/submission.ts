import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_SUB_…`: a submission as a whole, apart from what its envelope says. */
export const submissionErrors = defineErrors({
  LT_SUB_BUSY: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Trục đang nhận quá nhiều yêu cầu cùng lúc.', en: 'The axis is taking too many requests at once.' },
    advice: {
      vi: 'Gửi lại nguyên yêu cầu sau thời gian ghi trong Retry-After.',
      en: 'Send the same request again after Retry-After.',
    },
  },
  LT_SUB_LOOP: {
    status: 422,
    actor: 'sender',
    retry: 'never',
    vxpCode: '18',
    title: {
      vi: 'Gói tin đến từ trục khác qua {system} và nơi nhận {codes} cũng thuộc trục đó.',
      en: 'The packet came from another axis through {system}, and {codes} belong to that axis as well.',
    },
    advice: {
      vi: 'Trục kia tự chuyển cho đơn vị của mình; chỉ đưa sang gói tin có nơi nhận ở trục này.',
      en: 'That axis delivers to its own agencies; hand over only what has a recipient on this one.',
    },
  },
  LT_SUB_SUBSET_REFUSED: {
    status: 403,
    actor: 'sender',
    retry: 'never',
    vxpCode: '19',
    title: {
      vi: 'Hệ thống {system} không được chọn riêng một số nơi nhận của gói tin.',
      en: 'System {system} may not choose some recipients of a packet.',
    },
    advice: {
      vi: 'Bỏ tham số recipients; chỉ hệ thống đại diện cho trục khác (vxp-upstream) được dùng.',
      en: 'Leave out the parameter recipients; it is for systems that stand for another axis (vxp-upstream).',
    },
  },
  LT_SUB_KEY_REUSED: {
    status: 409,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Khóa chống gửi trùng {key} đã dùng cho gói tin khác: trước là {firstHash}, nay là {thisHash}.',
      en: 'Idempotency key {key} was used for other bytes: first {firstHash}, now {thisHash}.',
    },
    advice: {
      vi: 'Dùng khóa mới cho gói tin mới; giữ nguyên khóa chỉ khi gửi lại đúng gói tin cũ.',
      en: 'Use a new key for a new packet; keep the key only to repeat the very same packet.',
    },
  },
  LT_SUB_DUPLICATE_DOCUMENT: {
    status: 409,
    actor: 'sender',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Văn bản {documentId} đã được gửi trong lượt gửi {dispatchId} với nội dung khác.',
      en: 'Document {documentId} was already sent, with other bytes, as dispatch {dispatchId}.',
    },
    advice: {
      vi: 'Nếu là văn bản mới, đặt mã văn bản mới; nếu sửa văn bản đã gửi, gửi nghiệp vụ cập nhật hoặc thay thế.',
      en: 'Give a new document its own id; to change one already sent, send an update or a replacement.',
    },
  },
  LT_SUB_NOT_FOUND: {
    status: 404,
    actor: 'sender',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Không có lượt gửi nào mang mã này mà hệ thống được xem.',
      en: 'There is no such dispatch that this system may see.',
    },
    advice: {
      vi: 'Kiểm tra lại mã lượt gửi và hệ thống đang đăng nhập.',
      en: 'Check the id and the system you are signed in as.',
    },
  },
  LT_SUB_NOT_ENDED: {
    status: 409,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Lượt chuyển {consignmentId} chưa kết thúc (đang ở trạng thái {state}) nên không thể gửi lại.',
      en: 'Consignment {consignmentId} has not ended (it is {state}), so it cannot be sent again.',
    },
    advice: {
      vi: 'Chờ lượt chuyển kết thúc hoặc gửi lại lượt chuyển mới nhất của nơi nhận này.',
      en: 'Wait until it has ended, or name the newest consignment of this recipient.',
    },
  },
  LT_SUB_RECALL_PENDING: {
    status: 409,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Lượt chuyển {consignmentId} đang chờ bên nhận trả lời yêu cầu thu hồi nên không thể gửi lại.',
      en: 'Consignment {consignmentId} waits for its receiver to answer a recall, so it cannot be sent again.',
    },
    advice: {
      vi: 'Chờ trạng thái 15 hoặc 16 của bên nhận; muốn gửi văn bản khác thì gửi thành lượt gửi mới.',
      en: "Wait for the receiver's status 15 or 16; to send something else, submit it as a new dispatch.",
    },
  },
  LT_SUB_CONTENT_DELETED: {
    status: 410,
    actor: 'sender',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Nội dung của lượt gửi đã được xóa theo thời hạn lưu.',
      en: 'The content of this dispatch was deleted by retention.',
    },
    advice: { vi: 'Gửi văn bản thành lượt gửi mới.', en: 'Submit the document as a new dispatch.' },
  },
  LT_SUB_UNSTORABLE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Gói tin có giá trị mà trục không ghi nhận được.',
      en: 'The packet holds a value that the axis cannot record.',
    },
    advice: {
      vi: 'Kiểm tra các trường quá dài hoặc ngoài khoảng cho phép, rồi gửi lại; cần thì báo mã theo dõi cho đơn vị vận hành.',
      en: 'Check for fields that are too long or out of range and send again; give the trace id to the operator if in doubt.',
    },
  },
  LT_SUB_EMPTY: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: { vi: 'Yêu cầu không có gói tin.', en: 'The request holds no packet.' },
    advice: { vi: 'Đặt gói edXML vào thân yêu cầu.', en: 'Put the edXML packet into the body of the request.' },
  },
})
