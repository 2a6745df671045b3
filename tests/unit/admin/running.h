// A node with a config and the services of an admin endpoint, without workers, sockets or upstream traffic: for the
// tests of the admin calls.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "filters/all.h"
#include "proxy/admin/api.h"
#include "proxy/cache/key.h"
#include "proxy/route/compile.h"

namespace weir::test {

inline constexpr std::string_view kTestConfig = R"(
upstreams:
  api:
    servers: [ "http://127.0.0.1:3000", "http://127.0.0.1:3001" ]
routes:
  - name: search
    match: GET /search
    key: { query: [q] }
    cache: { ttl: 1m }
  - name: video
    match: GET /api/videos/{id}
    cache: { ttl: 1h }
    tags: [ "video:${id}" ]
  - name: rest
    match: /
    cache: origin
)";

class Running {
 public:
  explicit Running(std::string_view admin = "")
      : prepared_(prepare_text("weir.yaml", std::string(admin) + std::string(kTestConfig), all_filters())) {
    WEIR_CHECK(prepared_.ok());
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->config = prepared_.config;
    snapshot->routes = prepared_.routes;
    snapshot->generation = 1;
    UpstreamOptions options;
    options.name = "api";
    for (const std::uint16_t port : {std::uint16_t{3000}, std::uint16_t{3001}}) {
      UpstreamOptions::Server server;
      server.text = "http://127.0.0.1:" + std::to_string(port);
      server.host = "127.0.0.1";
      server.port = port;
      options.servers.push_back(std::move(server));
    }
    snapshot->upstreams.push_back(std::make_shared<Upstream>(options));
    snapshot->upstreams.front()->resolve();
    snapshot_ = std::move(snapshot);
  }

  AdminServices services() {
    return AdminServices{
        .node = node,
        .snapshot = [this] { return snapshot_; },
        .reload = [this] { return reload_result; },
        .ready = [this] { return !node.draining.load(); },
        .warm_one =
            [this](std::string url, Callback<void(WarmResult)> done) {
              fetches.push_back({std::move(url), std::move(done)});
              return Operation();
            },
        .sharing = {},
        .database = {},
        .public_authority = [] { return std::string("localhost:8080"); },
    };
  }

  // The answer to a call from this machine.
  AdminReply call(std::string_view method, std::string_view target, std::string body = "") {
    AdminRequest request;
    request.method = method_of(method);
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    request.authority = "127.0.0.1:9090";
    request.has_body = !body.empty();
    if (request.has_body) request.content_type = "application/json";
    request.body = std::move(body);
    return call(request);
  }

  AdminReply call(const AdminRequest& request) {
    std::optional<AdminReply> answered;
    api.handle(request, [&](AdminReply reply) { answered = std::move(reply); });
    WEIR_CHECK(answered.has_value());
    return *std::move(answered);
  }

  // Stores a copy of "host/path?query", keyed by the fields beside it.
  std::shared_ptr<Object> store(std::string_view host, std::string_view target, const KeySpec& spec = {},
                                const Fields& fields = {}) {
    Arena arena;
    RequestHead head;
    head.authority = host;
    const auto question = target.find('?');
    head.path = target.substr(0, question);
    head.has_query = question != std::string_view::npos;
    if (head.has_query) head.query = target.substr(question + 1);
    head.fields = fields;
    auto object = std::make_shared<Object>();
    object->key = make_key(spec, head, arena).bytes;
    object->digest = hash128(object->key);
    object->head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    object->body = std::make_shared<const Body>();
    object->life.received = MonotonicClock::now();
    object->life.fresh_for = std::chrono::hours(1);
    object->position = node.rules.head();
    WEIR_CHECK(node.store.put(object, 16));
    return object;
  }

  struct Fetch {
    std::string url;
    Callback<void(WarmResult)> done;
  };

  Node node{16_MiB, 1};
  std::deque<Fetch> fetches;  // what warm_one was asked for
  Result<std::string> reload_result = std::string("3 routes");

 private:
  Prepared prepared_;
  std::shared_ptr<const Snapshot> snapshot_;

 public:
  AdminApi api{services()};
};

}  // namespace weir::test
