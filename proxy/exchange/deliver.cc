// deliver and stream: the answer goes to the client, from a kept object in one piece, or from a flight as its body
// arrives; in the coding and the part that this client gets.
#include <algorithm>
#include <array>

#include "proxy/exchange/answer.h"
#include "proxy/fetch/recode.h"

namespace weir {
namespace {

Next over(Exchange& x) {
  x.channel.finish({});
  x.step = &kFinish;
  return Next::run;
}

// A form that weir made, in place of the object's own body.
void deliver_form(Exchange& x, const Object& object, const Form& form) {
  start_answer(x, object, {object.status, form.head, form.body->size(), true});
  if (body_follows(x, x.status)) {
    x.channel.send_whole(form.body);
    x.body_bytes = form.body->size();
  }
  improve(x.worker, x.answer, form);
}

// What a GET would be told of a form that isn't made yet.
void deliver_head_of_form(Exchange& x, const Object& object, ContentCoding coding) {
  const std::string head = head_of_form(object, coding, std::nullopt);
  start_answer(x, object, {object.status, head, std::nullopt, false});
}

Next deliver(Exchange& x) {
  const Object& object = *x.answer;
  if (const auto found = is_not_modified(x, object); found.yes) {
    start_not_modified(x, object, found);
    return over(x);
  }
  const ChosenForm chosen = choose_form(x, object);
  if (chosen.missing && (body_follows(x, object.status) || object.body->size() <= kCodedAtOnce)) {
    x.step = &kRecode;
    return Next::run;
  }
  if (chosen.missing) {
    deliver_head_of_form(x, object, *chosen.missing);
  } else if (chosen.form != nullptr) {
    deliver_form(x, object, *chosen.form);
  } else if (!deliver_range(x, object)) {
    start_answer(x, object, {object.status, object.head, object.body->size(), object.length.has_value()});
    if (body_follows(x, x.status)) {
      x.channel.send_whole(object.body);
      x.body_bytes = object.body->size();
    }
  }
  return over(x);
}

// Of the pieces that are there, those that belong to the part that is asked for.
std::size_t cut_to_part(std::span<iovec> pieces, std::uint64_t left) {
  std::size_t count = 0;
  for (; count < pieces.size() && left > 0; ++count) {
    pieces[count].iov_len = static_cast<std::size_t>(std::min<std::uint64_t>(pieces[count].iov_len, left));
    left -= pieces[count].iov_len;
  }
  return count;
}

// One range of a body that arrives, and whose length is known: from when its first byte is there. False: the whole is
// sent, for several ranges as well.
bool start_part_of(Exchange& x, const Object& draft) {
  const auto header = wanted_range(x, draft);
  if (header.empty() || !draft.length) return false;
  const Ranges ranges = resolve_range(header, *draft.length);
  if (std::holds_alternative<Unsatisfiable>(ranges)) {
    x.part_left = 0;
    refuse_range(x, draft, *draft.length);
    return true;
  }
  const auto* parts = std::get_if<ByteRanges>(&ranges);
  if (parts == nullptr || parts->size() > 1) return false;
  const ByteRange& part = (*parts)[0];
  x.part_left = part.length();
  start_answer(x, draft, {206, head_of_part(x, draft, part, draft.length), part.length(), false});
  x.reader.advance(part.first);
  return true;
}

// Nothing of the body is for this client; the fetch goes on for the store, if it may.
Next start_streaming(Exchange& x, const FlightView& view) {
  const Object& draft = *view.draft;
  if (x.eligibility.lookup) {
    if (const auto found = is_not_modified(x, draft); found.yes) {
      start_not_modified(x, draft, found);
      return over(x);
    }
  }
  if (!x.recoded) {
    const ChosenForm chosen = choose_form(x, draft);
    if (chosen.missing && !body_follows(x, draft.status)) {
      deliver_head_of_form(x, draft, *chosen.missing);
      return over(x);
    }
    if (chosen.missing && recode_flight(x, *chosen.missing)) return Next::run;
    if (chosen.missing == ContentCoding::identity) return x.refuse(503, "too much is being decoded");
  }
  x.started = true;
  if (!x.recoded && x.eligibility.lookup && start_part_of(x, draft)) return Next::run;
  start_answer(x, draft, {draft.status, draft.head, draft.length, draft.length.has_value()});
  return body_follows(x, x.status) ? Next::run : over(x);
}

// The client must not take what it got for whole.
Next give_up(Exchange& x) {
  x.cut = true;
  x.channel.abort();
  x.step = &kFinish;
  return Next::run;
}

Next stream(Exchange& x) {
  const FlightView view = x.reader.flight().look();
  if (!x.started) {
    if (view.stage == FlightView::Stage::empty) return Next::wait;
    if (view.stage == FlightView::Stage::failed && (x.recoded || !view.draft)) return x.refuse(*view.error);
    const Next next = start_streaming(x, view);
    if (!x.started || x.step != &kStream) return next;
  }
  if (x.reader.is_cut()) return give_up(x);
  if (!pass_on(x)) return Next::wait;
  if (x.part_left == 0) return over(x);
  if (view.stage == FlightView::Stage::head) return Next::wait;
  if (x.reader.offset() < view.available) return Next::run;
  if (view.stage == FlightView::Stage::failed) return give_up(x);
  x.channel.finish(view.trailers);
  x.step = &kFinish;
  return Next::run;
}

}  // namespace

const Step kDeliver{"deliver", deliver};
const Step kStream{"stream", stream};

// As much as is there and the channel takes: until it takes nothing, since only then it says when it has room again.
// True: nothing is left to send of what there is.
bool pass_on(Exchange& x) {
  std::array<iovec, 16> pieces;
  for (;;) {
    std::size_t count = x.reader.peek(pieces);
    if (x.part_left) count = cut_to_part({pieces.data(), count}, *x.part_left);
    if (count == 0) return true;
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) offered += pieces[i].iov_len;
    const std::size_t taken = x.channel.send_some({pieces.data(), count});
    x.reader.advance(taken);
    x.body_bytes += taken;
    if (x.part_left) *x.part_left -= taken;
    if (taken == 0) return false;
    if (taken == offered && count < pieces.size()) return true;
  }
}

}  // namespace weir
