// The same content in another coding; see recode.h.
#include "proxy/fetch/recode.h"

#include <array>
#include <utility>

#include "proxy/base/check.h"

namespace weir {
namespace {

constexpr std::size_t kLargestPiece = 256 * 1024;       // of one job in the background
constexpr std::size_t kLargestCodedPiece = 16 * 1024;   // the same, to be decoded: it may become 1,000 times as much
constexpr Size kMostKept = 64_MiB;                      // of what was decoded
constexpr unsigned kMostAtOnce = 32;                    // of each kind, on all workers together
constexpr auto kPause = std::chrono::milliseconds(20);  // of a source whose content is kept
constexpr std::uint32_t kHot = 16;                      // hits after which a better form pays
constexpr Size kLargestImproved = 256_KiB;
constexpr unsigned kMostTries = 8;  // against others who change the same object

std::vector<std::string_view> parts_of(const Body& body) {
  std::vector<std::string_view> parts;
  parts.reserve(body.blocks().size());
  for (const Block& block : body.blocks()) parts.push_back(block.view());
  return parts;
}

// A body that isn't clearly smaller isn't worth a client's work, nor the memory.
bool is_gain(Size coded, Size plain) {
  return coded + plain / 32 < plain;
}

std::shared_ptr<Form> form_of(const Object& object, ContentCoding coding, BodyPtr body, const Dictionary* dictionary) {
  auto form = std::make_shared<Form>();
  form->coding = coding;
  if (dictionary != nullptr) form->dictionary = dictionary->hash();
  if (coding == ContentCoding::identity || is_gain(body->size(), object.body->size())) {
    form->head = head_of_form(object, coding, body->size());
    form->body = std::move(body);
  }
  return form;
}

}  // namespace

FormPtr make_form(const Object& object, const CodingPolicy& policy, ContentCoding to,
                  const std::shared_ptr<const Dictionary>& dictionary) {
  const int level = policy.level(to, Effort::fast, object.body->size());
  const auto made = encode(to, level, parts_of(*object.body), dictionary);
  return made ? form_of(object, to, Body::of(*made), dictionary.get()) : nullptr;
}

ObjectPtr hang_on(Store& store, ObjectPtr object, FormPtr form) {
  const auto slot = static_cast<std::size_t>(form->coding);
  for (unsigned tries = 0; tries < kMostTries; ++tries) {
    if (object->forms[slot] && object->forms[slot]->best) return object;
    if (object->forms[slot] && object->forms[slot]->dictionary != form->dictionary) return nullptr;
    auto next = with_form(*object, form);
    if (store.replace(*object, next)) return next;
    ObjectPtr newer;  // renewed, or given another form meanwhile: the same content still
    for (auto& variant : store.variants(object->digest, object->key)) {
      if (variant->body == object->body && variant->etag == object->etag) newer = std::move(variant);
    }
    if (!newer || newer == object) return nullptr;
    object = std::move(newer);
    form = under_head_of(*object, *form);
  }
  return nullptr;
}

RecodingPlace RecodingPlace::take(Node& node, Kind kind) {
  auto& taken = node.recodings[static_cast<std::size_t>(kind)];
  if (taken.fetch_add(1, std::memory_order_relaxed) < kMostAtOnce) return RecodingPlace(taken);
  taken.fetch_sub(1, std::memory_order_relaxed);
  return {};
}

void improve(WorkerContext& worker, const ObjectPtr& object, const Form& form) {
  if (form.best || !form.body || object->body->size() > kLargestImproved ||
      object->hits.load(std::memory_order_relaxed) < kHot || form.coding == ContentCoding::identity ||
      form.coding == ContentCoding::dcz || form.improving.exchange(true, std::memory_order_relaxed))
    return;
  Node& node = worker.node;
  const bool queued = node.background.idle([&node, object, coding = form.coding] {
    const Form& old = *object->form(coding);
    const int level = level_of(coding, Effort::best, object->body->size());
    const auto made = encode(coding, level, parts_of(*object->body));
    if (!made) return;
    auto better = made->size() < old.body->size() ? form_of(*object, coding, Body::of(*made), nullptr)
                                                  : under_head_of(*object, old);  // it is as good as it gets
    better->best = true;
    hang_on(node.store, object, std::move(better));
  });
  if (!queued) form.improving.store(false, std::memory_order_relaxed);
}

void Recoding::start(WorkerContext& worker, Order order) {
  const auto recoding = std::make_shared<Recoding>(worker, std::move(order));
  worker.recodings.insert(recoding);
  recoding->begin();
}

Recoding::Recoding(WorkerContext& worker, Order order)
    : worker_(worker), order_(std::move(order)), pause_(worker.loop, [this] {
        flush_due_ = true;
        pump();
      }) {}

Recoding::~Recoding() = default;

void Recoding::begin() {
  if (order_.from) {
    auto reader = order_.from->join(
        worker_.loop, [this] { pump(); }, true);
    WEIR_CHECK(reader.has_value());  // an owner always gets a place
    reader_ = std::move(*reader);
  }
  order_.into->set_writer(worker_.loop, [this] { pump(); });
  pump();
}

// The head of the coded answer, once the source has one.
bool Recoding::publish(const FlightView& view) {
  if (published_) return true;
  ObjectPtr source = order_.kept;
  bool keep = true;
  int status = 0;
  std::optional<std::uint64_t> size;
  if (order_.from) {
    if (view.stage == FlightView::Stage::empty) return false;
    source = view.draft;
    keep = order_.from->keeps();
    status = view.origin_status;
    size = source->length;
  } else {
    size = source->body->size();
  }
  auto draft = copy_of(*source);
  draft->head = head_of_form(*source, order_.to, std::nullopt);
  draft->head304.clear();
  draft->etag = etag_of_form(source->etag, order_.to);
  draft->length.reset();
  draft->coding = order_.to;
  draft->recodable = false;
  if (order_.to == ContentCoding::identity) {
    decoder_ = Decoder::make(source->coding, {.max_output = ~std::uint64_t{0}});
  } else {
    encoder_ = Encoder::make(order_.to, order_.policy->level(order_.to, keep ? Effort::fast : Effort::stream, size),
                             keep ? size : std::nullopt, order_.dictionary);
  }
  if (!decoder_ && !encoder_) {
    stop({Side::internal, Code::unavailable, "no memory to code with"});
    return false;
  }
  published_ = true;
  order_.into->publish_head(std::move(draft), status, true, keep, std::nullopt);
  return true;
}

Recoding::Piece Recoding::next_piece(const FlightView& view) {
  Piece piece;
  const std::size_t most = decoder_ ? kLargestCodedPiece : kLargestPiece;
  if (order_.kept) {
    const auto blocks = order_.kept->body->blocks();
    while (kept_at_ < blocks.size() && piece.bytes < most) {
      const auto part = blocks[kept_at_].view().substr(kept_offset_, most - piece.bytes);
      piece.in.push_back(part);
      piece.bytes += part.size();
      kept_offset_ += part.size();
      if (kept_offset_ < blocks[kept_at_].used) break;
      ++kept_at_;
      kept_offset_ = 0;
    }
    piece.last = kept_at_ == blocks.size();
    return piece;
  }
  std::array<iovec, 16> pieces;
  const std::size_t count = reader_.peek(pieces);
  for (std::size_t i = 0; i < count && piece.bytes < most; ++i) {
    const std::size_t part = std::min(pieces[i].iov_len, most - piece.bytes);
    piece.in.emplace_back(static_cast<const char*>(pieces[i].iov_base), part);
    piece.bytes += part;
  }
  piece.last = view.stage == FlightView::Stage::complete && reader_.offset() + piece.bytes == view.available;
  return piece;
}

// As long as there is something to read and room for what comes of it.
void Recoding::pump() {
  if (over_ || busy_) return;
  const FlightView view = order_.from ? order_.from->look() : FlightView{};
  if (order_.from) {
    if (view.stage == FlightView::Stage::failed) return stop(*view.error);
    if (reader_.is_cut()) return stop({Side::internal, Code::unavailable, "too slow for the other readers"});
    if (published_ && !order_.from->keeps() && order_.into->keeps()) order_.into->stop_keeping();
  }
  if (!publish(view)) return;
  if (!order_.into->keeps()) {
    if (order_.into->readers() == 0) return stop({Side::client, Code::closed, "nobody waits any more"});
    if (order_.into->room() == 0) return;
  }
  Piece piece = next_piece(view);
  if (piece.bytes == 0 && !piece.last) {  // the source pauses: let out what it said so far
    if (!unflushed_) return;
    if (order_.into->keeps() && !flush_due_) return pause_.set(kPause);
    piece.flush = true;
  }
  flush_due_ = false;
  busy_ = true;
  if (piece.bytes <= kCodedAtOnce && !decoder_) {
    work(piece);
    return worker_.loop.defer([self = shared_from_this(), piece = std::move(piece)]() mutable { self->done(piece); });
  }
  worker_.node.background.urgent([self = shared_from_this(), piece = std::move(piece)]() mutable {
    self->work(piece);
    Loop& loop = self->worker_.loop;
    loop.post([self = std::move(self), piece = std::move(piece)]() mutable { self->done(piece); });
  });
}

void Recoding::work(Piece& piece) {
  Result<void> result;
  for (std::string_view part : piece.in) {
    if (!result) break;
    result = decoder_ ? decoder_->add(part, piece.out) : encoder_->add(part, piece.out);
  }
  if (result && piece.flush && encoder_) result = encoder_->flush(piece.out);
  fed_ = fed_ || piece.bytes > 0;
  // Nothing at all is no error in any coding: there was nothing to say.
  if (result && piece.last && decoder_ && fed_) result = decoder_->finish();
  if (result && piece.last && encoder_) result = encoder_->finish(piece.out);
  if (!result) piece.error = std::move(result).error();
}

void Recoding::done(Piece& piece) {
  busy_ = false;
  if (over_) return reader_.leave();  // stopped meanwhile; the source had to hold still
  if (reader_) reader_.advance(piece.bytes);
  if (!piece.out.empty()) order_.into->append(piece.out);
  made_ += piece.out.size();
  if (order_.into->keeps() && (made_ > kMostKept || worker_.node.flights.crowded())) order_.into->stop_keeping();
  if (piece.error) return stop(std::move(*piece.error));
  unflushed_ = piece.bytes > 0 || (unflushed_ && !piece.flush);
  if (piece.last) return complete();
  pump();
}

// What the source was, and the coded body, become one object with one form more.
void Recoding::complete() {
  Flight::Ending ending;
  ObjectPtr whole = order_.kept;
  if (order_.from) {
    const FlightView view = order_.from->look();
    whole = view.whole;
    ending.trailers = std::string(view.trailers);
  }
  if (whole && order_.into->keeps()) {
    auto body = std::make_shared<const Body>(order_.into->kept_blocks());
    auto form = form_of(*whole, order_.to, std::move(body), order_.dictionary.get());
    hang_on(worker_.node.store, std::move(whole), std::move(form));
  }
  worker_.node.flights.retire(*order_.into);
  order_.into->complete(std::move(ending));
  over();
}

void Recoding::stop(Error error) {
  if (over_) return;
  worker_.node.flights.retire(*order_.into);
  order_.into->fail(std::move(error));
  over();
}

void Recoding::over() {
  over_ = true;
  worker_.loop.defer([self = shared_from_this()] {});  // lives to the end of the call that it is in
  pause_.clear();
  order_.into->leave_writer();
  if (!busy_) reader_.leave();
  worker_.recodings.erase(shared_from_this());
}

}  // namespace weir
