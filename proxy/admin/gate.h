// Who may call the admin endpoint (hostile.md 41): decided from the head alone, before a byte of the body is read.
#pragma once

#include <optional>

#include "proxy/admin/admin_request.h"
#include "proxy/config/config.h"

namespace weir {

// The refusal, or nothing where the call may go on. Host must be an address, localhost or what the config says (no DNS
// rebinding); Origin, where a browser sends one, the same (no CSRF); the token right, but for /health and /ready.
std::optional<AdminReply> refusal(const AdminRequest& request, const AdminConfig& config);

bool is_allowed_host(std::string_view authority, const AdminConfig& config);
bool has_token(std::string_view authorization, std::string_view token);

}  // namespace weir
