import { type CatalogueEntry, defineErrors } from '../entry.ts'

type Row = Pick<CatalogueEntry, 'status' | 'actor' | 'retry' | 'vxpCode'>

const CONFLICT: Row = { status: 409, actor: 'axis', retry: 'after-fix', vxpCode: '20' }
const PASSING: Row = { status: 409, actor: 'axis', retry: 'later', vxpCode: '20' }
const FINAL: Row = { status: 409, actor: 'sender', retry: 'never', vxpCode: '20' }
const MISSING: Row = { status: 404, actor: 'axis', retry: 'never', vxpCode: '20' }
const FORBIDDEN: Row = { status: 403, actor: 'axis', retry: 'never', vxpCode: '15' }
const INPUT: Row = { status: 422, actor: 'axis', retry: 'after-fix', vxpCode: '20' }

/** Errors of the area `LT_OPS_…`: what operators do, and what it means for everybody else. */
export const operationErrors = defineErrors({
  LT_OPS_MAINTENANCE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Trục đang bảo trì nên tạm chưa nhận văn bản mới; việc tra cứu, lấy và báo nhận văn bản vẫn tiếp tục.',
      en: 'The axis is under maintenance and takes no new documents; reading, fetching and acknowledging go on.',
    },
    advice: {
      vi: 'Gửi lại nguyên gói tin sau thời gian ghi trong Retry-After.',
      en: 'Send the same packet again after Retry-After.',
    },
  },
  LT_OPS_KEY_INVALID: {
    status: 401,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Thiếu khóa truy cập của người vận hành, hoặc khóa không đúng hay đã bị thu hồi.',
      en: 'The access key of an operator is missing, wrong or revoked.',
    },
    advice: {
      vi: 'Gửi khóa lto_… trong tiêu đề Authorization: Bearer, hoặc đặt LIENTHONG_OPERATOR; khóa mới do quản trị viên cấp bằng lienthong operator add.',
      en: 'Send the key lto_… as Authorization: Bearer, or set LIENTHONG_OPERATOR; an administrator gives out new keys with lienthong operator add.',
    },
  },
  LT_OPS_NOT_ADMINISTRATOR: {
    ...FORBIDDEN,
    title: {
      vi: 'Việc này cần khóa của quản trị viên; {name} không phải quản trị viên.',
      en: 'This needs the key of an administrator, which {name} is not.',
    },
    advice: { vi: 'Nhờ một quản trị viên thực hiện.', en: 'Ask an administrator to do it.' },
  },
  LT_OPS_OWN_REQUEST: {
    ...FORBIDDEN,
    title: {
      vi: 'Người lập đề nghị {id} không được tự phê duyệt.',
      en: 'Request {id} cannot be approved by the operator who filed it.',
    },
    advice: {
      vi: 'Nhờ một người vận hành khác xem và phê duyệt.',
      en: 'Have another operator look at it and approve it.',
    },
  },
  LT_OPS_NOT_INDEPENDENT: {
    ...FORBIDDEN,
    title: {
      vi: '{name} không được phê duyệt đề nghị {id}: tài khoản do chính người lập đề nghị cấp, hoặc được cấp sau khi đề nghị đã lập.',
      en: '{name} cannot approve request {id}: the account was added by the requester, or after the request was filed.',
    },
    advice: {
      vi: 'Nhờ một người vận hành khác, có tài khoản từ trước và không do người lập đề nghị cấp; hoặc để người ấy lập đề nghị rồi quản trị viên đầu tiên phê duyệt.',
      en: 'Ask another operator, one who was there before and was not added by the requester; or let that one file it for the first administrator to approve.',
    },
  },
  LT_OPS_UNKNOWN_REQUEST: {
    ...MISSING,
    title: { vi: 'Không có đề nghị nào mang mã {id}.', en: 'There is no request {id}.' },
    advice: { vi: 'Xem danh sách đề nghị rồi chọn lại.', en: 'List the requests and choose again.' },
  },
  LT_OPS_REQUEST_DECIDED: {
    ...CONFLICT,
    retry: 'never',
    title: {
      vi: 'Đề nghị {id} đã được quyết định (trạng thái {state}).',
      en: 'Request {id} has been decided before (it is {state}).',
    },
    advice: {
      vi: 'Xem kết quả trong danh sách đề nghị; nếu cần làm thêm, lập đề nghị mới.',
      en: 'Read its result in the list of requests; file a new one if more is to be done.',
    },
  },
  LT_OPS_REQUEST_EXPIRED: {
    ...CONFLICT,
    title: { vi: 'Đề nghị {id} đã quá hạn phê duyệt.', en: 'Request {id} has expired.' },
    advice: { vi: 'Lập lại đề nghị trên tình trạng hiện nay.', en: 'File it again on the present state of things.' },
  },
  LT_OPS_REQUESTER_REVOKED: {
    ...CONFLICT,
    title: {
      vi: 'Người lập đề nghị {id} ({name}) đã bị thu hồi quyền vận hành.',
      en: 'The operator who filed request {id} ({name}) was revoked.',
    },
    advice: {
      vi: 'Từ chối đề nghị này; người đang có quyền lập lại nếu còn cần.',
      en: 'Reject it; somebody with rights files it again if it is still wanted.',
    },
  },
  LT_OPS_OTHER_DIGEST: {
    ...CONFLICT,
    title: {
      vi: 'Mã kiểm tra nêu ra không phải của đề nghị {id}.',
      en: 'The digest that was named is not that of request {id}.',
    },
    advice: {
      vi: 'Đọc lại đề nghị và nêu đúng mã kiểm tra của nội dung đã xem.',
      en: 'Read the request again and name the digest of what you saw.',
    },
  },
  LT_OPS_POLICY_CHANGED: {
    ...PASSING,
    title: {
      vi: 'Quy định phê duyệt của thao tác {action} vừa được người khác thay đổi.',
      en: 'The policy of {action} was changed by somebody else meanwhile.',
    },
    advice: {
      vi: 'Xem lại các quy định rồi làm lại nếu vẫn cần.',
      en: 'Read the policies again and repeat if it is still wanted.',
    },
  },
  LT_OPS_UNKNOWN_OPERATOR: {
    ...MISSING,
    title: {
      vi: 'Không có người vận hành “{name}” đang hoạt động.',
      en: 'There is no active operator “{name}”.',
    },
    advice: { vi: 'Xem lienthong operator list.', en: 'See lienthong operator list.' },
  },
  LT_OPS_NAME_TAKEN: {
    ...CONFLICT,
    title: {
      vi: 'Tên “{name}” đã thuộc về một người vận hành khác.',
      en: 'The name “{name}” belongs to another operator.',
    },
    advice: {
      vi: 'Chọn tên khác: tên trong nhật ký không bao giờ được cấp lại, kể cả sau khi thu hồi.',
      en: 'Choose another name: names in the log are never given twice, not even after a revocation.',
    },
  },
  LT_OPS_TOO_MANY: {
    ...INPUT,
    title: {
      vi: 'Có hơn {limit} lượt chuyển phù hợp với điều kiện chọn.',
      en: 'More than {limit} consignments match the selection.',
    },
    advice: {
      vi: 'Thu hẹp điều kiện (cơ quan, hệ thống, mã lỗi, khoảng thời gian) và làm từng phần.',
      en: 'Narrow the selection (agency, system, code, time) and do it in parts.',
    },
  },
  LT_OPS_BAD_FIELD: {
    ...INPUT,
    title: {
      vi: 'Trường “{field}” của thao tác vận hành không hợp lệ.',
      en: 'The field “{field}” of the operator action is not valid.',
    },
    advice: {
      vi: 'Sửa giá trị rồi làm lại; lý do là bắt buộc, tối đa 500 ký tự.',
      en: 'Correct the value and repeat; a reason is required, at most 500 characters.',
    },
  },
  LT_OPS_UNKNOWN_CONSIGNMENT: {
    ...MISSING,
    title: { vi: 'Không có lượt chuyển {consignmentId}.', en: 'There is no consignment {consignmentId}.' },
    advice: { vi: 'Kiểm tra lại mã bằng lienthong trace.', en: 'Check the id with lienthong trace.' },
  },
  LT_OPS_WRONG_STATE: {
    ...CONFLICT,
    title: {
      vi: 'Lượt chuyển {consignmentId} đang ở trạng thái {state}, thao tác {action} không áp dụng được.',
      en: 'Consignment {consignmentId} is {state}, to which {action} does not apply.',
    },
    advice: {
      vi: 'Chỉ giữ lượt đang chờ, chỉ nhả lượt đang giữ, chỉ xếp lại lượt DEAD hoặc EXPIRED; lượt bị bên nhận từ chối thì bên gửi tự yêu cầu gửi lại.',
      en: 'Hold what waits, release what is held, requeue what is DEAD or EXPIRED; what the receiver refused is sent again on the wish of its sender only.',
    },
  },
  LT_OPS_LEASED: {
    ...PASSING,
    title: {
      vi: 'Lượt chuyển {consignmentId} đang được bên nhận giữ để lấy.',
      en: 'Consignment {consignmentId} is leased by its receiver at this moment.',
    },
    advice: {
      vi: 'Chờ hết hạn giữ rồi thử lại.',
      en: 'Try again when the lease has run out.',
    },
  },
  LT_OPS_ATTEMPT_OPEN: {
    ...PASSING,
    title: {
      vi: 'Lượt chuyển {consignmentId} đang có một lần đẩy dở dang.',
      en: 'An attempt to push consignment {consignmentId} is under way.',
    },
    advice: {
      vi: 'Chờ lần đẩy kết thúc rồi thử lại.',
      en: 'Try again when the attempt has ended.',
    },
  },
  LT_OPS_RECALLED: {
    ...FINAL,
    title: {
      vi: 'Văn bản của lượt chuyển {consignmentId} đã hoặc đang được bên gửi thu hồi, thay thế.',
      en: 'The document of consignment {consignmentId} was recalled or replaced by its sender.',
    },
    advice: {
      vi: 'Không chuyển tiếp, không giữ lại văn bản mà bên gửi đòi lại, trừ khi nơi nhận trả lời không đồng ý (trạng thái 16); bên gửi gửi lại hoặc phát hành văn bản mới nếu cần.',
      en: 'A document asked back goes nowhere and is not held, unless its receiver declines (status 16); its sender may send it again or issue a new one.',
    },
  },
  LT_OPS_SENT_AGAIN: {
    ...FINAL,
    title: {
      vi: 'Lượt chuyển {consignmentId} đã được gửi lại thành một lượt mới.',
      en: 'Consignment {consignmentId} was sent again as a new one.',
    },
    advice: {
      vi: 'Thao tác trên lượt chuyển mới của nơi nhận này.',
      en: 'Act on the newest consignment of this recipient.',
    },
  },
  LT_OPS_CHANGED: {
    ...PASSING,
    title: {
      vi: 'Lượt chuyển {consignmentId} vừa thay đổi nên được để nguyên.',
      en: 'Consignment {consignmentId} changed meanwhile and was left alone.',
    },
    advice: {
      vi: 'Xem tình trạng mới rồi thử lại nếu vẫn cần.',
      en: 'Look at it again and repeat if it is still wanted.',
    },
  },
  LT_OPS_SUBJECT_CHANGED: {
    ...PASSING,
    title: {
      vi: 'Không làm gì: hiện trạng không còn như người lập đề nghị đã thấy.',
      en: 'Nothing was done: things no longer stand as the requester saw them.',
    },
    advice: {
      vi: 'Xem hiện trạng; nếu vẫn cần, lập đề nghị mới.',
      en: 'Look at how things stand now and file a new request if it is still wanted.',
    },
  },
  LT_OPS_CLOSED: {
    ...FINAL,
    title: {
      vi: 'Người vận hành đã kết thúc lượt chuyển không thể giao: {detail}.',
      en: 'An operator ended the consignment, which cannot be delivered: {detail}.',
    },
    advice: {
      vi: 'Liên hệ bên nhận rồi gửi lại bằng cách khác, hoặc yêu cầu gửi lại khi bên nhận đã sẵn sàng.',
      en: 'Ask the receiver how to send it, or ask for a re-send once the receiver is ready.',
    },
  },
})
