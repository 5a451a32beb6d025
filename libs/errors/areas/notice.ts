import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_NTC_…`: what became of a notice that people were to get. No document depends on one. */
export const noticeErrors = defineErrors({
  LT_NTC_NO_CONTACT: {
    status: 422,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Không có địa chỉ để báo cho {agency}.',
      en: 'There is no address at which {agency} can be told.',
    },
    advice: {
      vi: 'Người vận hành bổ sung thư điện tử của đơn vị vào danh bạ, hoặc đặt OPERATOR_MAIL.',
      en: 'Operators add the mail address of the unit to the directory, or set OPERATOR_MAIL.',
    },
  },
  LT_NTC_UNREACHABLE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Không gửi được thông báo: máy chủ thư hoặc cổng tin nhắn chưa nhận ({reason}).',
      en: 'The notice was not sent: the mail server or message gateway did not take it ({reason}).',
    },
    advice: {
      vi: 'Trục tự gửi lại. Người vận hành kiểm tra máy chủ thư, cổng tin nhắn và tài khoản dùng ở đó.',
      en: 'The axis tries again by itself. Operators check the mail server, the gateway and the account used there.',
    },
  },
  LT_NTC_REFUSED: {
    status: 502,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Máy chủ thư hoặc cổng tin nhắn từ chối hẳn thông báo ({reason}).',
      en: 'The mail server or message gateway refused the notice for good ({reason}).',
    },
    advice: {
      vi: 'Kiểm tra địa chỉ liên hệ trong danh bạ và địa chỉ gửi NOTICE_FROM.',
      en: 'Check the contact in the directory and the sending address NOTICE_FROM.',
    },
  },
  LT_NTC_UNSURE: {
    status: 504,
    actor: 'axis',
    retry: 'never',
    vxpCode: '20',
    title: {
      vi: 'Không rõ thông báo đã đi hay chưa: đường truyền đứt trước khi có trả lời ({reason}).',
      en: 'Whether the notice left is not known: the line broke before there was an answer ({reason}).',
    },
    advice: {
      vi: 'Trục không gửi lại để không ai nhận hai lần. Người vận hành xem nhật ký máy chủ thư và báo tay nếu cần.',
      en: 'The axis does not repeat it, so that nobody gets it twice. Operators look into the mail log and tell the contact if needed.',
    },
  },
  LT_NTC_INTERRUPTED: {
    status: 504,
    actor: 'axis',
    retry: 'never',
    vxpCode: '20',
    title: {
      vi: 'Tiến trình dừng khi đang gửi thông báo, không rõ đã đi hay chưa.',
      en: 'The process ended while it was sending the notice; whether it left is not known.',
    },
    advice: {
      vi: 'Trục không gửi lại để không ai nhận hai lần. Người vận hành xem nhật ký máy chủ thư và báo tay nếu cần.',
      en: 'The axis does not repeat it, so that nobody gets it twice. Operators look into the mail log and tell the contact if needed.',
    },
  },
})
