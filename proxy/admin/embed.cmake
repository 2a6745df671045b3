# Turns the file PAGE into the C++ source SOURCE that defines kDashboardPage: see dashboard.h.
file(READ "${PAGE}" page)
file(WRITE "${SOURCE}" "// Made from dashboard.html.
#include \"proxy/admin/dashboard.h\"

namespace weir {
const std::string_view kDashboardPage = R\"html(${page})html\";
}
")
