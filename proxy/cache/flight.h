// Flight: one fetch and all who wait for it, on whichever worker: the meeting point of the two sides of a request.
//
//   empty ─► head ─► (body grows) ─► complete
//      └──────┴──────────┴─────────► failed
//
// The fetch writes (on its own loop), readers read (each on theirs). At `head` the flight may be *released*: the answer
// can't be shared, and every reader but the owner goes to the origin alone. A flight that keeps its body lets readers
// join at any time; one that doesn't (uncacheable, too large) holds a bounded window ahead of its slowest reader, and
// the fetch pauses meanwhile. Where several read such a flight, one that falls a long way behind while another has
// nothing left to read is cut off: the slow don't hold up the others.
#pragma once

#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/executor.h"
#include "proxy/base/hash.h"
#include "proxy/base/result.h"
#include "proxy/cache/object.h"

namespace weir {

class Flight;
class FlightTable;
using FlightPtr = std::shared_ptr<Flight>;

// A place in a flight. Belongs to one loop; leaving is its destruction.
class FlightReader {
 public:
  FlightReader() = default;
  FlightReader(FlightReader&&) noexcept = default;
  FlightReader& operator=(FlightReader&& other) noexcept;
  ~FlightReader() { leave(); }

  explicit operator bool() const { return flight_ != nullptr; }
  Flight& flight() const { return *flight_; }
  void leave();

  // The next bytes, as pieces that stay valid until advance() or leave(). Returns how many pieces were filled.
  std::size_t peek(std::span<iovec> out) const;
  void advance(std::size_t bytes);
  std::uint64_t offset() const;
  // It was too slow for the others: there is nothing more to read here.
  bool is_cut() const;

 private:
  friend class Flight;
  struct Seat {
    Executor* executor = nullptr;
    Callback<void()> wake;   // the reader's loop only; empty once it left
    bool signalled = false;  // guarded by the flight's mutex, as is offset
    bool owner = false;
    std::atomic<bool> cut = false;
    std::uint64_t offset = 0;  // changed by its reader alone
  };
  FlightPtr flight_;
  std::shared_ptr<Seat> seat_;
};

// What a reader sees at one moment.
struct FlightView {
  enum class Stage : std::uint8_t { empty, head, complete, failed } stage = Stage::empty;
  bool released = false;                // not to be shared: only the owner goes on
  std::shared_ptr<const Object> draft;  // head and life of the answer, from `head` on; its body is not to be read
  ObjectPtr whole;                      // the answer with its body, where it is kept already (a 304 found it so)
  std::uint64_t available = 0;          // bytes of body there are so far, from offset 0
  const Error* error = nullptr;         // failed: why. Lives as long as the flight.
  bool revalidated = false;             // the origin answered 304
  bool from_others = false;             // another node had fetched it: the origin wasn't asked
  int origin_status = 0;                // what the origin answered, 0 before the head
  std::size_t interim = 0;              // 1xx answers there are: interim(n) gives one
  std::string_view trailers;  // complete: field lines of the trailer section, checked; lives as long as the flight
};

class Flight : public std::enable_shared_from_this<Flight> {
 public:
  struct Identity {
    std::string key;  // key bytes
    Digest digest;
    std::string discriminator;           // keeps requests apart that a Vary is known to keep apart
    std::vector<std::string> tags;       // the route's, known before the answer
    std::vector<std::string> kept_tags;  // of the copy that is being validated: a 304 would make them the answer's
    Position position = 0;               // of the invalidation log when it began
    Time began{};
  };

  // A read more, at most, comes on top, and what of its two outer blocks isn't in use: less than 256 KiB in all.
  static constexpr std::size_t kWindow = 96 * 1024;
  static constexpr std::size_t kMostLag = 8 * 1024 * 1024;  // between readers of a flight that isn't kept
  static constexpr std::size_t kMostReaders = 32768;

  Flight(Identity identity, FlightTable& table);
  ~Flight();

  const Identity& identity() const { return identity_; }

  // Any thread. `wake` runs by `executor` after each change. Null where the flight is full of readers.
  std::optional<FlightReader> join(Executor& executor, Callback<void()> wake, bool owner);

  // Any thread. The flight of the same answer in another coding; `leads`: nobody makes it yet, and the caller must.
  struct Coded {
    FlightPtr flight;
    bool leads = false;
  };
  Coded coded(ContentCoding coding);

