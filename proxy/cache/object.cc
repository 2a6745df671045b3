// One stored response; see object.h. Here only what is done seldom: reading its fields back, weighing it.
#include "proxy/cache/object.h"

#include "proxy/base/text.h"
#include "proxy/cache/footprint.h"

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

Size Object::footprint() const {
  return allocated(sizeof(Object) + kControlBlock) + heap_of(key) + heap_of(vary_names) + heap_of(vary_values) +
         heap_of(head) + heap_of(head304) + heap_of(etag) + heap_of(last_modified) + heap_of(tags);
}

}  // namespace weir
