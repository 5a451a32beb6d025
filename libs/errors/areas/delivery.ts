import { defineErrors } from '../entry.ts'

/**
 * Errors of the area `LT_DLV_…`: what carries work and time, and what becomes of an attempt to push. None of them loses a
 * document: PostgreSQL refills the carriers, and a push that ended badly stands as a dead letter.
 */
export const deliveryErrors = defineErrors({
  LT_DLV_BUS_UNAVAILABLE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'NATS chưa nhận được việc ({reason}).', en: 'NATS did not take the work ({reason}).' },
    advice: {
      vi: 'Không cần gửi lại: trục tự phát lại khi NATS hoạt động. Người vận hành kiểm tra máy chủ NATS.',
      en: 'Nothing has to be sent again: the axis publishes anew once NATS is back. Operators check the NATS server.',
    },
  },
  LT_DLV_QUEUE_UNAVAILABLE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Redis chưa nhận được việc ({reason}).', en: 'Redis did not take the work ({reason}).' },
    advice: {
      vi: 'Không cần gửi lại: trục tự xếp lại hàng đợi khi Redis hoạt động. Người vận hành kiểm tra máy chủ Redis.',
      en: 'Nothing has to be sent again: the axis fills its queues anew once Redis is back. Operators check the Redis server.',
    },
  },
  LT_DLV_ADDRESS_REFUSED: {
    status: 502,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Địa chỉ {host} của hệ thống nhận nằm trong mạng mà trục không được gọi tới.',
      en: 'The address {host} of the receiving system lies in a network the axis may not call.',
    },
    advice: {
      vi: 'Người vận hành kiểm tra địa chỉ đã đăng ký, hoặc cho phép mạng đó bằng PUSH_ALLOWED_NETWORKS.',
      en: 'Operators check the registered address, or allow that network with PUSH_ALLOWED_NETWORKS.',
    },
  },
  LT_DLV_NOT_HTTPS: {
    status: 502,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Địa chỉ {host} của hệ thống nhận không dùng HTTPS.',
      en: 'The address {host} of the receiving system does not use HTTPS.',
    },
    advice: {
      vi: 'Hệ thống nhận đăng ký địa chỉ https. HTTP không mã hóa chỉ dùng được trong mạng mà người vận hành cho phép.',
      en: 'The receiving system registers an https address. Plain HTTP is only used within networks that operators allow.',
    },
  },
  LT_DLV_UNREACHABLE: {
    status: 502,
    actor: 'receiver',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Không kết nối được tới hệ thống nhận ({reason}).',
      en: 'The receiving system cannot be reached ({reason}).',
    },
    advice: {
      vi: 'Trục tự gửi lại. Bên nhận kiểm tra máy chủ, tên miền và chứng thư TLS của mình.',
      en: 'The axis tries again by itself. The receiver checks its server, its name and its TLS certificate.',
    },
  },
  LT_DLV_NO_ANSWER: {
    status: 504,
    actor: 'receiver',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Hệ thống nhận không trả lời sau khi nhận dữ liệu ({reason}).',
      en: 'The receiving system gave no answer after the content was sent ({reason}).',
    },
    advice: {
      vi: 'Trục gửi lại với cùng mã lượt giao. Bên nhận phải coi cùng một mã là một văn bản.',
      en: 'The axis sends again under the same consignment id. Receivers take the same id as the same document.',
    },
  },
  LT_DLV_ANSWER_TOO_LARGE: {
    status: 502,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Câu trả lời dài hơn {limit} byte.',
      en: 'The answer is longer than {limit} bytes.',
    },
    advice: {
      vi: 'Kiểm tra địa chỉ đã cấu hình; nếu bên kia đúng là gửi nhiều như vậy, nâng giới hạn trong cấu hình.',
      en: 'Check the configured address; if the other side really sends that much, raise the limit in the settings.',
    },
  },
  LT_DLV_BUSY: {
    status: 503,
    actor: 'receiver',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Hệ thống nhận đang bận (HTTP {status}).', en: 'The receiving system is busy (HTTP {status}).' },
    advice: {
      vi: 'Trục tự gửi lại, không sớm hơn thời điểm bên nhận yêu cầu.',
      en: 'The axis tries again by itself, not before the time the receiver asked for.',
    },
  },
  LT_DLV_ENDPOINT_FAILED: {
    status: 502,
    actor: 'receiver',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Hệ thống nhận bị lỗi (HTTP {status}).', en: 'The receiving system failed (HTTP {status}).' },
    advice: {
      vi: 'Trục tự gửi lại. Bên nhận xem nhật ký của mình theo mã lượt giao.',
      en: 'The axis tries again by itself. The receiver looks the consignment id up in its log.',
    },
  },
  LT_DLV_ENDPOINT_CLOSED: {
    status: 502,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Địa chỉ nhận không tồn tại hoặc không cho trục vào (HTTP {status}).',
      en: 'The endpoint is not there or does not let the axis in (HTTP {status}).',
    },
    advice: {
      vi: 'Bên nhận mở địa chỉ đã đăng ký cho trục. Trục vẫn gửi lại cho đến khi hết hạn.',
      en: 'The receiver opens the registered address to the axis. The axis goes on trying until the time is over.',
    },
  },
  LT_DLV_REDIRECTED: {
    status: 502,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Địa chỉ nhận chuyển hướng sang nơi khác (HTTP {status}), trục không đi theo.',
      en: 'The endpoint redirects elsewhere (HTTP {status}), which the axis does not follow.',
    },
    advice: {
      vi: 'Bên nhận đăng ký địa chỉ mới với người vận hành.',
      en: 'The receiver registers its new address with the operators.',
    },
  },
  LT_DLV_REFUSED: {
    status: 502,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Hệ thống nhận từ chối hẳn lượt giao này (HTTP {status}).',
      en: 'The receiving system refused this consignment for good (HTTP {status}).',
    },
    advice: {
      vi: 'Hỏi bên nhận lý do. Sau khi khắc phục, bên gửi có thể gửi lại bằng yêu cầu riêng.',
      en: 'Ask the receiver for the reason. Once it is mended, the sender can ask for a re-send.',
    },
  },
  LT_DLV_INTERRUPTED: {
    status: 504,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Lượt gửi bị gián đoạn phía trục, không rõ bên nhận đã có văn bản chưa.',
      en: 'The attempt was interrupted at the axis; whether the receiver has the document is not known.',
    },
    advice: {
      vi: 'Trục gửi lại với cùng mã lượt giao. Bên nhận phải coi cùng một mã là một văn bản.',
      en: 'The axis sends again under the same consignment id. Receivers take the same id as the same document.',
    },
  },
  LT_DLV_ATTEMPTS_EXHAUSTED: {
    status: 502,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Đã gửi {attempts} lần mà không giao được, lần cuối {last}.',
      en: 'Not delivered after {attempts} attempts, the last one {last}.',
    },
    advice: {
      vi: 'Bên nhận khắc phục hệ thống của mình, sau đó bên gửi yêu cầu gửi lại.',
      en: 'The receiver mends its system, then the sender asks for a re-send.',
    },
  },
  LT_DLV_TIME_OVER: {
    status: 502,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Hết thời hạn giao sau {attempts} lần gửi, lần cuối {last}.',
      en: 'The time for delivery is over after {attempts} attempts, the last one {last}.',
    },
    advice: {
      vi: 'Bên nhận khắc phục hệ thống của mình, sau đó bên gửi yêu cầu gửi lại.',
      en: 'The receiver mends its system, then the sender asks for a re-send.',
    },
  },
  LT_DLV_UNCOLLECTED: {
    status: 410,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Bên nhận không lấy văn bản trong {days} ngày làm việc.',
      en: 'The receiver did not collect the document within {days} working days.',
    },
    advice: {
      vi: 'Bên gửi liên hệ bên nhận, sau đó yêu cầu gửi lại nếu vẫn cần.',
      en: 'The sender gets in touch with the receiver, then asks for a re-send where it is still wanted.',
    },
  },
  LT_DLV_RECEIVER_FAILED: {
    status: 502,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Hệ thống nhận đã lấy văn bản nhưng báo xử lý không thành công.',
      en: 'The receiving system said that it failed with the document.',
    },
    advice: {
      vi: 'Bên nhận sửa lỗi rồi báo đã nhận, hoặc người vận hành đưa văn bản vào hàng chờ lần nữa.',
      en: 'The receiver mends it and acknowledges after all, or an operator queues the document again.',
    },
  },
  LT_DLV_UNACKNOWLEDGED: {
    status: 410,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Bên nhận đã lấy văn bản nhưng không báo nhận trong {days} ngày làm việc.',
      en: 'The receiver fetched the document and did not acknowledge it within {days} working days.',
    },
    advice: {
      vi: 'Bên gửi liên hệ bên nhận, sau đó yêu cầu gửi lại nếu vẫn cần.',
      en: 'The sender gets in touch with the receiver, then asks for a re-send where it is still wanted.',
    },
  },
})
