// Traces wait here between the thread that has a conversation and the one that shows it. Lesson 5.
// The conversation only ever leaves a copy behind. It takes a lock that nobody holds while waiting
// for a peer, so a reader that is slow, or gone, cannot hold it up.
#include "lab/lab.hpp"

#include <algorithm>

namespace lab {

// Only what a page makes by chance: all who know it may look on, so it has to be hard to guess.
std::string_view lab_token(const ws::Request& request) {
    constexpr std::size_t digits = 32;
    constexpr std::string_view name = "lab=";
    for (const std::string_view part : ws::split(request.query, '&')) {
        if (!part.starts_with(name)) continue;
        const std::string_view token = part.substr(name.size());
        const bool hex = token.find_first_not_of("0123456789abcdef") == token.npos;
        return token.size() == digits && hex ? token : std::string_view{};
    }
    return {};
}

ws::Buffer trace_message(ws::Direction direction, ws::Bytes bytes) {
    const TraceMark mark =
        direction == ws::Direction::from_client ? TraceMark::from_client : TraceMark::from_server;
    ws::Buffer message(1 + bytes.size());
    message[0] = static_cast<std::uint8_t>(mark);
    std::ranges::copy(bytes, message.begin() + 1);
    return message;
}

Traces::Reader::Reader(Traces& traces, std::string_view token) : traces_{traces}, token_{token} {
    const std::lock_guard lock{traces_.mutex_};
    auto& readers = traces_.readers_;
    if (token.empty()) {
        end_ = no_token;
    } else if (readers.size() >= max_trace_readers) {
        end_ = too_many_readers;
    } else if (!readers.try_emplace(token_, this).second) {
        end_ = token_in_use;
    } else {
        waiting_.push_back({static_cast<std::uint8_t>(TraceMark::ready)});
        waiting_bytes_ = waiting_.back().size();
    }
}

Traces::Reader::~Reader() {
    const std::lock_guard lock{traces_.mutex_};
    const auto found = traces_.readers_.find(token_);
    if (found != traces_.readers_.end() && found->second == this) traces_.readers_.erase(found);
}

std::optional<ws::Buffer> Traces::Reader::next() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return end_ || !waiting_.empty(); });
    if (end_) return std::nullopt;
    ws::Buffer message = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= message.size();
    return message;
}

TraceEnd Traces::Reader::end() const {
    const std::lock_guard lock{mutex_};
    return end_.value_or(TraceEnd{});
}

void Traces::Reader::add(ws::Direction direction, ws::Bytes bytes) {
    {
        const std::lock_guard lock{mutex_};
        if (end_) return;
        if (waiting_bytes_ + bytes.size() < max_trace_bytes) {
            waiting_.push_back(trace_message(direction, bytes));
            waiting_bytes_ += waiting_.back().size();
            changed_.notify_one();
            return;
        }
    }
    finish(reader_too_slow);
}

void Traces::Reader::finish(TraceEnd end) {
    const std::lock_guard lock{mutex_};
    if (!end_) end_ = end;
    waiting_.clear();
    waiting_bytes_ = 0;
    changed_.notify_one();
}

ws::Tracer::Tap Traces::tap(std::string_view token) {
    const std::lock_guard lock{mutex_};
    const auto found = readers_.find(token);
    if (found == readers_.end() || !found->second->take()) return {};
    // By name, and not by address: the reader may go before the conversation ends.
    return [this, name = std::string{token}](ws::Direction direction, ws::Bytes bytes) {
        const std::lock_guard again{mutex_};
        if (const auto reader = readers_.find(name); reader != readers_.end())
            reader->second->add(direction, bytes);
    };
}

}  // namespace lab
