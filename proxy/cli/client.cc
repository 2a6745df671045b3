// A small HTTP/1.1 client for the admin endpoint; see client.h. Host is the address that was connected to, so that an
// endpoint may be named by DNS: the check against rebinding is for browsers.
#include "proxy/cli/client.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>

#include "proxy/base/text.h"
#include "proxy/base/units.h"
#include "proxy/cli/json.h"
#include "proxy/http/h1_codec.h"
#include "proxy/net/stream.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kConnectTime = std::chrono::seconds(3);
constexpr auto kAnswerTime = std::chrono::seconds(100);  // longer than any wait that a call may ask for
constexpr Size kMostAnswer = 64_MiB;

Error trouble(std::string detail) {
  return Error{Side::internal, Code::unavailable, std::move(detail)};
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// One connection: everything on it happens before its deadline.
class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}
  ~Wire() { ::close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void allow(Clock::duration time) { deadline_ = Clock::now() + time; }

  Result<void> connected() {
    if (auto waited = wait(POLLOUT); !waited) return waited;
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return trouble(std::strerror(error));
    return {};
  }

  Result<void> send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (auto waited = wait(POLLOUT); !waited) return waited;
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return trouble(std::strerror(errno));
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
  }

  // Appends what has come; false at the end of the stream.
  Result<bool> receive(std::string& into) {
    for (;;) {
      if (auto waited = wait(POLLIN); !waited) return waited.error();
      std::array<char, 16384> bytes;
      const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
      if (got < 0 && errno != EAGAIN && errno != EINTR) return trouble(std::strerror(errno));
      if (got >= 0) {
        into.append(bytes.data(), static_cast<std::size_t>(got));
        return got > 0;
      }
    }
  }

 private:
  Result<void> wait(short what) {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
      pollfd watched{fd_, what, 0};
      const int ready = ::poll(&watched, 1, static_cast<int>(std::max<long>(left, 0)));
      if (ready > 0) return {};
      if (ready == 0) return trouble("no answer in time");
      if (errno != EINTR) return trouble(std::strerror(errno));
    }
  }

  const int fd_;
  Clock::time_point deadline_{};
};

struct Answer {
  int status = 0;
  std::string body;
};

Result<Answer> read_answer(Wire& wire) {
  const H1Limits limits;
  H1ResponseParser parser(limits);
  parser.next_message(Method::get);
  Answer answer;
  std::string in;
  for (;;) {
    std::size_t consumed = 0;
    H1Event event = parser.next(in, consumed);
    if (event == H1Event::head) answer.status = parser.head().status;
    if (event == H1Event::body) answer.body.append(parser.body());
    in.erase(0, consumed);
    if (answer.body.size() > kMostAnswer) return trouble("the answer is too large");
    if (event == H1Event::need_more) {
      const auto more = wire.receive(in);
      if (!more) return more.error();
      if (!*more) event = parser.end_of_stream();
    }
    if (event == H1Event::error) return trouble(parser.error().detail);
    if (event == H1Event::end && answer.status >= 200) return answer;
    if (event == H1Event::end) parser.next_message(Method::get);  // an interim one
  }
}

Result<Answer> ask_once(const Address& address, std::string_view request) {
  const auto fd = begin_connect(address);
  if (!fd) return fd.error();
  Wire wire(*fd);
  wire.allow(kConnectTime);
  if (auto done = wire.connected(); !done) return done.error();
  wire.allow(kAnswerTime);
  if (auto done = wire.send(request); !done) return done.error();
  return read_answer(wire);
}

// {"error":"why"}, else as much of the body as fits a line.
std::string reason_in(const Answer& answer) {
  if (const auto json = JsonValue::parse(answer.body)) {
    if (auto why = json->text("error"); !why.empty()) return why;
  }
  return printable(std::string_view(answer.body).substr(0, 200));
}

}  // namespace

Result<AdminClient> AdminClient::from(const Arguments& arguments) {
  std::string url = arguments.value("admin").value_or(variable("WEIR_ADMIN"));
  if (url.empty()) url = "http://127.0.0.1:9090";
  auto place = parse_origin_url(url);
  if (!place) return Error{Side::client, Code::malformed, "--admin: " + place.error().detail};
  if (place->tls || place->host.empty()) return Error{Side::client, Code::malformed, "--admin: http:// only"};
  return AdminClient(std::move(url), *std::move(place), variable("WEIR_ADMIN_TOKEN"));
}

Result<std::string> AdminClient::ask(std::string_view method, std::string_view target,
                                     std::string_view json_body) const {
  const auto addresses = resolve_blocking(place_.host, place_.port);
  if (!addresses) return trouble(url_ + ": " + addresses.error().detail);
  std::string why = "no address";
  for (const auto& address : *addresses) {
    Fields fields;
    const std::string bearer = "Bearer " + token_;
    const std::string host = address.text();
    if (!token_.empty()) fields.add(Name::authorization, bearer);
    if (!json_body.empty()) fields.add("Content-Type", "application/json");
    fields.add("Accept", "application/json");
    std::string request;
    auto written = write_h1_request(request, {method, target, host}, fields,
                                    json_body.empty() ? Framing::none : Framing::length, json_body.size());
    if (!written) return trouble("WEIR_ADMIN_TOKEN can't stand in a header: " + written.error().detail);
    request.append(json_body);
    const auto answer = ask_once(address, request);
    if (!answer) {
      why = answer.error().detail;
      continue;
    }
    if (answer->status >= 200 && answer->status < 300) return answer->body;
    return trouble(std::to_string(answer->status) + ": " + reason_in(*answer));
  }
  return trouble("can't ask " + url_ + ": " + why);
}

int failed(std::string_view call, std::string_view why) {
  std::fprintf(stderr, "weir: %.*s: %.*s\n", static_cast<int>(call.size()), call.data(), static_cast<int>(why.size()),
               why.data());
  return 1;
}

int wrong_usage(std::string_view call, std::string_view why) {
  failed(call, why);
  std::fprintf(stderr, "`weir help %.*s` says more\n", static_cast<int>(call.size()), call.data());
  return 2;
}

}  // namespace weir
