// Reloading: the new file is checked whole before anything changes; then every worker takes the new snapshot between
// two requests. What runs goes on under the old one. The cache and the connections live on.
#include <chrono>
#include <utility>

#include "proxy/base/countdown.h"
#include "proxy/server/server.h"

namespace weir {
namespace {

// Who asked for a reload may rely on it from then on. A worker that is busy for longer gets there later.
constexpr auto kTakenWithin = std::chrono::milliseconds(1000);

UpstreamOptions options_of(const UpstreamConfig& config) {
  UpstreamOptions options;
  options.name = config.name;
  for (const OriginUrl& url : config.servers) {
    options.servers.push_back({url.text(), url.host, url.port, url.path, url.tls});
  }
  options.protocol = static_cast<UpstreamOptions::Protocol>(config.protocol);
  options.tls = {config.tls_context, config.tls_or_default().server_name};
  switch (config.balance) {
    case Balance::round_robin: options.balance = UpstreamOptions::Balance::round_robin; break;
    case Balance::least_conn: options.balance = UpstreamOptions::Balance::least_conn; break;
    case Balance::hash: options.balance = UpstreamOptions::Balance::hash; break;
  }
  options.max_connections = config.connections.max;
  options.queue = config.connections.queue;
  options.queue_timeout = config.connections.queue_timeout;
  options.connect_timeout = config.timeouts.connect;
  options.first_byte_timeout = config.timeouts.first_byte;
  options.between_bytes_timeout = config.timeouts.between_bytes;
  return options;
}

std::string log_target(const AccessLogConfig& config) {
  switch (config.kind) {
    case AccessLogConfig::Kind::off: return {};
    case AccessLogConfig::Kind::standard_output: return "stdout";
    case AccessLogConfig::Kind::file: return config.path;
  }
  return {};
}

std::string diagnostics_text(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& one : diagnostics) text.append(text.empty() ? "" : "\n").append(one.text());
  return text;
}

// What is said of Redis and of the database, as one text to compare.
std::string shared_part(const Config& config) {
  std::string text;
  const auto add = [&](std::string_view part) { text.append(part).push_back('\n'); };
  if (const auto& redis = config.cache.redis) {
    for (const Secret& url : redis->url) add(url.text);
    add(redis->prefix);
    add(redis->ca_file);
    add(redis->secret.text);
    for (const auto n : {static_cast<std::uint64_t>(redis->timeout.count()), redis->compress_above,
                         std::uint64_t{redis->verify}, std::uint64_t{redis->replicas}})
      add(std::to_string(n));
  }
  const InvalidationConfig& invalidation = config.invalidation;
  add(std::to_string(invalidation.lease.count()));
  add(std::to_string(static_cast<int>(invalidation.cut_off)));
  add(invalidation.postgres.url.text);
  add(std::to_string(static_cast<int>(invalidation.postgres.mode)));
  add(invalidation.postgres.schema);
  add(invalidation.postgres.reader);
  return text;
}

// What only a restart changes.
std::string needs_restart(const Config& now, const Config& next) {
  std::string names;
  const auto add = [&](bool differs, const char* name) {
    if (differs) names.append(names.empty() ? "" : ", ").append(name);
  };
  bool listeners = now.listen.size() != next.listen.size();
  for (std::size_t i = 0; !listeners && i < now.listen.size(); ++i) {
    listeners = now.listen[i].address.text() != next.listen[i].address.text();
  }
  add(listeners, "listen");
  add(now.admin.address.text() != next.admin.address.text(), "admin.address");
  add(now.workers != next.workers, "workers");
  add(now.cache.memory != next.cache.memory, "cache.memory");
  add(shared_part(now) != shared_part(next), "cache.redis and invalidation");
  return names;
}

// Of the ports that were opened at the start, each as the new file has it. One that is no more in it stays as it was
// until the next start. Several with the same text (port 0) are told apart by their order.
std::vector<ListenerRules> listener_rules(const Config& opened, const Prepared& next, const Snapshot* now) {
  std::vector<ListenerRules> rules;
  std::vector<bool> taken(next.config->listen.size());
  for (std::size_t i = 0; i < opened.listen.size(); ++i) {
    const std::string name = opened.listen[i].address.text();
    std::size_t same = 0;
    while (same < taken.size() && (taken[same] || next.config->listen[same].address.text() != name)) ++same;
    if (same == taken.size()) {
      rules.push_back(now != nullptr ? now->listeners[i] : ListenerRules{name, nullptr, {}});
      continue;
    }
    taken[same] = true;
    rules.push_back({name, next.tls[same], next.config->listen[same].proxy_protocol});
  }
  return rules;
}

std::optional<TrustedProxies> trusted_proxies(const ClientConfig& config) {
  if (config.trusted_proxies.empty()) return std::nullopt;
  TrustedProxies trusted{{}, config.address_from};
  for (const AddressRange& one : config.trusted_proxies) trusted.proxies.push_back(one.range);
  return trusted;
}

// At every start and reload: nobody shall forget it.
void say_unverified(const Upstream& upstream) {
  for (const auto& server : upstream.servers()) {
    if (!server->unverified()) continue;
    report("upstream " + upstream.options().name + ": " + server->options().text +
           " may be anybody: its certificate is not verified (tls.verify: false)");
  }
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Server::make_snapshot(const Prepared& prepared) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = prepared.config;
  snapshot->routes = prepared.routes;
  snapshot->generation = ++generation_;
  for (const UpstreamConfig& config : prepared.config->upstreams) {
    UpstreamOptions options = options_of(config);
    std::shared_ptr<Upstream> upstream;
    for (const auto& old : snapshot_ ? snapshot_->upstreams : std::vector<std::shared_ptr<Upstream>>{}) {
      if (old->options() == options) upstream = old;
    }
    if (!upstream) {
      upstream = std::make_shared<Upstream>(std::move(options));
      upstream->resolve();
    }
    say_unverified(*upstream);
    snapshot->upstreams.push_back(std::move(upstream));
  }
  snapshot->listeners = listener_rules(*config_, prepared, snapshot_.get());
  snapshot->trusted_proxies = trusted_proxies(prepared.config->client);
  const std::string target = log_target(prepared.config->access_log);
  if (snapshot_ && snapshot_->access_log && snapshot_->access_log->target() == target) {
    snapshot->access_log = snapshot_->access_log;
  } else if (!target.empty()) {
    auto log = LineLog::open(target);
    if (!log) return std::move(log).error();
    snapshot->access_log = std::move(*log);
  }
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

void Server::swap(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  names_.watch(snapshot_->upstreams);
  const auto taken = std::make_shared<Countdown>(workers_.size());
  for (auto& worker : workers_) worker->use(snapshot_, [taken] { taken->done(); });
  if (ready_) taken->wait(kTakenWithin);
}

Result<std::string> Server::reload() {
  if (!reread_) return Error{Side::config, Code::unsupported, "weir runs without a config file"};
  const Prepared prepared = reread_();
  if (!prepared.ok() || has_expired(prepared.diagnostics))
    return Error{Side::config, Code::malformed, diagnostics_text(prepared.diagnostics)};
  auto next = make_snapshot(prepared);
  if (!next) return std::move(next).error();
  swap(*next);
  std::string summary = std::to_string(snapshot_->routes->routes().size()) + " routes, " +
                        std::to_string(snapshot_->upstreams.size()) + " upstreams, generation " +
                        std::to_string(snapshot_->generation);
  const std::string later = needs_restart(*config_, *snapshot_->config);
  if (!later.empty()) summary.append("; at the next start only: ").append(later);
  return summary;
}

}  // namespace weir
