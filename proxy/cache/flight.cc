// Flights; see flight.h.
#include "proxy/cache/flight.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kSmallestBlock = 4 * 1024;
constexpr std::size_t kLargestBlock = 1024 * 1024;
constexpr std::size_t kLargestPassing = 32 * 1024;  // of what isn't kept

}  // namespace

FlightReader& FlightReader::operator=(FlightReader&& other) noexcept {
  if (this != &other) {
    leave();
    flight_ = std::move(other.flight_);
    seat_ = std::move(other.seat_);
  }
  return *this;
}

void FlightReader::leave() {
  if (flight_ == nullptr) return;
  seat_->wake.reset();
  flight_->leave(seat_);
  seat_.reset();
  flight_.reset();
}

std::size_t FlightReader::peek(std::span<iovec> out) const {
  const std::lock_guard lock(flight_->mutex_);
  std::size_t filled = 0;
  std::uint64_t start = flight_->first_;
  for (const Block& block : flight_->blocks_) {
    if (filled == out.size() || seat_->cut) break;
    const std::uint64_t stop = start + block.used;
    if (stop > seat_->offset) {
      const std::size_t skip = seat_->offset > start ? static_cast<std::size_t>(seat_->offset - start) : 0;
      out[filled++] = {block.bytes.get() + skip, block.used - skip};
    }
    start = stop;
  }
  return filled;
}

void FlightReader::advance(std::size_t bytes) {
  flight_->advance(seat_, bytes);
}

std::uint64_t FlightReader::offset() const {
  return seat_->offset;
}

bool FlightReader::is_cut() const {
  return seat_->cut.load(std::memory_order_relaxed);
}

Flight::Flight(Identity identity, FlightTable& table) : identity_(std::move(identity)), table_(table) {}

Flight::~Flight() {
  Size held = 0;
  for (const Block& block : blocks_) held += block.capacity;
  table_.bytes_.fetch_sub(held, std::memory_order_relaxed);
}

std::optional<FlightReader> Flight::join(Executor& executor, Callback<void()> wake, bool owner) {
  FlightReader reader;
  reader.seat_ = std::make_shared<FlightReader::Seat>();
  reader.seat_->executor = &executor;
  reader.seat_->wake = std::move(wake);
  reader.seat_->owner = owner;
  const std::lock_guard lock(mutex_);
  if (!owner && (seats_.size() >= kMostReaders || (!keep_ && end_ > 0))) return std::nullopt;
  seats_.push_back(reader.seat_);
  reader.flight_ = shared_from_this();
  return reader;
}

Flight::Coded Flight::coded(ContentCoding coding) {
  const std::lock_guard lock(mutex_);
  FlightPtr& flight = coded_[static_cast<std::size_t>(coding)];
  if (flight) {
    const FlightView view = flight->look();
    const bool joinable = flight->keeps() || view.available == 0;
    if (joinable && view.stage != FlightView::Stage::failed) return {flight, false};
  }
  flight = table_.alone(identity_);
  return {flight, true};
}

FlightView Flight::look() const {
  const std::lock_guard lock(mutex_);
  FlightView view;
  view.stage = stage_;
  view.released = released_;
  view.draft = draft_;
  view.whole = whole_;
  view.available = end_;
  view.error = error_ ? &*error_ : nullptr;
  view.revalidated = revalidated_;
  view.from_others = from_others_;
  view.origin_status = origin_status_;
  view.interim = interim_.size();
  view.trailers = trailers_;
  return view;
}

std::string Flight::interim(std::size_t n) const {
  const std::lock_guard lock(mutex_);
  return n < interim_.size() ? interim_[n] : std::string{};
}

std::size_t Flight::readers() const {
  const std::lock_guard lock(mutex_);
  return seats_.size();
}

void Flight::set_writer(Executor& executor, Callback<void()> on_change) {
  const std::lock_guard lock(mutex_);
  writer_ = &executor;
  on_change_ = std::move(on_change);
}

void Flight::leave_writer() {
  on_change_.reset();  // one signalled before finds it empty
  const std::lock_guard lock(mutex_);
  writer_ = nullptr;
}

void Flight::publish_interim(std::string head) {
  std::unique_lock lock(mutex_);
  interim_.push_back(std::move(head));
  notify(lock);
}

