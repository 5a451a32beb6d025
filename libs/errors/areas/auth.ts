import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_AUTH_…`: who calls, and for whom. Until a caller has proved a key, none tells which systems exist. */
export const authErrors = defineErrors({
  LT_AUTH_REQUIRED: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'Yêu cầu chưa xác thực hệ thống gọi.', en: 'The request does not say which system calls.' },
    advice: {
      vi: 'Lấy mã truy cập tại /v1/token và gửi trong tiêu đề Authorization: Bearer, hoặc dùng chứng thư TLS đã đăng ký.',
      en: 'Get a token at /v1/token and send it as Authorization: Bearer, or use a registered TLS client certificate.',
    },
  },
  LT_AUTH_TOKEN_INVALID: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'Mã truy cập không hợp lệ.', en: 'The access token is not valid.' },
    advice: {
      vi: 'Lấy mã truy cập mới tại /v1/token của trục này và gửi nguyên vẹn.',
      en: 'Get a new token at /v1/token of this axis and send it unchanged.',
    },
  },
  LT_AUTH_TOKEN_EXPIRED: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'Mã truy cập đã hết hạn.', en: 'The access token has expired.' },
    advice: {
      vi: 'Lấy mã truy cập mới tại /v1/token rồi gửi lại nguyên yêu cầu.',
      en: 'Get a new token at /v1/token and send the same request again.',
    },
  },
  LT_AUTH_CERTIFICATE_UNKNOWN: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Chứng thư TLS của bên gọi không phải chứng thư đang có hiệu lực đã đăng ký với trục.',
      en: 'The TLS certificate of the caller is not one that is registered and in force.',
    },
    advice: {
      vi: 'Đăng ký chứng thư với người vận hành trục, hoặc xác thực bằng mã truy cập.',
      en: 'Have the operator of the axis register the certificate, or authenticate with a token.',
    },
  },
  LT_AUTH_SUSPENDED: {
    status: 403,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'Hệ thống này đang bị tạm dừng trên trục.', en: 'This system is suspended on the axis.' },
    advice: {
      vi: 'Liên hệ người vận hành trục để biết lý do và khôi phục kết nối.',
      en: 'Ask the operator of the axis for the reason and to resume the connection.',
    },
  },
  LT_AUTH_FOREIGN_AGENCY: {
    status: 403,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '19',
    title: {
      vi: 'Hệ thống này không được thay mặt cơ quan {agency}.',
      en: 'This system does not act for the agency {agency}.',
    },
    advice: {
      vi: 'Kiểm tra mã định danh cơ quan gửi, hoặc đề nghị người vận hành trục khai báo hệ thống cho cơ quan này.',
      en: 'Check the agency code, or have the operator of the axis declare this system for the agency.',
    },
  },
  LT_AUTH_GRANT_UNSUPPORTED: {
    status: 400,
    actor: 'sender',
    retry: 'never',
    vxpCode: '15',
    title: {
      vi: 'Trục chỉ cấp mã truy cập theo grant_type=client_credentials.',
      en: 'The axis issues tokens for grant_type=client_credentials only.',
    },
    advice: { vi: 'Đặt grant_type=client_credentials.', en: 'Set grant_type=client_credentials.' },
  },
  LT_AUTH_METHOD_UNSUPPORTED: {
    status: 400,
    actor: 'sender',
    retry: 'never',
    vxpCode: '15',
    title: {
      vi: 'Trục chỉ nhận xác thực bằng client_assertion có chữ ký (RFC 7523).',
      en: 'The axis takes a signed client_assertion (RFC 7523) and no other client authentication.',
    },
    advice: {
      vi: 'Bỏ client_secret và tiêu đề Authorization; gửi client_assertion_type loại jwt-bearer cùng client_assertion.',
      en: 'Leave out client_secret and Authorization; send client_assertion_type jwt-bearer and client_assertion.',
    },
  },
  LT_AUTH_SCOPE_INVALID: {
    status: 400,
    actor: 'sender',
    retry: 'never',
    vxpCode: '15',
    title: { vi: 'Phạm vi (scope) yêu cầu không có trên trục.', en: 'The requested scope does not exist on the axis.' },
    advice: { vi: 'Bỏ tham số scope hoặc đặt scope=exchange.', en: 'Leave scope out or set scope=exchange.' },
  },
  LT_AUTH_ASSERTION_MALFORMED: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'client_assertion không phải JWT hợp lệ.', en: 'The client_assertion is not a well-formed JWT.' },
    advice: {
      vi: 'Gửi một JWT đã ký ở dạng compact, tối đa 8 KB, có iss và sub là mã hệ thống.',
      en: 'Send one signed JWT in compact form, at most 8 KB, with the system code as iss and sub.',
    },
  },
  LT_AUTH_ASSERTION_ALGORITHM: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Thuật toán ký của client_assertion không được chấp nhận.',
      en: 'The signature algorithm of the client_assertion is not accepted.',
    },
    advice: { vi: 'Ký bằng ES256, PS256, RS256 hoặc EdDSA.', en: 'Sign with ES256, PS256, RS256 or EdDSA.' },
  },
  LT_AUTH_CLIENT_UNKNOWN: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Không khóa đã đăng ký nào xác nhận được client_assertion.',
      en: 'No registered key confirms the client_assertion.',
    },
    advice: {
      vi: 'Kiểm tra mã hệ thống, kid và khóa riêng; khóa công khai tương ứng phải được đăng ký với trục.',
      en: 'Check the system code, the kid and the private key; its public key has to be registered with the axis.',
    },
  },
  LT_AUTH_ASSERTION_EXPIRED: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'client_assertion đã hết hạn.', en: 'The client_assertion has expired.' },
    advice: {
      vi: 'Ký một client_assertion mới cho mỗi lần xin mã và kiểm tra đồng hồ máy (NTP).',
      en: 'Sign a new client_assertion for each request and check the clock of the machine (NTP).',
    },
  },
  LT_AUTH_ASSERTION_CLAIM: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: {
      vi: 'Giá trị {claim} trong client_assertion không đúng quy định.',
      en: 'The claim {claim} of the client_assertion is not as required.',
    },
    advice: {
      vi: 'iss = sub = mã hệ thống; aud = đúng một địa chỉ /v1/token của trục; exp không quá 5 phút; jti mới cho mỗi lần, 8-128 ký tự.',
      en: 'iss = sub = system code; aud = only the /v1/token address of the axis; exp at most 5 minutes ahead; a new jti of 8-128 characters each time.',
    },
  },
  LT_AUTH_ASSERTION_REPLAYED: {
    status: 401,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'client_assertion này đã được dùng.', en: 'This client_assertion has been used before.' },
    advice: {
      vi: 'Ký một client_assertion mới với jti mới cho mỗi lần xin mã truy cập.',
      en: 'Sign a new client_assertion with a new jti for each token request.',
    },
  },
})
