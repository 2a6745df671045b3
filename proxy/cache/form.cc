// Codings of one content; see form.h.
#include "proxy/cache/form.h"

#include "proxy/base/text.h"
#include "proxy/http/cache_control.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/validators.h"

namespace weir {
namespace {

// A digest of the bytes as they are sent; another coding has other bytes.
bool is_digest(const Field& field) {
  return field.id == Name::other &&
         (equals_ignoring_case(field.name, "Content-MD5") || equals_ignoring_case(field.name, "Content-Digest") ||
          equals_ignoring_case(field.name, "Repr-Digest") || equals_ignoring_case(field.name, "Digest"));
}

// Where weir's own ending begins, within the quotes; npos where there is none.
std::size_t ending_of(std::string_view etag, ContentCoding& coding) {
  if (!etag.starts_with("W/") || etag.back() != '"') return std::string_view::npos;  // weir's own are weak
  const auto at = etag.rfind(';');
  if (at == std::string_view::npos) return at;
  const auto named = content_coding_of(etag.substr(at + 1, etag.size() - at - 2));
  if (!named) return std::string_view::npos;
  coding = *named;
  return at;
}

std::string_view without_weak(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

void add_text(std::string& out, int status, std::string_view reason, const Fields& fields) {
  static_cast<void>(write_h1_response_head(out, status, reason, fields));
}

}  // namespace

std::optional<ContentCoding> coding_of(const Fields& response) {
  if (!response.has(Name::content_encoding)) return ContentCoding::identity;
  if (response.count(Name::content_encoding) > 1) return std::nullopt;
  const auto coding = content_coding_of(trim(response.value(Name::content_encoding)));
  return coding == ContentCoding::dcz ? std::nullopt : coding;  // by a dictionary that weir doesn't know
}

bool may_be_recoded(int status, const Fields& response) {
  if (status < 200 || status == 204 || status == 205 || status == 206 || status == 304) return false;
  if (response.has(Name::content_range) || !coding_of(response)) return false;
  for (const Field& field : response) {
    if (is_digest(field)) return false;
  }
  return !parse_response_cache_control(response).no_transform;
}

void name_in_vary(Fields& response, bool dictionaries) {
  bool encoding = false, dictionary = !dictionaries;
  for (const Field& field : response) {
    if (field.id != Name::vary) continue;
    for_each_member(field.value, [&](std::string_view name) {
      encoding = encoding || name == "*" || equals_ignoring_case(name, text_of(Name::accept_encoding));
      dictionary = dictionary || name == "*" || equals_ignoring_case(name, text_of(Name::available_dictionary));
    });
  }
  if (!encoding && !dictionary) {
    response.add(Name::vary, "Accept-Encoding, Available-Dictionary");
  } else if (!encoding || !dictionary) {
    response.add(Name::vary, text_of(encoding ? Name::available_dictionary : Name::accept_encoding));
  }
}

std::string etag_of_form(std::string_view etag, ContentCoding coding) {
  if (!parse_entity_tag(etag)) return {};
  const auto quoted = without_weak(etag);
  std::string own = "W/";
  own.append(quoted.substr(0, quoted.size() - 1)).append(";").append(word_of(coding)).append("\"");
  return own;
}

std::string etag_of_origin(std::string_view etag) {
  ContentCoding coding{};
  const auto end = ending_of(etag, coding);
  if (end == std::string_view::npos) return std::string(etag);
  std::string theirs(without_weak(etag.substr(0, end)));
  return theirs + "\"";
}

std::optional<ContentCoding> coding_in_etag(std::string_view etag) {
  ContentCoding coding{};
  if (ending_of(etag, coding) == std::string_view::npos) return std::nullopt;
  return coding;
}

std::string head_of_form(const Object& object, ContentCoding coding, std::optional<std::uint64_t> length) {
  const std::string etag = etag_of_form(object.etag, coding);
  const std::string digits = length ? std::to_string(*length) : std::string();
  Fields fields = object.fields();
  fields.remove(Name::content_length);
  fields.remove(Name::content_encoding);
  fields.remove(Name::accept_ranges);
  fields.remove(Name::etag);
  if (!etag.empty()) fields.add(Name::etag, etag);
  if (coding != ContentCoding::identity) fields.add(Name::content_encoding, word_of(coding));
  std::string head;
  add_text(head, object.status, reason_phrase(object.status), fields);
  if (length) head.append("Content-Length: ").append(digits).append("\r\n");
  return head;
}

std::string head304_of_form(const Object& object, ContentCoding coding) {
  const std::string etag = etag_of_form(object.etag, coding);
  const std::string plain = object.head304.empty() ? head_of_304(object) : object.head304;
  Fields fields;
  read_fields_of_head(plain, fields);
  fields.remove(Name::etag);
  if (!etag.empty()) fields.add(Name::etag, etag);
  std::string head;
  add_text(head, 304, "Not Modified", fields);
  return head;
}

std::shared_ptr<Form> under_head_of(const Object& object, const Form& form) {
  auto other = std::make_shared<Form>();
  other->coding = form.coding;
  other->best = form.best;
  other->dictionary = form.dictionary;
  other->body = form.body;
  if (form.body) other->head = head_of_form(object, form.coding, form.body->size());
  return other;
}

std::shared_ptr<Object> successor_of(const Object& old) {
  auto object = std::make_shared<Object>();
  object->key = old.key;
  object->digest = old.digest;
  object->vary_names = old.vary_names;
  object->vary_values = old.vary_values;
  object->tags = old.tags;
  object->body = old.body;
  object->coding = old.coding;
  object->recodable = old.recodable;
  object->is_dictionary = old.is_dictionary;
  object->hits.store(old.hits.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return object;
}

std::shared_ptr<Object> copy_of(const Object& old) {
  auto object = successor_of(old);
  object->status = old.status;
  object->head = old.head;
  object->length = old.length;
  object->head304 = old.head304;
  object->etag = old.etag;
  object->last_modified = old.last_modified;
  object->date = old.date;
  object->forms = old.forms;
  object->life = old.life;
  object->position = old.position;
  object->checked.store(old.checked.load(std::memory_order_relaxed), std::memory_order_relaxed);
  object->uses.store(old.uses.load(std::memory_order_relaxed), std::memory_order_relaxed);
  object->soft_since.store(old.soft_since.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return object;
}

std::shared_ptr<Object> with_form(const Object& object, const FormPtr& form) {
  auto next = copy_of(object);
  next->forms[static_cast<std::size_t>(form->coding)] = form;
  return next;
}

}  // namespace weir
