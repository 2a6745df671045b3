// The YAML layer: places, what is refused though yaml-cpp takes it, bounds.
#include "proxy/config/yaml.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

std::string errors_of(std::string_view text) {
  Diagnostics diagnostics;
  const auto root = parse_yaml("f", text, diagnostics);
  CHECK((root || !diagnostics.empty()));
  return text_of(diagnostics);
}

YamlNode tree_of(std::string_view text) {
  Diagnostics diagnostics;
  auto root = parse_yaml("f", text, diagnostics);
  INFO(text_of(diagnostics));
  REQUIRE(root);
  return *root;
}

TEST_CASE("every key and value knows its place, counted from 1") {
  const auto root = tree_of("a: 1\nb:\n  - x\n  - { c: \"d\" }\n");
  REQUIRE(root.kind == YamlNode::Kind::map);
  REQUIRE(root.entries.size() == 2);
  CHECK(root.entries[0].key == "a");
  CHECK(root.entries[0].place == Place{1, 1});
  CHECK(root.entries[0].value.place == Place{1, 4});
  const auto& list = root.entries[1].value;
  REQUIRE(list.kind == YamlNode::Kind::list);
  CHECK(list.items[0].text == "x");
  CHECK(list.items[0].place == Place{3, 5});
  CHECK(list.items[1].entries[0].value.text == "d");
  CHECK(list.items[1].entries[0].value.place == Place{4, 10});
}

TEST_CASE("lines may end in CR LF, and a byte order mark is skipped") {
  const auto root = tree_of(
      "\xef\xbb\xbf"
      "a: 1\r\nb: 2\r\n");
  CHECK(root.entries[0].place == Place{1, 1});
  CHECK(root.entries[1].place == Place{2, 1});
  CHECK(root.entries[1].value.text == "2");
}

TEST_CASE("a key without a value is null, at the key") {
  const auto root = tree_of("a:\nb: 1\n");
  CHECK(root.entries[0].value.kind == YamlNode::Kind::null);
  CHECK(root.entries[0].value.place == Place{1, 1});
}

TEST_CASE("an empty file is null") {
  CHECK(tree_of("").kind == YamlNode::Kind::null);
  CHECK(tree_of("# words\n").kind == YamlNode::Kind::null);
}

TEST_CASE("match with methods in brackets is a text, as it stands") {
  struct Row {
    const char* yaml;
    const char* text;
    Place place;
  };
  const Row row = GENERATE(values<Row>({
      {"match: [ PUT, PATCH ] /x/{id}", "[ PUT, PATCH ] /x/{id}", {1, 8}},
      {"match:   [PUT]/x   # words", "[PUT]/x", {1, 10}},
      {"- match: [ PUT, DELETE ] /x", "[ PUT, DELETE ] /x", {1, 10}},
      {"-   match : [ PUT ] /x", "[ PUT ] /x", {1, 13}},
      {"match: \"[ PUT, PATCH ] /x\"", "[ PUT, PATCH ] /x", {1, 8}},
      {"match: '[ PUT ] /x'", "[ PUT ] /x", {1, 8}},
      {"match: |\n  match: [ PUT ] /x", "match: [ PUT ] /x", {1, 8}},
  }));
  CAPTURE(row.yaml);
  auto root = tree_of(row.yaml);
  const YamlNode& map = root.kind == YamlNode::Kind::list ? root.items[0] : root;
  CHECK(map.entries[0].value.kind == YamlNode::Kind::scalar);
  CHECK(map.entries[0].value.text == row.text);
  CHECK(map.entries[0].value.place == row.place);
}

TEST_CASE("match with a list of texts stays a list") {
  const auto root = tree_of("match: [ \"GET /a\", \"[ PUT, PATCH ] /b\" ] # /c");
  const auto& list = root.entries[0].value;
  REQUIRE(list.kind == YamlNode::Kind::list);
  CHECK(list.items[0].text == "GET /a");
  CHECK(list.items[1].text == "[ PUT, PATCH ] /b");
}

TEST_CASE("aliases stand for what they name") {
  const auto root = tree_of("a: &x [ 1, 2 ]\nb: *x\n");
  CHECK(root.entries[1].value.items.size() == 2);
  CHECK(root.entries[1].value.place == Place{2, 4});
}

