import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_CLIENT_…`: raised by the SDK in the agency's own system, never by the axis. */
export const clientErrors = defineErrors({
  LT_CLIENT_UNREACHABLE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Không kết nối được tới trục tại {address}.', en: 'The axis at {address} cannot be reached.' },
    advice: {
      vi: 'Kiểm tra địa chỉ và đường truyền rồi thử lại; gửi lại cùng nội dung không tạo văn bản thứ hai.',
      en: 'Check the address and the line, then try again; sending the same content again never makes a second document.',
    },
  },
  LT_CLIENT_ANSWER_UNREADABLE: {
    status: 502,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Không đọc được trả lời từ {address} (HTTP {status}).',
      en: 'The answer from {address} cannot be read (HTTP {status}).',
    },
    advice: {
      vi: 'Kiểm tra địa chỉ có đúng là trục liên thông không và có máy chủ trung gian nào trả lời thay không.',
      en: 'Check that the address is that of the axis and that no server in between answers in its place.',
    },
  },
  LT_CLIENT_CONTENT_DAMAGED: {
    status: 502,
    actor: 'axis',
    retry: 'later',
    vxpCode: '21',
    title: {
      vi: 'Phần {part} tải về không khớp mã băm đã báo.',
      en: 'Part {part} as fetched does not have the announced digest.',
    },
    advice: {
      vi: 'Tải lại phần này; văn bản chưa được báo nhận nên vẫn còn trong hộp thư.',
      en: 'Fetch it again; the document was not acknowledged and is still in the mailbox.',
    },
  },
  LT_CLIENT_KEY_UNFIT: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '15',
    title: { vi: 'Không dùng được khóa riêng: {reason}.', en: 'The private key cannot be used: {reason}.' },
    advice: {
      vi: 'Dùng khóa riêng EC P-256, RSA từ 2048 bit hoặc Ed25519, dạng PEM (PKCS#8) hoặc JWK.',
      en: 'Use a private key on EC P-256, RSA of at least 2048 bits, or Ed25519, as PEM (PKCS#8) or JWK.',
    },
  },
  LT_CLIENT_FILE_UNREADABLE: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: { vi: 'Không đọc được tệp {file}.', en: 'The file {file} cannot be read.' },
    advice: {
      vi: 'Kiểm tra đường dẫn và quyền đọc của tệp.',
      en: 'Check the path and the read permission of the file.',
    },
  },
  LT_CLIENT_FOLDER_UNUSABLE: {
    status: 500,
    actor: 'receiver',
    retry: 'after-fix',
    vxpCode: '20',
    title: { vi: 'Không ghi được vào thư mục {folder}.', en: 'The folder {folder} cannot be written.' },
    advice: {
      vi: 'Kiểm tra quyền ghi và dung lượng đĩa còn trống.',
      en: 'Check the write permission and the room left on the disk.',
    },
  },
})
