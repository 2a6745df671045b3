// No spelling of Accept-Encoding goes out of range; order and case don't count; a refusal is never undone by more
// words.
#include <algorithm>
#include <array>
#include <string>

#include "proxy/base/text.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/grammar.h"
#include "proxy/http/type_list.h"
#include "tests/fuzz/fuzz.h"

using namespace weir;

namespace {

constexpr std::array kCodings{ContentCoding::identity, ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd,
                              ContentCoding::dcz};

AcceptedCodings parse(std::initializer_list<std::string_view> lines) {
  Fields fields;
  for (const auto line : lines) fields.add(Name::accept_encoding, line);
  return parse_accept_encoding(fields);
}

void check_choice(const AcceptedCodings& accepted) {
  for (const std::uint16_t q : accepted.q) WEIR_CHECK(q <= 1000);
  const ContentCoding chosen = choose(accepted, kCodings);
  WEIR_CHECK(chosen == ContentCoding::identity || accepted.accepts(chosen));
  for (const ContentCoding coding : kCodings) WEIR_CHECK(accepted.q_of(coding) <= accepted.q_of(chosen));
}

}  // namespace

std::span<const std::string_view> weir::test::fuzz_words() {
  static constexpr std::array<std::string_view, 22> kWords{
      "gzip", "x-gzip", "br", "zstd",  "dcz", "dcb", "deflate", "identity", "*", ",",     ", ",
      ";q=0", ";q=1",   "q=", "0.001", "1.0", ";",   " ;\tq=",  "text/",    "/", "+json", "application/json"};
  return kWords;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto line = weir::test::text_of(data, size);
  (void)compresses_well(line);
  if (!is_field_value(line)) return 0;  // no codec lets it through
  const auto accepted = parse({line});
  check_choice(accepted);
  WEIR_CHECK(parse({lower(line)}) == accepted);
  WEIR_CHECK(parse({line, line}) == accepted);
  WEIR_CHECK(parse({line, "br"}) == parse({"br", line}));
  for (const auto coding : kCodings) {
    const std::string refusal = std::string(word_of(coding)) + ";q=0";
    WEIR_CHECK(!parse({line, refusal}).accepts(coding));
    WEIR_CHECK(!parse({refusal, line}).accepts(coding));
  }
  return 0;
}
