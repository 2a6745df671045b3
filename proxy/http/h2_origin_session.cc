// What nghttp2 calls; see h2_origin_session.h.
#include "proxy/http/h2_origin_session.h"

#include <string>

#include "proxy/base/check.h"

namespace weir {
namespace {

std::string_view text_in(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

H2OriginCodec& codec_of(void* self) {
  return *static_cast<H2OriginCodec*>(self);
}

int result_of(bool goes_on) {
  return goes_on ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

bool ends_stream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

nghttp2_session* H2OriginCodec::Callbacks::make_session(H2OriginCodec* codec, std::uint32_t hoped) {
  static const nghttp2_session_callbacks* const table = make_table();
  nghttp2_option* option = nullptr;
  WEIR_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_peer_max_concurrent_streams(option, hoped);
  nghttp2_session* session = nullptr;
  WEIR_CHECK(nghttp2_session_client_new2(&session, table, codec, option) == 0);
  nghttp2_option_del(option);
  return session;
}

nghttp2_session_callbacks* H2OriginCodec::Callbacks::make_table() {
  nghttp2_session_callbacks* table = nullptr;
  WEIR_CHECK(nghttp2_session_callbacks_new(&table) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(table, on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(table, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback2(table, on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(table, on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table, on_invalid_frame);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(table, on_frame_not_sent);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, on_close);
  return table;
}

nghttp2_data_provider H2OriginCodec::Callbacks::provider() {
  nghttp2_data_provider provider{};
  provider.read_callback = read;
  return provider;
}

int H2OriginCodec::Callbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* self) noexcept {
  return result_of(codec_of(self).frame_begins(head->type, head->flags, head->stream_id, head->length));
}

int H2OriginCodec::Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  codec_of(self).block_begins(frame->hd.stream_id);
  return 0;
}

int H2OriginCodec::Callbacks::on_header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                                        nghttp2_rcbuf* value, std::uint8_t, void* self) noexcept {
  const bool fine = codec_of(self).field(frame->hd.stream_id, text_in(name), text_in(value));
  return fine ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// What nghttp2 would drop is a malformed answer to us.
int H2OriginCodec::Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf*,
                                                nghttp2_rcbuf*, std::uint8_t, void* self) noexcept {
  codec_of(self).lose(frame->hd.stream_id, Error{Side::origin, Code::malformed, "HTTP/2: a malformed field"}, false);
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int H2OriginCodec::Callbacks::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  H2OriginCodec& codec = codec_of(self);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS: codec.block_ends(frame->hd.stream_id, ends_stream(*frame)); break;
    case NGHTTP2_DATA:
      if (ends_stream(*frame)) {
        codec.content_ends(frame->hd.stream_id);
      } else if (frame->hd.length > 0 && frame->hd.length <= frame->data.padlen) {
        return result_of(codec.odd(Oddity::empty_data));
      }
      break;
    case NGHTTP2_RST_STREAM: on_reset(codec, *frame); break;
    case NGHTTP2_GOAWAY: codec.leaving_ = true; break;
    case NGHTTP2_SETTINGS: codec.settled_ = true; break;  // the first one, be it theirs or an ACK, is theirs
    default: break;
  }
  return 0;
}

void H2OriginCodec::Callbacks::on_reset(H2OriginCodec& codec, const nghttp2_frame& frame) {
  const std::uint32_t code = frame.rst_stream.error_code;
  const bool elsewhere = code == NGHTTP2_HTTP_1_1_REQUIRED;  // RFC 9113 §7
  codec.lose(frame.hd.stream_id,
             Error{Side::origin, elsewhere ? Code::unsupported : Code::denied,
                   std::string("HTTP/2: the origin ") + (elsewhere ? "asks for HTTP/1.1" : "reset the stream") + ": " +
                       nghttp2_http2_strerror(code)},
             elsewhere || code == NGHTTP2_REFUSED_STREAM);
}

int H2OriginCodec::Callbacks::on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int why,
                                               void* self) noexcept {
  H2OriginCodec& codec = codec_of(self);
  codec.broken_ = nghttp2_strerror(why);
  codec.note(frame->hd.stream_id, codec.broken_);
  return 0;
}

// A request that can't go out any more: the origin never saw it.
int H2OriginCodec::Callbacks::on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int why,
                                                void* self) noexcept {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  codec_of(self).lose(
      frame->hd.stream_id,
      Error{Side::origin, Code::unavailable, std::string("HTTP/2: the request was not sent: ") + nghttp2_strerror(why)},
      true);
  return 0;
}

int H2OriginCodec::Callbacks::on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                                      std::size_t count, void* self) noexcept {
  codec_of(self).content(stream, {reinterpret_cast<const char*>(bytes), count});
  return 0;
}

int H2OriginCodec::Callbacks::on_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* self) noexcept {
  codec_of(self).closed(stream, code);
  return 0;
}

ssize_t H2OriginCodec::Callbacks::read(nghttp2_session*, std::int32_t stream, std::uint8_t* into, std::size_t room,
                                       std::uint32_t* flags, nghttp2_data_source*, void* self) noexcept {
  return codec_of(self).fill(stream, {reinterpret_cast<char*>(into), room}, *flags);
}

}  // namespace weir
