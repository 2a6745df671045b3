// Structured dictionaries by RFC 8941 §3.2 and §4.2.2.
#include "proxy/http/structured_field.h"

#include "tests/support/catch.h"

using namespace weir;
using Type = StructuredItem::Type;

TEST_CASE("members of every type", "[structured]") {
  const auto d = parse_structured_dictionary(
      R"(  a=1, b=-15;p;q="x", c=1.25,	d="s \"q\" \\", *e=tok/en:x, f=:aGk=:, g=?0, h, i=(1 2 "x";y);z=1, j;k=?0 )");
  REQUIRE(d);
  REQUIRE(d->size() == 10);
  const auto item = [&](std::size_t i) { return (*d)[i].item; };
  CHECK((*d)[0].key == "a");
  CHECK(item(0).type == Type::integer);
  CHECK(item(0).number == 1);
  CHECK(item(1).number == -15);
  CHECK(item(2).type == Type::decimal);
  CHECK(item(3).type == Type::string);
  CHECK(item(3).text == R"(s "q" \)");
  CHECK((*d)[4].key == "*e");
  CHECK(item(4).type == Type::token);
  CHECK(item(4).text == "tok/en:x");
  CHECK(item(5).type == Type::bytes);
  CHECK(item(6).type == Type::boolean);
  CHECK(item(6).number == 0);
  CHECK(item(7).type == Type::boolean);
  CHECK(item(7).number == 1);
  CHECK(item(8).type == Type::inner_list);
  CHECK(item(9).number == 1);
}

TEST_CASE("empty dictionaries, and repeated keys in order", "[structured]") {
  CHECK(parse_structured_dictionary("")->empty());
  CHECK(parse_structured_dictionary("   ")->empty());
  const auto twice = parse_structured_dictionary("a=1,a=2");
  REQUIRE(twice->size() == 2);
  CHECK((*twice)[1].item.number == 2);
  CHECK(parse_structured_dictionary("a=()")->size() == 1);
  CHECK(parse_structured_dictionary("a=999999999999999")->front().item.number == 999999999999999);
  CHECK(parse_structured_dictionary("a=-999999999999.999")->size() == 1);
}

TEST_CASE("what is no dictionary", "[structured]") {
  for (const auto wrong : {",",
                           "a,",
                           "a,,b",
                           ", a",
                           "A=1",
                           "1=1",
                           "-a",
                           "a=",
                           "a= 1",
                           "a =1",
                           "a=1 b=2",
                           "a==1",
                           "a=1;",
                           "a=1;P",
                           "a=1; ;b",
                           "a=-",
                           "a=--1",
                           "a=+1",
                           "a=1.",
                           "a=.5",
                           "a=1.1234",
                           "a=1000000000000000",
                           "a=1234567890123.1",
                           "a=\"x",
                           "a=\"x\\y\"",
                           "a=\"x\\",
                           "a=\"\x7f\"",
                           "a=\"\xc3\xa9\"",
                           "a=?2",
                           "a=?",
                           "a=:a",
                           "a=:a b:",
                           "a=(1",
                           "a=(1,2)",
                           "a=(1\"x\")",
                           "a=1)",
                           "a=(1 (2))",
                           "a=@1659578233",
                           "a=%\"x\"",
                           "a=\xc3\xa9",
                           "\ta",
                           "a=1\n",
                           "a=(1;)",
                           "a;b=",
                           "a=\"x\"y"}) {
    INFO(wrong);
    CHECK_FALSE(parse_structured_dictionary(wrong));
  }
}
