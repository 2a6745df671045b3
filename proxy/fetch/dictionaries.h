// RouteDictionaries: what the answers of one route have in common (RFC 9842). A client that says it holds one of these
// dictionaries gets the rest of an answer only (`dcz`).
//
//   previous: some kept answers are dictionaries themselves; `Use-As-Dictionary` on them tells the clients to keep
//   them. trained:  of many answers one dictionary is made, in the background, and served under a path of its own,
//   which the
//             answers name in a `Link`. It takes in what the route tells everybody, never answers to a user.
//
// A dictionary is an object under the rules of invalidation: what is purged is nobody's dictionary any more. Any
// thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cache/coding_policy.h"
#include "proxy/cache/invalidation.h"
#include "proxy/coding/dictionary.h"
#include "proxy/net/background.h"

namespace weir {

class RouteDictionaries : public std::enable_shared_from_this<RouteDictionaries> {
 public:
  // Where trained ones are served, followed by the SHA-256 in hexadecimal digits.
  static constexpr std::string_view kPath = "/.well-known/weir/dictionary/";
  static constexpr Size kLargest = 64_KiB;  // answers that are coded by one

  // `rules` and `background` must outlive this.
  RouteDictionaries(DictionaryPolicy policy, const InvalidationRules& rules, Background& background);

  const DictionaryPolicy& policy() const { return policy_; }

  // A whole answer that is going to be kept, its head set. Learned from only if it is plain and for everybody. True:
  // from now on it is a dictionary itself.
  bool learn(const Object& object);

  // The one with that hash, of answers of that host; null where there is none any more.
  std::shared_ptr<const Dictionary> find(const Sha256& hash, std::string_view host);

  // trained: what is served at `path` of that host, or null.
  ObjectPtr file(std::string_view path, std::string_view host);

  // Appends the line that tells a client of the dictionary, with CR LF; nothing where there is none.
  void announce(const Object& answer, std::string& out);

 private:
  struct Previous {
    ObjectPtr object;  // a copy without its forms
    Sha256 hash{};
    std::shared_ptr<const Dictionary> made;  // at need, and for the last few that were asked for
    Time used;
  };
  struct Trained {
    std::shared_ptr<const Dictionary> dictionary;
    ObjectPtr file;
    std::string path, link;
    Position since = 0;  // the oldest of its samples began there
  };

  bool learn_previous(const Object& object);
  void learn_sample(const Object& object);
  void train(const std::vector<BodyPtr>& samples, const std::string& host, Position since);
  void make_current_locked(Previous& one);
  std::shared_ptr<const Trained> current_locked();
  ObjectPtr file_of(const Trained& trained, const std::string& host) const;

  const DictionaryPolicy policy_;
  const InvalidationRules& rules_;
  Background& background_;
  std::mutex mutex_;  // guards all below
  std::vector<Previous> previous_;
  std::vector<BodyPtr> samples_;
  Size sampled_ = 0;
  Position sampled_since_ = 0;
  std::string host_;  // whose answers are sampled: one of those that the route serves
  std::size_t enough_;
  bool training_ = false;
  std::shared_ptr<const Trained> trained_;
};

// By the name of the route: they live on over reloads that leave the route's dictionary as it was.
class DictionaryTable {
 public:
  DictionaryTable(const InvalidationRules& rules, Background& background) : rules_(rules), background_(background) {}
  std::shared_ptr<RouteDictionaries> of(const std::string& route, const DictionaryPolicy& policy);

 private:
  const InvalidationRules& rules_;
  Background& background_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<RouteDictionaries>> routes_;  // guarded by mutex_; the snapshots own them
};

}  // namespace weir
