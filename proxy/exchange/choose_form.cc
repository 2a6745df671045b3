// Which coding, which part, or nothing at all; see choose_form.h.
#include "proxy/exchange/choose_form.h"

#include "proxy/cache/form.h"
#include "proxy/http/date.h"
#include "proxy/http/validators.h"

namespace weir {
namespace {

bool matches(const Exchange& x, const Object& object, std::string_view etag) {
  const WallTime now = x.worker.loop.now().wall;
  const Fields& fields = x.request->fields;
  if (!object.last_modified.empty()) {
    return evaluate_preconditions(fields, etag, object.last_modified, now) == Precondition::not_modified;
  }
  const DateText date = format_date(object.date);  // serves in its place (RFC 9111 §4.3.2)
  return evaluate_preconditions(fields, etag, {date.data(), date.size()}, now) == Precondition::not_modified;
}

// What the origin coded goes as it is to who likes that no less than the plain content.
bool takes_as_it_is(const Exchange& x, const Object& object) {
  return x.accepted.accepts(object.coding) &&
         x.accepted.q_of(object.coding) >= x.accepted.q_of(ContentCoding::identity);
}

// The dictionary that the client holds, where this answer may be coded by one and dcz is what the client likes best
// (RFC 9842 §2.2).
std::shared_ptr<const Dictionary> shared_dictionary(const Exchange& x, const Object& object, ContentCoding otherwise) {
  RouteDictionaries* const dictionaries = x.snapshot->dictionaries_of(*x.route);
  if (dictionaries == nullptr || !object.body || object.body->size() > RouteDictionaries::kLargest) return {};
  const auto wanted = x.accepted.q_of(ContentCoding::dcz);
  if (wanted == 0 || wanted < x.accepted.q_of(otherwise)) return {};
  const auto hash = parse_available_dictionary(x.request->fields.value(Name::available_dictionary));
  return hash ? dictionaries->find(*hash, key_parts(object.key).host) : nullptr;
}

}  // namespace

ChosenForm choose_form(const Exchange& x, const Object& object) {
  if (!x.route->coding || !object.recodable) return {};
  ContentCoding coding = ContentCoding::identity;
  if (object.coding != ContentCoding::identity) {
    if (takes_as_it_is(x, object) || !x.accepted.accepts(ContentCoding::identity)) return {};
  } else {
    if (x.plain || x.directives.no_transform || !wanted_range(x, object).empty()) return {};
    coding = choose(x.accepted, x.route->coding->order);
    if (auto dictionary = shared_dictionary(x, object, coding)) {
      const FormPtr& form = object.form(ContentCoding::dcz);
      if (!form || form->dictionary != dictionary->hash()) return {nullptr, ContentCoding::dcz, std::move(dictionary)};
      if (form->body) return {form.get(), std::nullopt, nullptr};
    }
    if (coding == ContentCoding::identity) return {};
  }
  const FormPtr& form = object.form(coding);
  if (!form) return {nullptr, coding, nullptr};
  return {form->body ? form.get() : nullptr, std::nullopt, nullptr};
}

bool can_read(const Exchange& x, const Object& object) {
  return !x.route->coding || object.recodable || x.accepted.accepts(object.coding);
}

std::string_view wanted_range(const Exchange& x, const Object& object) {
  const Fields& fields = x.request->fields;
  if (x.request->method != Method::get || object.status != 200 || !fields.has(Name::range)) return {};
  if (object.coding != ContentCoding::identity && x.route->coding && object.recodable && !takes_as_it_is(x, object))
    return {};
  const std::string_view header = range_header(fields);
  if (header.empty() || !fields.has(Name::if_range)) return header;
  const DateText date = format_date(object.date);
  const bool holds = if_range_holds(fields.value(Name::if_range), object.etag, object.last_modified,
                                    {date.data(), date.size()}, x.worker.loop.now().wall);
  return holds ? header : std::string_view();
}

NotModified is_not_modified(const Exchange& x, const Object& object) {
  if (object.status != 200) return {};
  const Fields& fields = x.request->fields;
  if (!fields.has(Name::if_none_match) && !fields.has(Name::if_modified_since)) return {};
  if (matches(x, object, object.etag)) return {.yes = true};
  if (!object.recodable || object.etag.empty() || fields.value(Name::if_none_match).find(';') == std::string_view::npos)
    return {};
  for (const auto coding :
       {ContentCoding::zstd, ContentCoding::br, ContentCoding::gzip, ContentCoding::dcz, ContentCoding::identity}) {
    if (coding != object.coding && matches_any(fields, Name::if_none_match, etag_of_form(object.etag, coding)))
      return {.yes = true, .coding = coding, .made = true};
  }
  return {};
}

}  // namespace weir
