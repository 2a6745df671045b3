// What a client's HPACK table knows (RFC 7541 §2.3.2), and heads kept ready to be told by it. Two parts:
//
//   HpackHeads  a worker's: the heads that go out often, encoded once for all connections
//   HpackTable  a connection's: which of them the client has got already; the next time each field is one byte
//
// Whole heads enter the table, and weir's own names beside them, so that nothing is looked up field by field. What
// differs from answer to answer, and what is secret, never enters. A client that wants a table of another size than
// the usual one gets plain literals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/headers.h"

namespace weir {

struct HpackHead {
  std::uint64_t id = 0;                // of this content, in this worker; 0: none
  std::string lines;                   // what it was made of
  std::string plain;                   // all of it, for a table that isn't touched
  std::string entering;                // the same, of which `entries` enter the table, in this order, before the rest
  std::string rest;                    // what never enters
  std::vector<std::uint16_t> entries;  // their sizes, as §4.1 counts; empty: not worth it
  unsigned uses = 0;
};

// One thread. Memory is bounded: long heads aren't kept.
class HpackHeads {
 public:
  HpackHeads() : heads_(kKept) {}

  // `lines` as Object::head has them. Good until the next call.
  const HpackHead& find(std::string_view lines);

 private:
  static constexpr std::size_t kKept = 512;
  static constexpr std::size_t kLongest = 2048;

  std::vector<HpackHead> heads_;  // by where their lines lie
  HpackHead long_;
  std::uint64_t last_id_ = 0;
};

class HpackTable {
 public:
  void restart() { *this = HpackTable{}; }  // another connection
  // SETTINGS_HEADER_TABLE_SIZE came. Holds from the next block on.
  void resize(std::uint32_t bytes);

  // A block: begin, then its fields.
  void begin(std::string& block);
  void add(std::string& block, const HpackHead& head);
  // A field that weir adds to each answer.
  void add_own(std::string& block, Name id, std::string_view value);

 private:
  static constexpr std::size_t kRoom = 4096;               // the client's, where it says nothing
  static constexpr std::size_t kMostEntries = kRoom / 32;  // §4.1
  static constexpr std::array kOwn{Name::cache_status, Name::server_timing, Name::x_request_id};
  static constexpr std::size_t kKnown = 16;
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  struct Known {
    std::uint64_t head = 0;
    std::uint64_t first = kNever;  // the number of its first entry
  };

  void enter(std::size_t size);
  bool holds(std::uint64_t entry) const { return entry != kNever && entry >= gone_; }
  std::size_t index_of(std::uint64_t entry) const;

  bool off_ = false, off_due_ = false;
  // Entries are numbered as they enter; those before gone_ were pushed out.
  std::uint64_t entered_ = 0, gone_ = 0;
  std::size_t used_ = 0;
  std::array<std::uint16_t, kMostEntries> sizes_{};  // by number, around and around
  std::array<Known, kKnown> known_{};                // by head
  std::array<std::uint64_t, kOwn.size()> own_{kNever, kNever, kNever};
};

}  // namespace weir
