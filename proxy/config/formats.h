// The forms that texts of the config file must have: names and values of fields, tags, paths.
#pragma once

#include <string_view>

#include "proxy/config/describe.h"

namespace weir {

bool is_token(std::string_view text);            // RFC 9110 §5.6.2
bool is_field_value(std::string_view text);      // visible, spaces, tabs; not at either end
bool is_edited_field(std::string_view text);     // a field that a route may change: not one that frames the message
bool is_forwarded_field(std::string_view text);  // a client's field that may reach the origin at all
bool is_keyed_field(std::string_view text);
bool is_query_name(std::string_view text);
bool is_route_name(std::string_view text);
bool is_tag(std::string_view text);
bool is_path(std::string_view text);

inline constexpr Format kFieldName{"a field name", "a token such as X-Trace", is_token};
inline constexpr Format kFieldValue{"a field value", "visible characters and spaces, none at either end",
                                    is_field_value};
inline constexpr Format kEditedField{"a field that a route may change",
                                     "any but Host and those that frame a message or belong to one connection",
                                     is_edited_field};
inline constexpr Format kForwardedField{"a field that may reach the origin",
                                        "any but those of one connection and those that weir writes itself",
                                        is_forwarded_field};
inline constexpr Format kKeyedField{"a field to key on", "a token such as Accept-Language; Host is in the key already",
                                    is_keyed_field};
inline constexpr Format kCookieName{"a cookie name", "a token such as session", is_token};
inline constexpr Format kQueryName{"a query parameter", "a name without & = # or spaces", is_query_name};
inline constexpr Format kRouteName{"a route name", "letters, digits, '-', '_' and '.', at most 64", is_route_name};
inline constexpr Format kTag{"a tag", "visible characters without spaces or commas, at most 256", is_tag};
inline constexpr Format kPath{"a path", "a path that begins with /, as in /api/videos/${id}", is_path};

}  // namespace weir
