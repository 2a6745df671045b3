// Requests of weir's own; see warm.h.
#include "proxy/server/warm.h"

#include <utility>

namespace weir {

std::unique_ptr<WarmRequest> WarmRequest::start(WorkerContext& worker, std::string url,
                                                Callback<void(WarmResult)> done) {
  auto request = std::make_unique<WarmRequest>(worker, std::move(url), std::move(done));
  request->begin();
  return request;
}

WarmRequest::WarmRequest(WorkerContext& worker, std::string url, Callback<void(WarmResult)> done)
    : worker_(worker),
      url_(std::move(url)),
      done_(std::move(done)),
      exchange_(worker, *this),
      began_(worker.loop.now().mono) {}

WarmRequest::~WarmRequest() = default;

void WarmRequest::begin() {
  const std::string_view url = url_;
  const auto path = url.find('/');
  head_.method = Method::get;
  head_.method_text = "GET";
  head_.authority = url.substr(0, path);
  const auto target = path == std::string_view::npos ? std::string_view("/") : url.substr(path);
  const auto query = target.find('?');
  head_.path = target.substr(0, query);
  head_.has_query = query != std::string_view::npos;
  if (head_.has_query) head_.query = target.substr(query + 1);
  exchange_.begin(head_, Client{"127.0.0.1"});
}

void WarmRequest::start(const ResponseStart& response) {
  result_.status = response.status;
}

std::size_t WarmRequest::send_some(std::span<const iovec> pieces) {
  std::size_t taken = 0;
  for (const iovec& piece : pieces) taken += piece.iov_len;
  return taken;
}

void WarmRequest::abort() {
  result_.error = "the answer was cut short";
}

// The exchange is on the stack: the answer goes out after this turn's work.
void WarmRequest::exchange_over() {
  result_.took = worker_.loop.now().mono - began_;
  worker_.loop.defer([done = std::move(done_), result = std::move(result_)]() mutable { done(std::move(result)); });
}

}  // namespace weir
