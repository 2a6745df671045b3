// Reads a PostgreSQL URL by libpq's parser; see postgres_url.h.
#include "proxy/shared/postgres_url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "proxy/base/text.h"

namespace weir {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

Error wrong(std::string_view why) {
  std::string detail = "not a PostgreSQL URL";
  return Error{Side::config, Code::malformed,
               detail.append(why).append(": postgres://user:password@host:5432/database")};
}

// Lists of hosts, addresses and ports are of one length, or of one element, or empty.
std::string_view element(const std::vector<std::string_view>& list, std::size_t at) {
  if (list.empty()) return {};
  return list.size() == 1 ? list.front() : list[at];
}

Result<std::vector<PostgresTarget::Host>> hosts_of(const std::string& names, const std::string& addresses,
                                                   const std::string& ports) {
  const auto list = [](const std::string& text) {
    return text.empty() ? std::vector<std::string_view>{} : split(text, ',');
  };
  const auto name = list(names);
  const auto address = list(addresses);
  const auto port = list(ports);
  const std::size_t count = std::max({name.size(), address.size(), std::size_t{1}});
  const auto fits = [&](const auto& one) { return one.size() <= 1 || one.size() == count; };
  if (!fits(name) || !fits(address) || !fits(port)) return wrong(", with other numbers of hosts and ports");
  std::vector<PostgresTarget::Host> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    hosts.push_back({std::string(element(name, i)), std::string(element(address, i)), std::string(element(port, i))});
    const auto number = parse_number(hosts.back().port);
    if (!hosts.back().port.empty() && (!number || *number == 0 || *number > 65535)) {
      return wrong(", with a port that is none");
    }
  }
  return hosts;
}

}  // namespace

std::string PostgresTarget::Host::text() const {
  const std::string& shown = name.empty() ? address : name;
  if (shown.empty()) return "the local socket";
  if (is_socket() && !name.empty()) return printable(shown);
  const bool v6 = shown.find(':') != std::string::npos;
  return printable((v6 ? "[" + shown + "]" : shown) + ":" + (port.empty() ? "5432" : port));
}

std::string PostgresTarget::safe(std::string_view text) const {
  std::string out;
  while (!text.empty()) {
    const auto found = password.empty() ? std::string_view::npos : text.find(password);
    out.append(text.substr(0, found));
    if (found == std::string_view::npos) break;
    out.append("***");
    text.remove_prefix(found + password.size());
  }
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  std::replace(out.begin(), out.end(), '\n', ' ');
  std::replace(out.begin(), out.end(), '\t', ' ');
  return printable(out);
}

Result<PostgresTarget> parse_postgres_url(std::string_view url) {
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://")) return wrong("");
  char* said = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(PQconninfoParse(std::string(url).c_str(), &said));
  if (!parsed) {
    PQfreemem(said);  // it quotes parts of the URL, and so maybe the password
    return wrong(", as libpq reads it: a letter that should be percent-encoded, or an unknown option");
  }
  PostgresTarget target;
  std::string names;
  std::string addresses;
  std::string ports;
  for (const PQconninfoOption* one = parsed.get(); one->keyword != nullptr; ++one) {
    const std::string_view key = one->keyword;
    if (key == "password") {
      const char* const from_environment = std::getenv("PGPASSWORD");
      target.password = one->val != nullptr ? one->val : from_environment != nullptr ? from_environment : "";
    }
    if (one->val == nullptr) continue;
    if (key == "host") {
      names = one->val;
    } else if (key == "hostaddr") {
      addresses = one->val;
    } else if (key == "port") {
      ports = one->val;
    } else {
      target.options.emplace_back(key, one->val);
    }
  }
  // libpq would take it from there as well, but resolve it itself, and wait.
  const char* const host = std::getenv("PGHOST");
  if (names.empty() && addresses.empty() && host != nullptr) names = host;
  auto hosts = hosts_of(names, addresses, ports);
  if (!hosts) return std::move(hosts).error();
  target.hosts = std::move(*hosts);
  return target;
}

}  // namespace weir