  FlightView look() const;
  std::size_t readers() const;
  std::string interim(std::size_t n) const;  // as HTTP/1.1 bytes, with the empty line

  // The writer's side: the fetch, on its own loop.
  void set_writer(Executor& executor,
                  Callback<void()> on_change);  // on_change: room appeared, or nobody reads any more
  void leave_writer();
  void publish_interim(std::string head);
  // What this answer makes invalid isn't in the log yet. Before publish_head().
  void note_unlogged() { unlogged_.store(true, std::memory_order_relaxed); }
  bool unlogged() const { return unlogged_.load(std::memory_order_relaxed); }
  void publish_head(std::shared_ptr<const Object> draft, int origin_status, bool share, bool keep,
                    std::optional<std::uint64_t> length);
  // All bytes are taken. Returns what room() would: how many more should come now; 0: wait for on_change.
  std::size_t append(std::string_view bytes);
  std::size_t room();
  bool keeps() const;
  // The body grew too large to be kept: from here on a window.
  void stop_keeping();
  std::vector<Block> kept_blocks() const;
  struct Ending {
    ObjectPtr whole;           // what is kept now, if anything
    bool revalidated = false;  // by a 304
    bool share = true;         // false: only for who leads
    bool from_others = false;  // found in what nodes share
    int origin_status = 0;     // where no head was published
    std::string trailers;
  };
  void complete(Ending ending);
  void fail(Error error);
  // Nothing of it changed, but something that its readers look at beside it.
  void stir();

 private:
  friend class FlightReader;
  using SeatPtr = std::shared_ptr<FlightReader::Seat>;

  void notify(std::unique_lock<std::mutex>& lock);
  void wake(std::span<const SeatPtr> seats);
  void drop_passed();
  std::uint64_t slowest() const;
  std::uint64_t passed_by_all() const;
  std::size_t most_ahead() const;
  std::size_t room_locked() const;
  bool cut_laggards(const FlightReader::Seat& starving);
  void add_block(std::size_t wanted);
  void signal_writer(std::unique_lock<std::mutex>& lock);
  void leave(const SeatPtr& seat);
  void advance(const SeatPtr& seat, std::size_t bytes);

  const Identity identity_;
  FlightTable& table_;
  mutable std::mutex mutex_;  // guards all below
  FlightView::Stage stage_ = FlightView::Stage::empty;
  bool released_ = false, revalidated_ = false, from_others_ = false, full_ = false;
  std::atomic<bool> unlogged_ = false;
  std::atomic<bool> keep_ = true;  // written under the mutex, by the writer
  int origin_status_ = 0;
  std::shared_ptr<const Object> draft_;
  ObjectPtr whole_;
  std::optional<Error> error_;
  std::vector<std::string> interim_;
  std::string trailers_;
  std::optional<std::uint64_t> length_;
  std::vector<Block> blocks_;
  std::array<FlightPtr, kContentCodings> coded_;
  std::uint64_t first_ = 0;  // offset of blocks_.front()
  std::uint64_t end_ = 0;
  std::vector<SeatPtr> seats_;
  Executor* writer_ = nullptr;
  Callback<void()> on_change_;  // not under the mutex: only on the writer's loop
};

// The flights that others may join. Any thread.
class FlightTable {
 public:
  explicit FlightTable(Size in_flight_limit) : limit_(in_flight_limit) {}

  struct Claim {
    FlightPtr flight;
    bool leads = false;  // this caller must run the fetch
  };
  // The flight for that key, unless `usable` refuses it: then a new one takes its place.
  Claim claim(const Flight::Identity& identity, const std::function<bool(const Flight&)>& usable);
  // A flight that nobody else can join.
  FlightPtr alone(Flight::Identity identity) { return std::make_shared<Flight>(std::move(identity), *this); }
  // Nobody joins it any more. Idempotent.
  void retire(const Flight& flight);

  // Bytes of bodies under way; past the limit new ones are streamed unkept.
  bool crowded() const { return bytes_.load(std::memory_order_relaxed) > limit_; }
  Size bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::size_t size() const;

 private:
  friend class Flight;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Digest, std::vector<FlightPtr>, DigestHash> flights;
  };
  Shard& shard_of(const Digest& digest) { return shards_[digest.high % shards_.size()]; }

  const Size limit_;
  std::atomic<Size> bytes_{0};
  std::array<Shard, 32> shards_;
};

}  // namespace weir
