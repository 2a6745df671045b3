// The cache key; see key.h. The bytes are parts: host, path, query, then for each keyed value its kind and name and the
// value. A part is its length + 1 in four bytes (0: not there), then itself. Credentials and cookies stand in it as
// seeded digests: a key is shown and kept, what a user sent is not.
#include "proxy/cache/key.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "proxy/base/text.h"
#include "proxy/cache/query.h"
#include "proxy/coding/dictionary.h"

namespace weir {
namespace {

using Value = std::optional<std::string_view>;

constexpr std::size_t kPrefix = 4;
constexpr std::string_view kAnonymous = "anonymous";

// Writes parts into arena memory that was measured before.
class Parts {
 public:
  Parts(std::size_t size, Arena& arena) : begin_(arena.take(size)), at_(begin_) {}

  void add(Value value) {
    const auto length = value ? static_cast<std::uint32_t>(value->size() + 1) : 0;
    for (unsigned shift = 0; shift < 32; shift += 8) *at_++ = static_cast<char>(length >> shift);
    if (value) at_ = std::copy(value->begin(), value->end(), at_);
  }
  void kind(char c) { *at_++ = c; }
  std::string_view bytes() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

std::string_view hex(const Digest& digest, Arena& arena) {
  const auto digits = hex_of(digest);
  return arena.copy({digits.data(), digits.size()});
}

// The values that `for_each` calls out, with a separator that none of them holds; one value stays where it is.
template <class ForEach>
Value joined(ForEach for_each, char separator, Arena& arena) {
  std::string_view only;
  std::size_t size = 0;
  std::size_t count = 0;
  for_each([&](std::string_view value) {
    only = value;
    size += value.size() + 1;
    ++count;
  });
  if (count <= 1) return count == 1 ? Value(only) : std::nullopt;
  char* const out = arena.take(size);
  char* at = out;
  for_each([&](std::string_view value) {
    at = std::copy(value.begin(), value.end(), at);
    *at++ = separator;
  });
  return std::string_view{out, size - 1};
}

Value header_value(const Fields& fields, std::string_view name, Arena& arena) {
  const Name id = name_of(name);
  const auto for_each = [&](auto each) {
    for (const Field& field : fields) {
      const bool same = id == Name::other ? field.id == id && equals_ignoring_case(field.name, name) : field.id == id;
      if (same) each(field.value);
    }
  };
  return joined(for_each, '\n', arena);
}

template <class Each>
void for_each_cookie(const Fields& fields, Each each) {
  for (const Field& field : fields) {
    if (field.id != Name::cookie) continue;
    std::string_view left = field.value;
    while (!left.empty()) {
      const auto end = left.find(';');
      const auto cookie = trim(left.substr(0, end));
      const auto equals = cookie.find('=');
      if (equals != std::string_view::npos) each(trim(cookie.substr(0, equals)), trim(cookie.substr(equals + 1)));
      left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 1);
    }
  }
}

// All values of that name: an origin may read another one than we would.
Value cookie_values(const Fields& fields, std::string_view name, Arena& arena) {
  const auto for_each = [&](auto each) {
    for_each_cookie(fields, [&](std::string_view found, std::string_view value) {
      if (found == name) each(value);
    });
  };
  return joined(for_each, ';', arena);
}

bool is_credential(std::string_view header) {
  const Name id = name_of(header);
  return id == Name::authorization || id == Name::cookie || id == Name::proxy_authorization;
}

// What nodes share their digests by; nullopt: this process has a seed of its own. Set before there is a second thread.
std::optional<Sha256> shared_secret;

// The seed that others can know must be met by a hash that withstands who knows it: equal digests are one user.
Digest digest_of_value(std::string_view value, Arena& arena) {
  if (!shared_secret) return hash128(value);
  const std::string_view secret(reinterpret_cast<const char*>(shared_secret->data()), shared_secret->size());
  const Sha256 hash = sha256(arena.join(secret, value));
  Digest digest;
  std::memcpy(&digest.high, hash.data(), sizeof digest.high);
  std::memcpy(&digest.low, hash.data() + sizeof digest.high, sizeof digest.low);
  return digest;
}

Value digest_of(Value value, Arena& arena) {
  return value ? Value(hex(digest_of_value(*value, arena), arena)) : value;
}

struct Keyed {
  char kind;  // 'h' header, 'c' cookie, 'u' user
  std::string_view name;
  Value value;
};

// Calls each(Keyed) for what the route adds to host, path and query. Deterministic, so it may run twice: to measure, to
// write.
template <class Each>
void for_each_keyed(const KeySpec& spec, const Fields& fields, Value user, Arena& arena, Each each) {
  for (const auto& name : spec.headers) {
    const Value value = header_value(fields, name, arena);
    each(Keyed{'h', name, is_credential(name) ? digest_of(value, arena) : value});
  }
  for (const auto& name : spec.cookies) each(Keyed{'c', name, digest_of(cookie_values(fields, name, arena), arena)});
  if (spec.user) each(Keyed{'u', spec.user->name, user});
}

Value user_value(const KeySpec& spec, const Fields& fields, Arena& arena) {
  if (!spec.user) return std::nullopt;
  const bool header = spec.user->from == KeySpec::User::From::header;
  return (header ? header_value : cookie_values)(fields, spec.user->name, arena);
}

// An empty value names nobody, nor do several empty ones, joined.
bool names_a_user(Value user) {
  return user && user->find_first_not_of("\n;") != std::string_view::npos;
}

bool holds_authorization(const KeySpec& spec) {
  const auto is_authorization = [](std::string_view header) { return name_of(header) == Name::authorization; };
  if (spec.user && spec.user->from == KeySpec::User::From::header && is_authorization(spec.user->name)) return true;
  return std::any_of(spec.headers.begin(), spec.headers.end(), is_authorization);
}

Asker asker_of(const KeySpec& spec, const Fields& fields, Value user) {
  const bool named = names_a_user(user);
  if (!fields.has(Name::authorization)) return named ? Asker::user : Asker::anyone;
  return named && holds_authorization(spec) ? Asker::user : Asker::credentials;
}

std::size_t size_of(Value value) {
  return kPrefix + (value ? value->size() : 0);
}

// The part that `bytes` begin with, which is then dropped from them.
Value take_part(std::string_view& bytes) {
  std::uint32_t length = 0;
  if (bytes.size() < kPrefix) return std::nullopt;
  for (unsigned i = 0; i < kPrefix; ++i)
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
  bytes.remove_prefix(kPrefix);
  if (length == 0) return std::nullopt;
  const auto part = bytes.substr(0, length - 1);
  bytes.remove_prefix(part.size());
  return part;
}

}  // namespace

Key make_key(const KeySpec& spec, const RequestHead& request, Arena& arena) {
  const QueryForm query = query_form(spec, request.query, request.has_query, arena);
  const Value query_part = query.present ? Value(query.text) : std::nullopt;
  const Value named_user = user_value(spec, request.fields, arena);
  const Value user = digest_of(named_user, arena);
  std::size_t size = size_of(request.authority) + size_of(request.path) + size_of(query_part);
  for_each_keyed(spec, request.fields, user, arena,
                 [&](const Keyed& keyed) { size += 1 + size_of(keyed.name) + size_of(keyed.value); });

  Parts parts(size, arena);
  parts.add(request.authority);
  parts.add(request.path);
  parts.add(query_part);
  for_each_keyed(spec, request.fields, user, arena, [&](const Keyed& keyed) {
    parts.kind(keyed.kind);
    parts.add(keyed.name);
    parts.add(keyed.value);
  });
  Key key{parts.bytes(), hash128(parts.bytes()), query.text, query.present, {}, {}};
  if (spec.user) key.user = names_a_user(named_user) ? *user : kAnonymous;
  key.asker = asker_of(spec, request.fields, named_user);
  return key;
}

void share_value_digests(std::string_view secret) {
  shared_secret = sha256("weir: who the users are\n" + std::string(secret));
}

KeyParts key_parts(std::string_view key_bytes) {
  KeyParts parts;
  parts.host = take_part(key_bytes).value_or(std::string_view{});
  parts.path = take_part(key_bytes).value_or(std::string_view{});
  const Value query = take_part(key_bytes);
  parts.query = query.value_or(std::string_view{});
  parts.has_query = query.has_value();
  return parts;
}

std::string keyed_url(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.size() < scheme.size() || !equals_ignoring_case(url.substr(0, scheme.size()), scheme)) continue;
    url.remove_prefix(scheme.size());
    break;
  }
  url = url.substr(0, url.find('#'));
  const auto question = url.find('?');
  const auto slash = std::min(url.find('/'), question);
  std::string out = lower(url.substr(0, slash));
  if (slash == std::string_view::npos) return out + '/';
  out.append(url.substr(slash, question == std::string_view::npos ? question : question - slash));
  if (question == std::string_view::npos) return out;
  if (question == slash) out.push_back('/');
  Arena arena;
  return out.append("?").append(query_form(KeySpec{}, url.substr(question + 1), true, arena).text);
}

std::string_view cookie_value(const Fields& fields, std::string_view name) {
  Value first;
  for_each_cookie(fields, [&](std::string_view found, std::string_view value) {
    if (found == name && !first) first = value;
  });
  return first.value_or(std::string_view{});
}

}  // namespace weir