void Flight::publish_head(std::shared_ptr<const Object> draft, int origin_status, bool share, bool keep,
                          std::optional<std::uint64_t> length) {
  std::unique_lock lock(mutex_);
  stage_ = FlightView::Stage::head;
  draft_ = std::move(draft);
  origin_status_ = origin_status;
  released_ = !share;
  keep_ = keep;
  length_ = length;
  notify(lock);
}

std::size_t Flight::append(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().used == blocks_.back().capacity) add_block(bytes.size());
    Block& block = blocks_.back();
    const std::size_t part = std::min(bytes.size(), block.capacity - block.used);
    std::memcpy(block.bytes.get() + block.used, bytes.data(), part);
    block.used += part;
    end_ += part;
    bytes.remove_prefix(part);
  }
  if (!keep_) drop_passed();  // readers of a part may be ahead of it
  const std::size_t room = room_locked();
  full_ = room == 0;
  notify(lock);
  return room;
}

// A kept body of known length lies in one piece, others in blocks that grow; what passes takes what it needs.
void Flight::add_block(std::size_t wanted) {
  std::size_t capacity = kSmallestBlock;
  if (!keep_) {
    capacity = std::clamp(wanted, kSmallestBlock, kLargestPassing);
  } else if (length_ && *length_ > end_) {
    capacity = static_cast<std::size_t>(std::min<std::uint64_t>(*length_ - end_, kLargestBlock));
  } else if (!blocks_.empty()) {
    capacity = std::min(blocks_.back().capacity * 2, kLargestBlock);
  }
  blocks_.push_back({std::make_shared_for_overwrite<char[]>(capacity), capacity, 0});
  table_.bytes_.fetch_add(capacity, std::memory_order_relaxed);
}

// Of those that the fetch waits for.
std::uint64_t Flight::slowest() const {
  std::uint64_t least = end_;
  for (const SeatPtr& seat : seats_) {
    if (!seat->cut) least = std::min(least, seat->offset);
  }
  return least;
}

// Who was cut may still be reading the bytes that it saw last: they stay until it leaves.
std::uint64_t Flight::passed_by_all() const {
  std::uint64_t least = end_;
  for (const SeatPtr& seat : seats_) least = std::min(least, seat->offset);
  return least;
}

// How far the fetch may be ahead of the slowest reader of what isn't kept.
std::size_t Flight::most_ahead() const {
  return seats_.size() > 1 && !table_.crowded() ? kMostLag : kWindow;
}

// Someone has read all there is, and no more comes until the slowest have caught up: those are cut off.
bool Flight::cut_laggards(const FlightReader::Seat& starving) {
  if (keep_ || !full_ || seats_.size() < 2 || starving.offset != end_) return false;
  bool any = false;
  for (const SeatPtr& seat : seats_) {
    const std::uint64_t lag = end_ - std::min(end_, seat->offset);  // a reader of a part may be ahead
    if (seat->cut || lag + kWindow / 2 <= most_ahead()) continue;
    seat->cut = any = true;
  }
  return any;
}

std::size_t Flight::room_locked() const {
  if (keep_) return kWindow;
  const std::uint64_t ahead = end_ - slowest();
  return ahead >= most_ahead() ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(most_ahead() - ahead, kWindow));
}

std::size_t Flight::room() {
  const std::lock_guard lock(mutex_);
  const std::size_t room = room_locked();
  full_ = room == 0;
  return room;
}

bool Flight::keeps() const {
  return keep_.load(std::memory_order_relaxed);
}

void Flight::stop_keeping() {
  table_.retire(*this);
  const std::lock_guard lock(mutex_);
  keep_ = false;
  drop_passed();
  full_ = room_locked() == 0;
}

std::vector<Block> Flight::kept_blocks() const {
  const std::lock_guard lock(mutex_);
  return blocks_;
}

void Flight::complete(Ending ending) {
  std::unique_lock lock(mutex_);
  stage_ = FlightView::Stage::complete;
  whole_ = std::move(ending.whole);
  revalidated_ = ending.revalidated;
  from_others_ = ending.from_others;
  if (!ending.share) released_ = true;
  trailers_ = std::move(ending.trailers);
  if (ending.origin_status != 0) origin_status_ = ending.origin_status;
  notify(lock);
}

void Flight::fail(Error error) {
  std::unique_lock lock(mutex_);
  stage_ = FlightView::Stage::failed;
  error_ = std::move(error);
  notify(lock);
}