TEST_CASE("what yaml-cpp would let pass or misplace is refused, with its place") {
  struct Row {
    const char* yaml;
    const char* error;
  };
  const Row row = GENERATE(values<Row>({
      {"a: 1\nb: 2\na: 3\na: 4\n",
       "f:3:1: the key \"a\" a second time (each key once)\nf:4:1: the key \"a\" a second time (each key once)\n"},
      {"a: 1\n<<: { b: 2 }\n", "f:2:1: a merge key (no <<; what all routes share stands under defaults)\n"},
      {"a: 1\n---\nb: 2\n", "f:2:1: a second document (one document a file)\n"},
      {"a: \"x\nb: 1\n", "f:1:4: a quote that is not closed on its line (a quoted text stands on one line)\n"},
      {"a: 'x\nb: 1\n", "f:1:4: a quote that is not closed on its line (a quoted text stands on one line)\n"},
      {"a: \"x\nb: \"y\"\n", "f:1:4: a quote that is not closed on its line (a quoted text stands on one line)\n"},
      {"a: \"x\\\n  y\"\n", "f:1:4: a quote that is not closed on its line (a quoted text stands on one line)\n"},
      {"a: !!int 5\n", "f:1:4: the YAML tag tag:yaml.org,2002:int (no tags)\n"},
      {"a: !x [ 1 ]\n", "f:1:4: the YAML tag !x (no tags)\n"},
      {"[ a ]: 1\n", "f:1:1: a key that is not a text (KEY: VALUE)\n"},
      {"a: &x { b: *x }\n", "f:1:12: an alias inside of what it stands for (aliases of what stands before)\n"},
      {"a: *x\n", "f:1:4: no valid YAML: the referenced anchor is not defined (valid YAML)\n"},
      {"a: 1\n b: 2\n",
       "f:2:3: no valid YAML: illegal map value (KEY: VALUE, indented with spaces like its neighbours)\n"},
      {"a: { m: /x/{id}, b: 1 }\n",
       "f:1:12: no valid YAML: end of map flow not found (in { } and [ ], quotes around a text with any of { } [ ] "
       ",)\n"},
      {"a: 1\nb: \x01\n", "f:2:4: a control byte, \"\\u0001\" (text, and lines that end in LF or CR LF)\n"},
      {"a: 1\rb: 2\r", "f:1:5: a control byte, \"\\r\" (text, and lines that end in LF or CR LF)\n"},
      {"a: \xff\n", "f:1:4: bytes that are not UTF-8 (a text file in UTF-8)\n"},
      {"a: \xed\xa0\x80\n", "f:1:4: bytes that are not UTF-8 (a text file in UTF-8)\n"},
  }));
  CAPTURE(row.yaml);
  CHECK(errors_of(row.yaml) == row.error);
}

TEST_CASE("a NUL byte is a control byte") {
  CHECK(errors_of(std::string_view("a: \0\n", 5)) ==
        "f:1:4: a control byte, \"\\u0000\" (text, and lines that end in LF or CR LF)\n");
}

TEST_CASE("depth, nodes and bytes are bounded") {
  const std::string deep = "a: " + std::string(65, '[') + std::string(65, ']');
  CHECK(errors_of(deep) == "f:1:67: nested too deeply (at most 64 levels)\n");
  CHECK(errors_of(std::string(100'000, '[')).find("nested too deeply") != std::string::npos);
  CHECK(errors_of("a: " + std::string(kMaxConfigBytes, 'x')) == "f:1:1: the file is too large (at most 1 MiB)\n");
  std::string many = "a:\n";
  for (int i = 0; i < 100'001; ++i) many += "- \n";
  CHECK(errors_of(many).find("too many values") != std::string::npos);
}

TEST_CASE("aliases count as what they stand for") {
  std::string bomb = "a: &x0 [ 1, 1, 1, 1, 1, 1, 1, 1, 1 ]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*x" + std::to_string(i - 1);
    bomb += "b" + std::to_string(i) + ": &x" + std::to_string(i) + " [ ";
    for (int j = 0; j < 9; ++j) bomb += before + ", ";
    bomb += before + " ]\n";
  }
  CHECK(errors_of(bomb).find("too many values (at most 100,000, aliases counted") != std::string::npos);

  std::string wide = "a: &x \"" + std::string(500'000, 'x') + "\"\nb: [";
  for (int i = 0; i < 20; ++i) wide += " *x,";
  CHECK(errors_of(wide + " ]\n").find("too much text") != std::string::npos);

  std::string nested = "a: &x [[[[[[[[[[ 1 ]]]]]]]]]]\nb: ";
  for (int i = 0; i < 60; ++i) nested += "[";
  nested += " *x ";
  for (int i = 0; i < 60; ++i) nested += "]";
  CHECK(errors_of(nested).find("nested too deeply") != std::string::npos);
}

}  // namespace
}  // namespace weir
