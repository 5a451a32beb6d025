import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_DOOR_…`: what only the compatible door can find wrong. */
export const doorErrors = defineErrors({
  LT_DOOR_UNSIGNED: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Yêu cầu không có tiêu đề chữ ký {header}.',
      en: 'The request has no signature header {header}.',
    },
    advice: {
      vi: 'Gọi bằng thư viện của phần mềm với mã hệ thống và khóa bí mật đã được cấp.',
      en: 'Call with the client library, with the system id and secret that were given out.',
    },
  },
  LT_DOOR_SIGNATURE_INVALID: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Mã hệ thống hoặc khóa bí mật không đúng, hoặc tiêu đề đã bị thay đổi trên đường truyền.',
      en: 'The system id or the secret is wrong, or the headers were changed on the way.',
    },
    advice: {
      vi: 'Kiểm tra systemid và secret trong cấu hình; giá trị có dấu tiếng Việt phải gửi bằng UTF-8.',
      en: 'Check system id and secret in the configuration; values with accents must be sent as UTF-8.',
    },
  },
  LT_DOOR_HEADER_CHANGED: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Tiêu đề {header} không khớp với văn bản đã ký.',
      en: 'The header {header} is not what the signed text says.',
    },
    advice: {
      vi: 'Gửi nguyên vẹn các tiêu đề đã ký; kiểm tra máy chủ trung gian.',
      en: 'Send the signed headers unchanged; look at the proxies in between.',
    },
  },
  LT_DOOR_NETWORK_REFUSED: {
    status: 403,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Hệ thống không được gọi từ địa chỉ mạng này.',
      en: 'The system may not call from this network address.',
    },
    advice: {
      vi: 'Đề nghị người vận hành trục thêm địa chỉ vào danh sách cho phép của hệ thống.',
      en: "Have the operator of the axis add the address to the system's list.",
    },
  },
  LT_DOOR_UNKNOWN_OPERATION: {
    status: 404,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Không có thao tác nào ở địa chỉ này.',
      en: 'There is no operation at this address.',
    },
    advice: {
      vi: 'Kiểm tra service.endpoint trong cấu hình của phần mềm.',
      en: 'Check service.endpoint in the configuration of the client.',
    },
  },
  LT_DOOR_BAD_PARAMETER: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Tham số {name} thiếu hoặc không đọc được.',
      en: 'Parameter {name} is missing or cannot be read.',
    },
    advice: {
      vi: 'Sửa tham số rồi gửi lại.',
      en: 'Correct the parameter and send again.',
    },
  },
  LT_DOOR_HASH_MISMATCH: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Gói tin nhận được không khớp với mã băm hash-file đã ký.',
      en: 'The packet that arrived is not the one whose hash was signed.',
    },
    advice: {
      vi: 'Gửi lại nguyên gói tin; nếu lặp lại, kiểm tra máy chủ trung gian.',
      en: 'Send the packet again; if it happens again, look at the proxies in between.',
    },
  },
  LT_DOOR_NOT_IN_PACKET: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '18',
    title: {
      vi: 'Nơi nhận {codes} trong tham số to không có trong gói tin.',
      en: 'Receivers {codes} of the parameter to are not in the packet.',
    },
    advice: {
      vi: 'Ghi nơi nhận vào gói tin, hoặc bỏ khỏi tham số to.',
      en: 'Name the receivers in the packet, or leave them out of the parameter.',
    },
  },
  LT_DOOR_REGISTRATION_REFUSED: {
    status: 403,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '19',
    title: {
      vi: 'Hệ thống không được phép đăng ký hoặc hủy đơn vị {code}.',
      en: 'The system may not register or delete the agency {code}.',
    },
    advice: {
      vi: 'Đề nghị người vận hành trục đăng ký hoặc hủy đơn vị.',
      en: 'Have the operator of the axis register or delete the agency.',
    },
  },
  LT_DOOR_REGISTRATION_WAITS: {
    status: 409,
    actor: 'axis',
    retry: 'later',
    vxpCode: '19',
    title: {
      vi: 'Yêu cầu về đơn vị {code} đang chờ người vận hành trục xem xét.',
      en: 'The request about the agency {code} waits for the operator of the axis.',
    },
    advice: {
      vi: 'Không cần gửi lại; liên hệ người vận hành trục nếu cần gấp.',
      en: 'There is no need to send it again; ask the operator if it is urgent.',
    },
  },
})