void Flight::stir() {
  std::unique_lock lock(mutex_);
  notify(lock);
}

void Flight::drop_passed() {
  const std::uint64_t passed = passed_by_all();
  auto block = blocks_.begin();
  for (; block != blocks_.end() && first_ + block->used <= passed; ++block) {  // the last one, too, when all is read
    first_ += block->used;
    table_.bytes_.fetch_sub(block->capacity, std::memory_order_relaxed);
  }
  blocks_.erase(blocks_.begin(), block);
}

// Wakes every reader that isn't being woken already; those of one executor together.
void Flight::notify(std::unique_lock<std::mutex>& lock) {
  if (seats_.size() == 1) {  // nearly always; and then without a list
    const SeatPtr only = seats_.front();
    const bool waking = !std::exchange(only->signalled, true);
    lock.unlock();
    if (waking) {
      only->executor->execute([self = shared_from_this(), only] { self->wake({&only, 1}); });
    }
    return;
  }
  std::vector<SeatPtr> waking;
  for (const SeatPtr& seat : seats_) {
    if (!std::exchange(seat->signalled, true)) waking.push_back(seat);
  }
  lock.unlock();
  std::sort(waking.begin(), waking.end(), [](const SeatPtr& a, const SeatPtr& b) { return a->executor < b->executor; });
  for (auto begin = waking.begin(); begin != waking.end();) {
    const auto end =
        std::find_if(begin, waking.end(), [&](const SeatPtr& s) { return s->executor != (*begin)->executor; });
    Executor& executor = *(*begin)->executor;
    executor.execute(
        [self = shared_from_this(), together = std::vector<SeatPtr>(begin, end)] { self->wake(together); });
    begin = end;
  }
}

// On the loop of their readers.
void Flight::wake(std::span<const SeatPtr> seats) {
  {
    const std::lock_guard lock(mutex_);
    for (const SeatPtr& seat : seats) seat->signalled = false;
  }
  for (const SeatPtr& seat : seats) {
    if (seat->wake) seat->wake();
  }
}

void Flight::signal_writer(std::unique_lock<std::mutex>& lock) {
  Executor* const writer = writer_;
  lock.unlock();
  if (writer == nullptr) return;
  writer->execute([self = shared_from_this()] {
    if (self->on_change_) self->on_change_();
  });
}

void Flight::leave(const SeatPtr& seat) {
  std::unique_lock lock(mutex_);
  std::erase(seats_, seat);
  if (!keep_) drop_passed();
  const bool room_again = full_ && room_locked() > 0;
  if (room_again) full_ = false;
  if (seats_.empty() || room_again) signal_writer(lock);
}

void Flight::advance(const SeatPtr& seat, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  seat->offset += bytes;
  if (keep_) return;
  const bool cut = cut_laggards(*seat);
  drop_passed();
  // Half the window free again before the origin is asked to go on: fewer, larger reads.
  if (full_ && room_locked() >= kWindow / 2) {
    full_ = false;
    signal_writer(lock);
    if (cut) lock.lock();
  }
  if (cut) notify(lock);
}

FlightTable::Claim FlightTable::claim(const Flight::Identity& identity,
                                      const std::function<bool(const Flight&)>& usable) {
  Shard& shard = shard_of(identity.digest);
  const std::lock_guard lock(shard.mutex);
  auto& flights = shard.flights[identity.digest];
  for (auto it = flights.begin(); it != flights.end(); ++it) {
    const auto& other = (*it)->identity();
    if (other.key != identity.key || other.discriminator != identity.discriminator) continue;
    if (usable(**it)) return {*it, false};
    flights.erase(it);
    break;
  }
  flights.push_back(std::make_shared<Flight>(identity, *this));
  return {flights.back(), true};
}

void FlightTable::retire(const Flight& flight) {
  FlightPtr last;  // dies outside the lock
  Shard& shard = shard_of(flight.identity().digest);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.flights.find(flight.identity().digest);
  if (it == shard.flights.end()) return;
  auto& flights = it->second;
  const auto at = std::find_if(flights.begin(), flights.end(), [&](const FlightPtr& f) { return f.get() == &flight; });
  if (at == flights.end()) return;
  last = std::move(*at);
  flights.erase(at);
  if (flights.empty()) shard.flights.erase(it);
}

std::size_t FlightTable::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [digest, flights] : shard.flights) total += flights.size();
  }
  return total;
}

}  // namespace weir
