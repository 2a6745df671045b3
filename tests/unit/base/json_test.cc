// JSON as it is written: commas, nesting, strings of any bytes, numbers.
#include "proxy/base/json.h"

#include <limits>

#include "tests/support/catch.h"

using namespace weir;
using namespace std::string_literals;

TEST_CASE("objects and arrays get their commas", "[json]") {
  JsonWriter json;
  json.begin_object();
  json.field("a", 1).field("b", true).key("c").begin_array().value("x").value(2U).null().begin_object().end_object();
  json.end_array().key("d").raw("[0]").field("e", -5L).end_object();
  CHECK(json.text() == R"({"a":1,"b":true,"c":["x",2,null,{}],"d":[0],"e":-5})");
  CHECK(json.take() == R"({"a":1,"b":true,"c":["x",2,null,{}],"d":[0],"e":-5})");
}

TEST_CASE("a string is valid JSON whatever its bytes", "[json]") {
  const auto quoted = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  CHECK(quoted("") == R"("")");
  CHECK(quoted("a\"\\/\b\f\n\r\t") == R"("a\"\\/\b\f\n\r\t")");
  CHECK(quoted("\0\x1f\x7f"s) == R"("\u0000\u001f\u007f")");
  CHECK(quoted("ü€𝄞") == "\"ü€𝄞\"");
  CHECK(quoted("a\xff"
               "b\xc3") ==
        "\"a\xef\xbf\xbd"
        "b\xef\xbf\xbd\"");
}

TEST_CASE("numbers", "[json]") {
  const auto written = [](auto n) { return JsonWriter().value(n).take(); };
  CHECK(written(0.5) == "0.5");
  CHECK(written(2.0) == "2");
  CHECK(written(1.23456) == "1.235");
  CHECK(written(-0.0001) == "0");
  CHECK(written(100.0) == "100");
  CHECK(written(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(written(std::numeric_limits<double>::infinity()) == "null");
  CHECK(written(std::numeric_limits<double>::max()).size() == 309);
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}
