// Upload: the body of a request on its way from client to origin, a bounded piece at a time; or what a client says in a
// tunnel. One loop: the client's connection fills it, the fetch empties it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/callback.h"

namespace weir {

class Upload {
 public:
  // Full is who holds that much; a read more, at most, comes on top, and so much again is with the origin's connection.
  static constexpr std::size_t kFull = 16 * 1024;
  // Where the protocol has windows of its own: what a client may send before it was taken.
  static constexpr std::size_t kWindow = 96 * 1024;

  enum class End : std::uint8_t { open, whole, broken, malformed, too_large };

  // The client's side. Takes all; asks no more where full() until `on_room` runs.
  void append(std::string_view bytes) {
    waiting_.append(bytes);
    received_ += bytes.size();
    if (on_data_) on_data_();
  }
  void finish(std::string trailers) {
    end_ = End::whole;
    trailers_ = std::move(trailers);
    if (on_data_) on_data_();
  }
  // The client went away, or broke the protocol: the origin must never see a whole request.
  void abandon(End why = End::broken) {
    if (end_ == End::open) end_ = why;
    if (on_data_) on_data_();
  }
  bool full() const { return waiting_.size() >= kFull; }
  std::size_t waiting() const { return waiting_.size(); }
  void on_room(Callback<void()> callback) { on_room_ = std::move(callback); }
  // The origin's connection waits for it: a client that asked first (100-continue) may begin.
  void on_wanted(Callback<void()> callback) { on_wanted_ = std::move(callback); }

  std::uint64_t received() const { return received_; }  // so far

  // The fetch's side.
  std::string take() {
    std::string taken = std::move(waiting_);
    waiting_.clear();
    if (!taken.empty()) started_ = true;
    keeps_ = keeps_ && kept_.size() + taken.size() <= kFull;
    if (keeps_) {
      kept_ += taken;
    } else {
      std::string().swap(kept_);
    }
    return taken;
  }
  // What is taken from now on is kept beside, as long as it is little, so that rewind() can make it wait again.
  void keep_taken(bool yes) {
    keeps_ = yes;
    std::string().swap(kept_);
  }
  bool can_rewind() const { return !started_ || keeps_; }
  void rewind() {
    waiting_.insert(0, kept_);
    kept_.clear();
    started_ = false;
  }
  void wanted() {
    if (on_wanted_) on_wanted_();
  }
  void taken() {
    if (on_room_) on_room_();
  }
  void on_data(Callback<void()> callback) { on_data_ = std::move(callback); }
  End end() const { return end_; }
  bool empty() const { return waiting_.empty(); }
  bool started() const { return started_; }  // some of it was taken
  const std::string& trailers() const { return trailers_; }

 private:
  std::string waiting_, kept_, trailers_;
  End end_ = End::open;
  bool started_ = false, keeps_ = false;
  std::uint64_t received_ = 0;
  Callback<void()> on_data_, on_room_, on_wanted_;
};

}  // namespace weir
