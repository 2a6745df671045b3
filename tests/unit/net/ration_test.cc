// Heavy work, a little in each turn of a loop: what is light gets between.
#include "proxy/net/ration.h"

#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace weir {
namespace {

// Each turn's work as a letter: H heavy, . the end of a turn.
class Turns {
 public:
  explicit Turns(unsigned a_turn) : ration(loop, a_turn) {}

  void run(int turns) {
    end_turn(turns);
    loop.run();
  }
  void heavy() { done += 'H'; }

  Loop loop;
  Ration ration;
  std::string done;

 private:
  // Posted from posted work: once a turn, after what that turn has to do.
  void end_turn(int left) {
    loop.post([this, left] {
      loop.defer([this] { done += '.'; });
      left == 1 ? loop.stop() : end_turn(left - 1);
    });
  }
};

TEST_CASE("a turn has its share, the rest waits its turn, in order", "[ration]") {
  Turns turns(3);
  std::vector<Operation> places;
  std::string order;
  turns.loop.post([&] {
    for (char name = 'a'; name < 'k'; ++name) {
      if (turns.ration.take()) {
        order += name;
        turns.heavy();
      } else {
        places.push_back(turns.ration.wait([&order, &turns, name] {
          order += name;
          turns.heavy();
        }));
      }
    }
    CHECK(turns.ration.waiting() == 7);
  });
  turns.run(6);
  CHECK(order == "abcdefghij");
  CHECK(turns.done == "HHH.HHH.HHH.H...");
  CHECK(turns.ration.waiting() == 0);
}

TEST_CASE("who gives up a place takes nobody's share, and who comes later doesn't pass those that wait", "[ration]") {
  Turns turns(1);
  std::vector<Operation> places(3);
  std::string order;
  turns.loop.post([&] {
    CHECK(turns.ration.take());
    for (std::size_t i = 0; i < places.size(); ++i)
      places[i] = turns.ration.wait([&, i] {
        order += static_cast<char>('0' + i);
        CHECK(turns.ration.take() == false);
      });
    places[0].cancel();
    places[1].cancel();
  });
  turns.run(3);
  CHECK(order == "2");
}

}  // namespace
}  // namespace weir
