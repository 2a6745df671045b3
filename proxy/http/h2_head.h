// From a block of HTTP/2 fields to a request's head, or to trailers (RFC 9113 §8). Every rule of messages stands here
// or in request_rules.h; what belongs to frames and streams doesn't.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/h1_lines.h"
#include "proxy/http/h2_known_heads.h"
#include "proxy/http/hpack.h"
#include "proxy/http/message.h"
#include "proxy/http/request_rules.h"

namespace weir {

class H2HeadReader {
 public:
  // `tls` says which port is the listener's default one. Limits::head bounds the list as SETTINGS_MAX_HEADER_LIST_SIZE
  // counts it, however short the block was.
  explicit H2HeadReader(const H1Limits& limits, bool tls = false) : limits_(limits), tls_(tls) {}
  // Another connection.
  void restart(bool tls) {
    tls_ = tls;
    known_.clear();
  }
  void shrink() { known_.clear(); }

  // Each reads one whole block; false where HPACK can't (a connection error). `ends`: no content follows. Whatever the
  // fields are, the block is read to its end; refusal() then says what is wrong with them.
  bool read_request(HpackDecoder& hpack, std::string_view block, bool ends, RequestHead& head, Arena& arena);
  bool read_trailers(HpackDecoder& hpack, std::string_view block, Fields& trailers, Arena& arena);
  bool skip(HpackDecoder& hpack, std::string_view block);

  const Refusal& refusal() const { return refusal_; }
  bool refused() const { return refusal_.status != 0; }

 private:
  enum class Pseudo : std::uint8_t { method, scheme, path, authority, protocol };
  static constexpr std::size_t kPseudos = 5;

  bool read(HpackDecoder& hpack, std::string_view block);
  void begin(RequestHead* head, Fields& fields, Arena& arena);
  bool fits(std::string_view name, std::string_view value);
  void add(std::string_view name, std::string_view value);
  bool add_pseudo(std::string_view name, std::string_view value);
  bool add_field(std::string_view name, std::string_view value);
  bool judge(bool ends);
  bool judge_pseudos();
  bool judge_authority();
  void join_cookies();
  std::string_view& value_of(Pseudo which) { return pseudo_[static_cast<std::size_t>(which)]; }
  bool has(Pseudo which) const { return (seen_ >> static_cast<unsigned>(which) & 1U) != 0; }

  const H1Limits& limits_;
  bool tls_;
  H2KnownHeads known_;
  // Of the block being read.
  RequestHead* head_ = nullptr;  // null: trailers
  Fields* fields_ = nullptr;
  Arena* arena_ = nullptr;
  std::array<std::string_view, kPseudos> pseudo_{};
  unsigned seen_ = 0;
  std::size_t list_ = 0, count_ = 0, cookies_ = 0;
  Refusal refusal_;
};

}  // namespace weir
