// nghttp2's side of H2OriginCodec: the session, and what it calls. Only for h2_origin_codec.cc.
#pragma once

#include <nghttp2/nghttp2.h>

#include "proxy/http/h2_origin_codec.h"

namespace weir {

struct H2OriginCodec::Callbacks {
  static nghttp2_session* make_session(H2OriginCodec* codec, std::uint32_t hoped);
  static nghttp2_data_provider provider();  // of content, by H2OriginCodec::fill

 private:
  static nghttp2_session_callbacks* make_table();
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* self) noexcept;
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept;
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                       std::uint8_t, void* self) noexcept;
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf*, nghttp2_rcbuf*,
                               std::uint8_t, void* self) noexcept;
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept;
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int why, void* self) noexcept;
  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int why, void* self) noexcept;
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes, std::size_t count,
                     void* self) noexcept;
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* self) noexcept;
  static void on_reset(H2OriginCodec& codec, const nghttp2_frame& frame);
  static ssize_t read(nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t room, std::uint32_t* flags,
                      nghttp2_data_source*, void* self) noexcept;
};

}  // namespace weir
