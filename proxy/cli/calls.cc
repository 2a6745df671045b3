// The table of calls, in the order in which help lists them; see calls.h.
#include "proxy/cli/calls.h"

#include <algorithm>
#include <array>

#include "proxy/cli/client.h"

namespace weir {
namespace {

constexpr OptionType kConfig{"config", 'c', "FILE", "the config file"};

constexpr std::array kRunOptions{
    kConfig,
    OptionType{"origin", 0, "URL", "instead of a file: one upstream, standard HTTP caching, 256 MiB of memory"},
    OptionType{"listen", 0, "ADDR:PORT", "with --origin: where to listen; 127.0.0.1:8080 where not given"},
    OptionType{"admin", 0, "ADDR:PORT",
               "with --origin: the admin endpoint, on a loopback address; else 127.0.0.1:9090"},
};
constexpr std::array kCheckOptions{kConfig};
constexpr std::array kExplainOptions{
    kConfig,
    OptionType{"header", 'H', "'NAME: VALUE'", "a header of the request; may be given several times"},
    OptionType{"json", 0, "", "prints JSON"},
};
constexpr std::array kPurgeOptions{
    OptionType{"tag", 0, "TAG", "what carries this tag; may be given several times"},
    OptionType{"url", 0, "URL", "http://host/path?query, or /path on any host; may be given several times"},
    OptionType{"prefix", 0, "PREFIX", "all whose path (or host and path) begins so"},
    OptionType{"pattern", 0, "GLOB", "all whose path (or host and path) matches: * any run, ? any one character"},
    OptionType{"all", 0, "", "everything"},
    OptionType{"soft", 0, "", "marks it stale instead: it may still be served while it is refreshed"},
    OptionType{"wait", 0, "DURATION", "returns when every live node has applied it, and names those that have not"},
    kAdminOption,
};
constexpr std::array kWarmOptions{kAdminOption};
constexpr std::array kStatsOptions{OptionType{"json", 0, "", "prints JSON"}, kAdminOption};
constexpr std::array kTopOptions{OptionType{"once", 0, "", "prints one view and ends"}, kAdminOption};
constexpr std::array kReloadOptions{kAdminOption};
constexpr std::array kSchemaOptions{
    OptionType{"markdown", 0, "", "prints the reference page (docs/config.md) instead"},
    OptionType{"reference", 0, "", "prints a config file with each option and its default instead"},
};
constexpr std::array kPostgresSqlOptions{
    OptionType{"role", 0, "NAME", "who listens, exactly as the database calls it; gets the rights it needs"},
    OptionType{"schema", 0, "NAME", "where the outbox stands; weir where not given"},
    OptionType{"keep", 0, "DURATION", "how long rows are kept for a listener that is away; 1d where not given"},
    OptionType{"no-notify", 0, "", "without NOTIFY: for PREPARE TRANSACTION, or many commits; weir looks each second"},
};

constexpr std::array kCalls{
    Call{"run", "-c FILE | --origin URL [--listen ADDR:PORT] [--admin ADDR:PORT]",
         "serves in the foreground until SIGTERM or SIGINT",
         "SIGHUP reloads the file: a bad one changes nothing. SIGUSR1 opens the access log anew. SIGTERM lets requests "
         "under way end first; a second one doesn't.",
         kRunOptions, 0, 0, run_call},
    Call{"check", "-c FILE", "says what is wrong with a config file",
         "Prints each error as FILE:LINE:COL: what is wrong (what would be right), and exits with 1 if there is any.",
         kCheckOptions, 0, 0, check_call},
    Call{"explain", "-c FILE 'GET /path?query' [-H 'NAME: VALUE']...", "says what a config file does with a request",
         "Prints the route, upstream, cache key, policy, tags and filters, each with its place in the file. Sends "
         "nothing.",
         kExplainOptions, 1, 1, explain_call},
    Call{"purge", "--tag TAG... | --url URL... | --prefix P | --pattern GLOB | --all",
         "makes a running weir forget what it keeps",
         "Once it returns, nothing that was fetched before is served as fresh. Kinds may be mixed. The token of the "
         "admin "
         "endpoint is read from $WEIR_ADMIN_TOKEN.",
         kPurgeOptions, 0, 0, purge_call},
    Call{"warm", "FILE|-", "fetches a list of URLs through the cache",
         "One URL a line: http://host/path?query with the host that clients use, or /path for the host of the first "
         "listener. Blank lines and lines that begin with # are passed over. Exits with 1 if any failed.",
         kWarmOptions, 1, 1, warm_call},
    Call{"stats", "[--json]", "shows what a running weir has done so far", "", kStatsOptions, 0, 0, stats_call},
    Call{"top", "[--once]", "shows what a running weir does, live",
         "Requests a second, hit rate, latencies, the busiest routes and the hottest keys; Ctrl-C ends it.",
         kTopOptions, 0, 0, top_call},
    Call{"reload", "", "has a running weir read its config file anew", "A bad file changes nothing.", kReloadOptions, 0,
         0, reload_call},
    Call{"schema", "[--markdown | --reference]", "prints the JSON Schema of the config file, for editors", "",
         kSchemaOptions, 0, 0, schema_call},
    Call{"postgres-sql", "TABLE:TAG[,TAG...]... [--role NAME] [--schema NAME]",
         "prints SQL: triggers that tell weir which tags a change of a table makes invalid",
         "As in: weir postgres-sql --role weir 'videos:video:{id},trending' | psql. {column} stands for the row's "
         "value; a "
         "table may be schema.table; names are read as in SQL, so odd ones want double quotes. Prints only; "
         "docs/postgres.md says how it works.",
         kPostgresSqlOptions, 1, 1000, postgres_sql_call},
    Call{"version", "", "prints the version", "", {}, 0, 0, version_call},
    Call{"help", "[CALL]", "prints this, or more on one call", "", {}, 0, 1, help_call},
};

}  // namespace

std::span<const Call> all_calls() {
  return kCalls;
}

const Call* find_call(std::string_view name) {
  const auto found = std::find_if(kCalls.begin(), kCalls.end(), [&](const Call& call) { return call.name == name; });
  return found == kCalls.end() ? nullptr : &*found;
}

}  // namespace weir
