// nghttp2's server session as an oracle; see nghttp2_oracle.h.
#include "tests/oracles/nghttp2_oracle.h"

#include <nghttp2/nghttp2.h>

namespace weir::test {
namespace {

struct Reading {
  OracleConnection found;
  bool goaway = false;
};

OracleStream& stream_of(void* reading, std::int32_t id) {
  return static_cast<Reading*>(reading)->found.streams[static_cast<std::uint32_t>(id)];
}

int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_length,
              const std::uint8_t* value, std::size_t value_length, std::uint8_t, void* reading) {
  OracleStream& stream = stream_of(reading, frame->hd.stream_id);
  auto& fields = frame->headers.cat == NGHTTP2_HCAT_REQUEST ? stream.head : stream.trailers;
  fields.emplace_back(std::string(reinterpret_cast<const char*>(name), name_length),
                      std::string(reinterpret_cast<const char*>(value), value_length));
  return 0;
}

int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* reading) {
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  OracleStream& stream = stream_of(reading, frame->hd.stream_id);
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) stream.has_head = true;
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream.ended = true;
  return 0;
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t length,
            void* reading) {
  stream_of(reading, id).body.append(reinterpret_cast<const char*>(data), length);
  return 0;
}

int on_send(nghttp2_session*, const nghttp2_frame* frame, void* reading) {
  if (frame->hd.type == NGHTTP2_GOAWAY) static_cast<Reading*>(reading)->goaway = true;
  return 0;
}

}  // namespace

OracleConnection nghttp2_requests(std::string_view bytes) {
  Reading reading;
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_send);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new(&session, callbacks, &reading);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry tunnels{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};  // as weir (RFC 8441)
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &tunnels, 1);
  const auto send = [&] {
    const std::uint8_t* out = nullptr;
    while (nghttp2_session_mem_send(session, &out) > 0) {}
  };
  send();
  const auto used =
      nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  send();
  reading.found.alive = used >= 0 && !reading.goaway;
  nghttp2_session_del(session);
  return std::move(reading.found);
}

}  // namespace weir::test
