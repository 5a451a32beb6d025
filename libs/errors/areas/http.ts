import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_HTTP_…`: the request itself, before anything about documents was looked at. */
export const httpErrors = defineErrors({
  LT_HTTP_INVALID_REQUEST: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Trường {field} của yêu cầu không hợp lệ.', en: 'The field {field} of the request is not valid.' },
    advice: {
      vi: 'Sửa trường này theo mô tả OpenAPI rồi gửi lại; mục detail nói rõ điều chưa đúng.',
      en: 'Correct this field as the OpenAPI description says and send again; detail names what is wrong.',
    },
  },
  LT_HTTP_MALFORMED: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Yêu cầu không đúng giao thức HTTP.', en: 'The request is not well-formed HTTP.' },
    advice: {
      vi: 'Kiểm tra thư viện HTTP hoặc máy chủ trung gian: địa chỉ, tiêu đề và độ dài thân phải đúng RFC 9112.',
      en: 'Check the HTTP library or the proxy in between: address, headers and body length must follow RFC 9112.',
    },
  },
  LT_HTTP_NOT_FOUND: {
    status: 404,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: { vi: 'Địa chỉ này không có trên trục.', en: 'The axis has nothing at this address.' },
    advice: {
      vi: 'Kiểm tra đường dẫn với mô tả OpenAPI của trục.',
      en: 'Check the path against the OpenAPI description of the axis.',
    },
  },
  LT_HTTP_METHOD_NOT_ALLOWED: {
    status: 405,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: {
      vi: 'Địa chỉ này không nhận phương thức {method}; chỉ nhận {allowed}.',
      en: 'This address does not take the method {method}, only {allowed}.',
    },
    advice: { vi: 'Dùng một phương thức nêu trong tiêu đề Allow.', en: 'Use a method named in the Allow header.' },
  },
  LT_HTTP_TIMEOUT: {
    status: 408,
    actor: 'sender',
    retry: 'later',
    vxpCode: '22',
    title: {
      vi: 'Yêu cầu đến quá chậm nên trục đã ngừng đọc.',
      en: 'The request came too slowly; the axis stopped reading it.',
    },
    advice: {
      vi: 'Gửi lại nguyên yêu cầu; nếu lặp lại, kiểm tra đường truyền và máy chủ trung gian.',
      en: 'Send the same request again; if this repeats, check the line and the proxies in between.',
    },
  },
  LT_HTTP_BODY_TOO_LARGE: {
    status: 413,
    actor: 'sender',
    retry: 'never',
    vxpCode: '10',
    title: { vi: 'Thân yêu cầu vượt quá {limit} byte.', en: 'The body of the request is larger than {limit} bytes.' },
    advice: {
      vi: 'Gửi nội dung nhỏ hơn, hoặc chuyển tệp lớn thành phần đính kèm riêng của multipart.',
      en: 'Send less, or move large files into detached parts of a multipart request.',
    },
  },
  LT_HTTP_URI_TOO_LONG: {
    status: 414,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: { vi: 'Một phần của địa chỉ quá dài.', en: 'A part of the address is too long.' },
    advice: {
      vi: 'Kiểm tra mã hoặc định danh đặt trong đường dẫn.',
      en: 'Check the code or identifier that stands in the path.',
    },
  },
  LT_HTTP_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Địa chỉ này không nhận kiểu nội dung hoặc kiểu nén đã khai báo.',
      en: 'This address does not take the declared content type or content encoding.',
    },
    advice: {
      vi: 'Đặt Content-Type theo mô tả OpenAPI và không nén thân yêu cầu.',
      en: 'Set Content-Type as the OpenAPI description says, and do not compress the body.',
    },
  },
  LT_HTTP_BODY_MALFORMED: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Không đọc được thân yêu cầu theo kiểu nội dung đã khai báo.',
      en: 'The body cannot be read as the declared content type.',
    },
    advice: {
      vi: 'Kiểm tra cú pháp và bảng mã UTF-8 của thân yêu cầu.',
      en: 'Check the syntax of the body and that it is UTF-8.',
    },
  },
  LT_HTTP_BODY_INCOMPLETE: {
    status: 400,
    actor: 'sender',
    retry: 'later',
    vxpCode: '10',
    title: {
      vi: 'Kết nối bị ngắt trước khi trục nhận đủ thân yêu cầu.',
      en: 'The connection broke before the whole body had arrived.',
    },
    advice: {
      vi: 'Gửi lại nguyên yêu cầu; phần đã nhận không được lưu.',
      en: 'Send the same request again; nothing of what arrived was kept.',
    },
  },
  LT_HTTP_MULTIPART_BROKEN: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: { vi: 'Thân multipart không hợp lệ: {reason}.', en: 'The multipart body is not valid: {reason}.' },
    advice: {
      vi: 'Gửi phần envelope trước, mỗi tệp một phần, dạng nhị phân, kết thúc bằng dấu phân cách cuối (RFC 2046).',
      en: 'Send the part envelope first, one part per file, binary, closed by the final boundary (RFC 2046).',
    },
  },
  LT_HTTP_MULTIPART_LIMIT: {
    status: 413,
    actor: 'sender',
    retry: 'never',
    vxpCode: '10',
    title: {
      vi: 'Thân multipart vượt giới hạn {limit} ({what}).',
      en: 'The multipart body exceeds the limit of {limit} ({what}).',
    },
    advice: {
      vi: 'Giảm số phần hoặc kích thước của phần vượt giới hạn.',
      en: 'Send fewer parts, or make the part that exceeds the limit smaller.',
    },
  },
  LT_HTTP_TOO_MANY_STREAMS: {
    status: 429,
    actor: 'sender',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Hệ thống đang mở {limit} luồng sự kiện, là số nhiều nhất được phép.',
      en: 'This system has {limit} event streams open, which is the limit.',
    },
    advice: {
      vi: 'Đóng các luồng không còn đọc; một luồng báo cho mọi cơ quan của hệ thống.',
      en: 'Close streams nobody reads; one stream tells of all agencies of the system.',
    },
  },
  LT_HTTP_TOO_MANY_REQUESTS: {
    status: 429,
    actor: 'sender',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Quá nhiều yêu cầu trong một khoảng thời gian.', en: 'Too many requests in a short time.' },
    advice: {
      vi: 'Chờ hết thời gian ghi trong Retry-After rồi gửi tiếp với nhịp thấp hơn.',
      en: 'Wait as Retry-After says, then go on at a lower pace.',
    },
  },
  LT_HTTP_HEADERS_TOO_LARGE: {
    status: 431,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: { vi: 'Tiêu đề của yêu cầu quá lớn.', en: 'The headers of the request are too large.' },
    advice: {
      vi: 'Bỏ bớt tiêu đề; dữ liệu của văn bản đặt trong thân yêu cầu.',
      en: 'Send fewer headers; data of the document belongs into the body.',
    },
  },
  LT_HTTP_INTERNAL: {
    status: 500,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Trục gặp lỗi bên trong.', en: 'The axis met an internal fault.' },
    advice: {
      vi: 'Gửi lại sau; nếu lặp lại, báo cho người vận hành trục kèm traceId.',
      en: 'Send again later; if it repeats, tell the operator of the axis the traceId.',
    },
  },
  LT_HTTP_OVERLOADED: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Trục đang quá tải.', en: 'The axis is overloaded.' },
    advice: {
      vi: 'Gửi lại nguyên yêu cầu sau thời gian ghi trong Retry-After.',
      en: 'Send the same request again after Retry-After.',
    },
  },
  LT_HTTP_STOPPING: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Tiến trình này của trục đang dừng.', en: 'This process of the axis is stopping.' },
    advice: {
      vi: 'Mở kết nối mới và gửi lại nguyên yêu cầu sau thời gian ghi trong Retry-After.',
      en: 'Open a new connection and send the same request again after Retry-After.',
    },
  },
})
