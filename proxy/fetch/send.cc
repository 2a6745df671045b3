// connect and send: a connection from the pool, then the request in weir's own framing, its body as fast as the origin
// takes it. A body that ends early closes the connection without a last chunk (hostile.md 6).
#include <utility>

#include "proxy/fetch/fetch.h"

namespace weir {
namespace {

void allow_as_route_says(Fetch& f) {
  const RouteTimeouts& timeouts = f.route.timeouts;
  const UpstreamOptions& upstream = f.pool().upstream().options();
  f.connection->allow(timeouts.first_byte.value_or(upstream.first_byte_timeout),
                      timeouts.between_bytes.value_or(upstream.between_bytes_timeout));
}

Next connect(Fetch& f) {
  const bool fresh = f.attempts > 0;
  ++f.attempts;
  f.step_ = &kSend;
  f.acquiring = f.pool().acquire(
      {.key_hash = f.key.digest.low, .tried = f.tried, .same = f.same, .fresh = fresh, .alone = !f.upgrade.empty()},
      [&f](Result<std::unique_ptr<OriginConnection>> got, const OriginServer& server) {
        f.acquiring.done();
        if (!got && got.error().code == Code::refused && f.attempts < 2 && f.pool().upstream().servers().size() > 1) {
          f.tried = &server;  // nothing was sent: another one may be there
          f.step_ = &kConnect;
          return f.advance();
        }
        if (!got) return f.fail(std::move(got).error());
        f.connection = std::move(got).value();
        f.connection->begin(f, f.request.method);
        allow_as_route_says(f);
        f.counters().fetches.add();
        f.when.sent = f.worker.loop.now();
        f.advance();
      });
  return Next::wait;
}

Result<void> write_head(Fetch& f) {
  const H1RequestLine line{f.request.method_text, f.target, f.request.authority, f.upgrade};
  const Framing framing = f.upload ? f.request.framing : Framing::none;
  return f.connection->send_head(line, f.to_origin, framing, f.request.content_length);
}

// Moves what waits of the upload to the connection.
void pass_on_upload(Fetch& f) {
  f.connection->send_content(f.upload->take());
  if (f.upload->end() == Upload::End::whole && f.upload->empty()) {
    f.connection->end_content(f.upload->trailers());
    f.upload_over = true;
  }
}

std::optional<Error> upload_error(const Upload& upload) {
  switch (upload.end()) {
    case Upload::End::broken: return Error{Side::client, Code::closed, "the request's body broke off"};
    case Upload::End::malformed: return Error{Side::client, Code::malformed, "the request's body is malformed"};
    case Upload::End::too_large:
      return Error{Side::client, Code::too_large, "the request's body is larger than this route takes"};
    case Upload::End::open:
    case Upload::End::whole: break;
  }
  return std::nullopt;
}

Next send(Fetch& f) {
  if (!f.connection) return Next::wait;
  if (!std::exchange(f.head_sent, true)) {
    if (auto written = write_head(f); !written) {
      f.fail(std::move(written).error());
      return Next::wait;
    }
  }
  while (f.upload && !f.upload_over) {
    if (auto error = upload_error(*f.upload)) {
      f.fail(std::move(*error));
      return Next::wait;
    }
    if (!f.connection->flush()) return Next::wait;
    if (f.upload->empty() && f.upload->end() == Upload::End::open) {
      f.upload->wanted();
      return Next::wait;  // on_data comes
    }
    pass_on_upload(f);
    f.upload->taken();
  }
  if (!f.connection->flush()) return Next::wait;
  f.connection->request_written();
  f.step_ = &kReceive;
  return Next::run;
}

}  // namespace

const FetchStep kConnect{"connect", connect};
const FetchStep kSend{"send", send};

}  // namespace weir
