// The forms that texts of the config file must have: names and values of fields, tags, paths.
#pragma once

#include <string_view>

#include "proxy/config/describe.h"
#include "proxy/http/grammar.h"

namespace weir {

bool is_edit_value(std::string_view text);       // may be written as a field's value, and reads back the same
bool is_edited_field(std::string_view text);     // a field that a route may change: not one that frames the message
bool is_forwarded_field(std::string_view text);  // a client's field that may reach the origin, and so may be keyed on
bool is_query_name(std::string_view text);
bool is_route_name(std::string_view text);
bool is_tag(std::string_view text);
bool is_path(std::string_view text);
bool is_media_type(std::string_view text);  // or a pattern of such
bool is_postgres_url_or_empty(std::string_view text);
bool is_database_name(std::string_view text);
bool is_server_name_or_empty(std::string_view text);
bool is_client_name_pattern(std::string_view text);
bool is_tunnelled_protocol(std::string_view text);  // one that weir doesn't speak itself

inline constexpr Format kEditValue{"a field value", "visible characters and spaces, no space at either end",
                                   is_edit_value};
inline constexpr Format kEditedField{"a field that a route may change",
                                     "any but Host and what frames a message or belongs to one connection",
                                     is_edited_field};
inline constexpr Format kForwardedField{
    "a field of clients that may reach the origin",
    "any but those of one connection, those of conditions and ranges, and those that "
    "weir writes itself, as X-Forwarded-For",
    is_forwarded_field};
inline constexpr Format kCookieName{"a cookie name", "a token such as session", is_token};
inline constexpr Format kQueryName{"a query parameter", "a name as it stands in the query, without & = # or spaces",
                                   is_query_name};
inline constexpr Format kRouteName{"a name", "letters, digits, '-', '_' and '.', at most 64", is_route_name};
inline constexpr Format kTag{"a tag", "visible characters without commas and spaces, at most 256", is_tag};
inline constexpr Format kPath{"a path", "what begins with /, as in /api/videos/${id}", is_path};

inline constexpr Format kPostgresUrl{"a PostgreSQL URL", "postgres://user:password@host:5432/database",
                                     is_postgres_url_or_empty};
inline constexpr Format kDatabaseName{"a name in a database", "at most 63 bytes, not empty", is_database_name};

inline constexpr Format kServerName{"a server's name", "a host name or an IP address, as in api.internal",
                                    is_server_name_or_empty};
inline constexpr Format kClientName{"a name of clients", "a URI such as spiffe://mesh/ns/web/* or a DNS name",
                                    is_client_name_pattern};
inline constexpr Format kUpgradeProtocol{"a protocol", "what Upgrade may name, as websocket; not HTTP or TLS",
                                         is_tunnelled_protocol};

inline constexpr Format kMediaType{"a media type", "a type such as application/json, text/* or *+json", is_media_type};

}  // namespace weir
