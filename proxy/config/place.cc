// How a diagnostic is written, and in what order; see place.h.
#include "proxy/config/place.h"

#include <algorithm>
#include <tuple>

namespace weir {

std::string Diagnostic::text() const {
  std::string out = file;
  if (place) out += (file.empty() ? "" : ":") + std::to_string(place.line) + ":" + std::to_string(place.column);
  if (!out.empty()) out += ": ";
  if (severity == Severity::warning) out += "warning: ";
  out += what;
  if (!right.empty()) out += " (" + right + ")";
  return out;
}

Diagnostic diagnose(std::string file, Place place, std::string_view detail) {
  const auto verb = detail.rfind(" is not ");  // quoted text before it may hold anything
  const auto colon = detail.find(": ", verb == std::string_view::npos ? 0 : verb);
  Diagnostic made{Diagnostic::Severity::error, std::move(file), place, std::string(detail.substr(0, colon)), {}};
  if (colon != std::string_view::npos) made.right = detail.substr(colon + 2);
  return made;
}

namespace {

bool has(const Diagnostics& diagnostics, Diagnostic::Severity severity) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [&](const Diagnostic& d) { return d.severity == severity; });
}

}  // namespace

bool has_errors(const Diagnostics& diagnostics) {
  return has(diagnostics, Diagnostic::Severity::error);
}

bool has_expired(const Diagnostics& diagnostics) {
  return has(diagnostics, Diagnostic::Severity::expired);
}

void put_in_order(Diagnostics& diagnostics) {
  const auto order = [](const Diagnostic& d) {
    return std::make_tuple(!d.place, std::tie(d.place.line, d.place.column, d.severity, d.what, d.right));
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return order(a) < order(b); });
  const auto same = [&](const Diagnostic& a, const Diagnostic& b) { return order(a) == order(b); };
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end(), same), diagnostics.end());
  if (diagnostics.size() <= kMostDiagnostics) return;
  const auto worst = has_errors(diagnostics) ? Diagnostic::Severity::error : Diagnostic::Severity::warning;
  std::erase_if(diagnostics, [&](const Diagnostic& d) { return d.severity > worst; });  // warnings go first
  const std::string file = diagnostics.front().file;
  diagnostics.resize(std::min(diagnostics.size(), kMostDiagnostics));
  diagnostics.push_back({worst, file, {}, "there is more, which is not shown", {}});
}

std::string text_of(const Diagnostics& diagnostics) {
  std::string out;
  for (const auto& diagnostic : diagnostics) out += diagnostic.text() + "\n";
  return out;
}

}  // namespace weir
