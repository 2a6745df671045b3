// One stored response; see object.h. Here only what is done seldom: reading its fields back, weighing it.
#include "proxy/cache/object.h"

#include "proxy/base/text.h"
#include "proxy/cache/footprint.h"
#include "proxy/http/h1_codec.h"

namespace weir {

// `head` was written by weir's own serialiser, so its lines are whole; anything else is passed over.
void read_fields_of_head(std::string_view head, Fields& fields) {
  std::string_view left = head;
  bool status_line = true;
  while (!left.empty()) {
    const auto end = left.find("\r\n");
    const auto line = left.substr(0, end);
    const auto colon = line.find(':');
    if (!status_line && colon != std::string_view::npos)
      fields.add(line.substr(0, colon), trim(line.substr(colon + 1)));
    status_line = false;
    if (end == std::string_view::npos) break;
    left.remove_prefix(end + 2);
  }
}

Fields Object::fields() const {
  Fields fields;
  read_fields_of_head(head, fields);
  return fields;
}

std::string head_of_304(const Object& object) {
  Fields fields = object.fields();
  fields.remove_if([](const Field& field) {
    switch (field.id) {
      case Name::cache_control:
      case Name::content_location:
      case Name::date:
      case Name::etag:
      case Name::expires:
      case Name::vary:
      case Name::via:
      case Name::cdn_cache_control:
      case Name::last_modified: return false;
      default: return true;
    }
  });
  std::string head;
  static_cast<void>(write_h1_response_head(head, 304, "Not Modified", fields));
  return head;
}

Size Form::footprint() const {
  return allocated(sizeof(Form) + kControlBlock) + heap_of(head) + (body ? body->footprint() : 0);
}

Size Object::footprint() const {
  Size total = allocated(sizeof(Object) + kControlBlock) + heap_of(key) + heap_of(vary_names) + heap_of(vary_values) +
               heap_of(head) + heap_of(head304) + heap_of(etag) + heap_of(last_modified) + heap_of(tags);
  for (const FormPtr& form : forms) total += form ? form->footprint() : 0;
  return total;
}

}  // namespace weir
