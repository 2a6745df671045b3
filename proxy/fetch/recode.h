// recode: the same content in another coding. What is read is a flight whose body still arrives, or a kept object; what
// is written is a flight of its own, which everyone reads who wants that coding, and which becomes a form of the object
// once it is whole (cache/form.h). Pieces of more than a few KiB are worked on in the background, never on the loop.
//
//   source (flight or object) ─► pump ─► work (here or in the background) ─► done ─► coded flight
//                                 ▲                                          │
//                                 └──────────────────────────────────────────┘
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/cache/coding_policy.h"
#include "proxy/cache/form.h"
#include "proxy/coding/decoder.h"
#include "proxy/coding/encoder.h"
#include "proxy/fetch/context.h"

namespace weir {

// Largest content that is coded at once on the loop: tens of microseconds.
inline constexpr Size kCodedAtOnce = 4_KiB;

// The form of a plain object whose body is no larger than kCodedAtOnce; its body is null where nothing is gained. Null
// where there is no memory for it.
FormPtr make_form(const Object& object, const CodingPolicy& policy, ContentCoding to,
                  const std::shared_ptr<const Dictionary>& dictionary);

// Hangs the form on the object that is kept, in the store; any thread. The object that took its place, or null where
// the store has it no more.
ObjectPtr hang_on(Store& store, ObjectPtr object, FormPtr form);

// Has a better form of a small object made, in the background, once it was asked for often. Any loop.
void improve(WorkerContext& worker, const ObjectPtr& object, const Form& form);

// The right to have one recoding under way: each takes some MiB of memory, outside of the cache's budget. Streams have
// places of their own, since they may last for hours, and so has decoding, which some clients can't do without. Any
// thread.
class RecodingPlace {
 public:
  enum class Kind : std::uint8_t { kept, streamed, decoded };
  RecodingPlace() = default;
  // Empty where all are taken.
  static RecodingPlace take(Node& node, Kind kind);
  RecodingPlace(RecodingPlace&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  RecodingPlace& operator=(RecodingPlace&& other) noexcept {
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~RecodingPlace() {
    if (taken_ != nullptr) taken_->fetch_sub(1, std::memory_order_relaxed);
  }
  explicit operator bool() const { return taken_ != nullptr; }

 private:
  explicit RecodingPlace(std::atomic<unsigned>& taken) : taken_(&taken) {}
  std::atomic<unsigned>* taken_ = nullptr;
};

class Recoding : public std::enable_shared_from_this<Recoding> {
 public:
  struct Order {
    FlightPtr from;  // or
    ObjectPtr kept;  // one of the two
    ContentCoding to = ContentCoding::identity;
    FlightPtr into;
    std::shared_ptr<const WorkerSnapshot> snapshot;  // keeps `policy` alive
    const CodingPolicy* policy = nullptr;
    std::shared_ptr<const Dictionary> dictionary;  // for dcz
    RecodingPlace place;
  };
  // Begins on this worker's loop; ends by itself when the source does, or when nobody reads what isn't to be kept. The
  // caller has a place at the first byte of `from`, which keeps that one there.
  static void start(WorkerContext& worker, Order order);

  Recoding(WorkerContext& worker, Order order);
  ~Recoding();
  Recoding(const Recoding&) = delete;
  Recoding& operator=(const Recoding&) = delete;

  void stop(Error error);  // the worker ends

 private:
  // A piece of work, apart from the loop: the source holds still meanwhile.
  struct Piece {
    std::vector<std::string_view> in;
    std::size_t bytes = 0;
    bool flush = false, last = false;
    std::string out;
    std::optional<Error> error;
  };

  void begin();
  void pump();
  bool publish(const FlightView& source);
  Piece next_piece(const FlightView& source);
  void work(Piece& piece);
  void done(Piece& piece);
  void complete();
  void over();

  WorkerContext& worker_;
  Order order_;
  FlightReader reader_;
  std::size_t kept_at_ = 0, kept_offset_ = 0;  // of a kept object: the next of its blocks, and where in it
  std::uint64_t made_ = 0;                     // bytes, so far
  bool fed_ = false;                           // something came of the source
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;
  Timer pause_;  // the source says nothing: what it said so far must come out
  bool published_ = false, busy_ = false, over_ = false, unflushed_ = false, flush_due_ = false;
};

}  // namespace weir
