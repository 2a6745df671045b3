// hang_on: a form finds its object, whatever became of it meanwhile.
#include "proxy/fetch/recode.h"

#include "proxy/cache/form.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

struct Fixture {
  std::shared_ptr<Object> put(std::shared_ptr<Object> object) {
    object->recodable = true;
    object->etag = "\"v1\"";
    REQUIRE(store.put(object, 16));
    return object;
  }
  ObjectPtr stored() { return store.find(hash128(test::key_of("/v")), test::key_of("/v"), {}, Time{}).object; }

  Store store{1_MiB};
  CodingPolicy policy;
};

std::string long_text() {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "line " + std::to_string(i) + " of a text that compresses\n";
  return text;
}

}  // namespace

TEST_CASE("a form hangs on the stored object, once") {
  Fixture f;
  const auto object = f.put(test::object("/v", long_text()));
  const FormPtr form = make_form(*object, f.policy, ContentCoding::zstd, nullptr);
  REQUIRE(form);
  REQUIRE(form->body);
  CHECK(form->body->size() < object->body->size() / 2);
  const ObjectPtr with = hang_on(f.store, object, form);
  REQUIRE(with);
  CHECK(f.stored() == with);
  CHECK(with->body == object->body);
  CHECK(with->form(ContentCoding::zstd) == form);
}

TEST_CASE("a second coding keeps the first") {
  Fixture f;
  const auto object = f.put(test::object("/v", long_text()));
  const ObjectPtr one = hang_on(f.store, object, make_form(*object, f.policy, ContentCoding::zstd, nullptr));
  REQUIRE(one);
  // Made from the object as it was: somebody else hung on a form meanwhile.
  const ObjectPtr two = hang_on(f.store, object, make_form(*object, f.policy, ContentCoding::gzip, nullptr));
  REQUIRE(two);
  CHECK(two->form(ContentCoding::zstd));
  CHECK(two->form(ContentCoding::gzip));
  CHECK(f.stored() == two);
}

TEST_CASE("a renewed object gets the form under its new head") {
  Fixture f;
  const auto object = f.put(test::object("/v", long_text()));
  const FormPtr form = make_form(*object, f.policy, ContentCoding::br, nullptr);
  auto renewed = copy_of(*object);
  renewed->head = "HTTP/1.1 200 OK\r\nX-New: yes\r\n";
  REQUIRE(f.store.put(renewed, 16));
  const ObjectPtr with = hang_on(f.store, object, form);
  REQUIRE(with);
  REQUIRE(with->form(ContentCoding::br));
  CHECK(with->form(ContentCoding::br)->head.find("X-New: yes") != std::string::npos);
}

TEST_CASE("the form of what is gone, or is another content now, is dropped") {
  Fixture f;
  const auto object = f.put(test::object("/v", long_text()));
  const FormPtr form = make_form(*object, f.policy, ContentCoding::br, nullptr);
  SECTION("purged") {
    f.store.erase(*object);
  }
  SECTION("fetched anew") {
    f.put(test::object("/v", "another text"));
  }
  CHECK_FALSE(hang_on(f.store, object, form));
  const ObjectPtr now = f.stored();
  CHECK((!now || !now->form(ContentCoding::br)));
}

TEST_CASE("a best form is not replaced by a fast one") {
  Fixture f;
  const auto object = f.put(test::object("/v", long_text()));
  auto best = std::make_shared<Form>();
  best->coding = ContentCoding::gzip;
  best->best = true;
  best->body = test::body("as small as it gets");
  const ObjectPtr with = hang_on(f.store, object, best);
  REQUIRE(with);
  CHECK(hang_on(f.store, with, make_form(*object, f.policy, ContentCoding::gzip, nullptr)) == with);
  CHECK(f.stored()->form(ContentCoding::gzip) == best);
}

TEST_CASE("what doesn't get smaller is noted, and served as it is") {
  Fixture f;
  std::string noise;
  std::uint64_t state = 1;
  for (int i = 0; i < 4096; ++i)
    noise += static_cast<char>((state = state * 6364136223846793005 + 1442695040888963407) >> 56);
  const auto object = f.put(test::object("/v", noise));
  const FormPtr form = make_form(*object, f.policy, ContentCoding::zstd, nullptr);
  REQUIRE(form);
  CHECK_FALSE(form->body);
  const ObjectPtr with = hang_on(f.store, object, form);
  REQUIRE(with);
  CHECK_FALSE(with->form(ContentCoding::zstd)->body);
}

}  // namespace weir
