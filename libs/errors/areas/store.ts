import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_STORE_…`: the truth cannot be reached or is not fit to be trusted. */
export const storeErrors = defineErrors({
  LT_STORE_UNAVAILABLE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Trục chưa ghi nhận được yêu cầu vào lúc này.', en: 'The axis cannot record the request right now.' },
    advice: {
      vi: 'Gửi lại nguyên yêu cầu sau thời gian ghi trong Retry-After; gửi lại không tạo văn bản thứ hai.',
      en: 'Send the same request again after Retry-After; repeating it never makes a second document.',
    },
  },
  LT_STORE_UNSAFE_SETTING: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Cơ sở dữ liệu chạy với thiết lập {setting} = {value}, không bảo đảm an toàn dữ liệu.',
      en: 'The database runs with {setting} = {value}, which does not keep data safe.',
    },
    advice: {
      vi: 'Bật lại {setting} rồi khởi động lại dịch vụ.',
      en: 'Turn {setting} on and start the service again.',
    },
  },
  LT_STORE_CLOCK_SKEW: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Đồng hồ của máy chủ và của cơ sở dữ liệu lệch nhau quá một giây.',
      en: 'The clocks of this server and of the database differ by more than a second.',
    },
    advice: {
      vi: 'Kiểm tra đồng bộ thời gian (NTP) trên cả hai máy.',
      en: 'Check time synchronisation (NTP) on both machines.',
    },
  },
  LT_STORE_NO_PARTITION: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: {
      vi: 'Bảng {table} chưa có phân vùng cho tháng tới.',
      en: 'Table {table} has no partition for the coming month.',
    },
    advice: {
      vi: 'Kiểm tra dịch vụ định tuyến có đang chạy không: dịch vụ này tạo phân vùng trước.',
      en: 'See whether the routing service runs: it makes partitions ahead.',
    },
  },
  LT_STORE_MONTH_IN_USE: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Tháng {month} chưa thể cất đi hoặc lấy lại: {reason}.',
      en: 'Month {month} cannot be put away or brought back: {reason}.',
    },
    advice: {
      vi: 'Chỉ cất tháng đã qua, các tháng trước đã cất, mọi lượt gửi đã đóng, nội dung đã xóa và không bị giữ; xem bằng lienthong partitions và lienthong trace.',
      en: 'A month goes when it is over, those before it are away, and all its dispatches are closed, deleted and not held; see lienthong partitions and lienthong trace.',
    },
  },
  LT_STORE_SCHEMA_MISMATCH: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Cơ sở dữ liệu có bản nâng cấp {migration} mà chương trình này không biết.',
      en: 'The database holds migration {migration}, which this program does not know.',
    },
    advice: { vi: 'Chạy phiên bản chương trình mới hơn.', en: 'Run a newer version of the program.' },
  },
  LT_STORE_DISK_FULL: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Kho nội dung của trục đã hết chỗ.', en: 'The content store of the axis has no room left.' },
    advice: {
      vi: 'Gửi lại sau thời gian ghi trong Retry-After. Người vận hành cần giải phóng hoặc thêm dung lượng đĩa.',
      en: 'Send again after Retry-After. The operator has to free or add disk space.',
    },
  },
  LT_STORE_NOT_WRITABLE: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Không ghi được vào thư mục nội dung {folder}.',
      en: 'The content folder {folder} cannot be written.',
    },
    advice: {
      vi: 'Cấp quyền ghi cho thư mục này rồi khởi động lại dịch vụ.',
      en: 'Give the service write access to this folder and start it again.',
    },
  },
  LT_STORE_CONTENT_MISSING: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Không tìm thấy nội dung {path} trong kho của trục.',
      en: 'Content {path} is not in the store of the axis.',
    },
    advice: {
      vi: 'Báo cho người vận hành trục để khôi phục nội dung từ bản sao lưu.',
      en: 'Tell the operator of the axis, who has to restore the content from a backup.',
    },
  },
  LT_STORE_CONTENT_DAMAGED: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Nội dung {path} trong kho của trục không còn khớp mã băm.',
      en: 'Content {path} in the store of the axis no longer has its digest.',
    },
    advice: {
      vi: 'Báo cho người vận hành trục để khôi phục nội dung từ bản sao lưu; không dùng các byte đã nhận.',
      en: 'Tell the operator of the axis, who has to restore the content from a backup; do not use the bytes received.',
    },
  },
})
