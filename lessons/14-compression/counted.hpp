// How large messages are, and how large what crosses the wire in their place. Lesson 14.
// An extension around another one: what goes through it is counted and not changed. So the client
// sees what an eavesdropper sees of an encrypted connection: lengths.
// Leaves out: the headers of frames, 2 to 14 bytes each.
#pragma once

#include <functional>
#include <string>

#include "ws/extension.hpp"

namespace lesson {

struct Sizes {
    std::uint64_t plain = 0, wire = 0;

    // "68 bytes as 21"
    std::string to_string() const {
        return std::to_string(plain) + (plain == 1 ? " byte as " : " bytes as ") +
               std::to_string(wire);
    }
    // Since then. A message of `size` bytes that was not compressed went past the extension.
    Sizes since(const Sizes& before, std::size_t size) {
        if (wire == before.wire) {
            plain += size;
            wire += size;
        }
        return {plain - before.plain, wire - before.wire};
    }
};

struct Traffic {
    Sizes sent{}, received{};
    // Called with each part of a message before it leaves, so before anything can be answered.
    std::function<void(const Sizes&, ws::Bytes payload)> on_send{};
};

// Of one connection.
class CountedExtension final : public ws::Extension {
  public:
    CountedExtension(std::unique_ptr<ws::Extension> inner, Traffic& traffic)
        : inner_{std::move(inner)}, traffic_{traffic} {}

    Outgoing send(ws::Bytes data, bool first, bool last) override {
        const Outgoing sent = inner_->send(data, first, last);
        traffic_.sent.plain += data.size();
        traffic_.sent.wire += sent.payload.size();
        if (traffic_.on_send) traffic_.on_send({data.size(), sent.payload.size()}, sent.payload);
        return sent;
    }
    ws::Bytes frame_of(const ws::PreparedMessage& message) override {
        return inner_->frame_of(message);
    }
    void take(const Incoming& part) override {
        traffic_.received.wire += part.payload.size();
        inner_->take(part);
    }
    Part next(bool pieces) override {
        const Part part = inner_->next(pieces);
        if (part.kind == Part::data || part.kind == Part::end)
            traffic_.received.plain += part.bytes.size();
        return part;
    }
    void release() override { inner_->release(); }

  private:
    std::unique_ptr<ws::Extension> inner_;
    Traffic& traffic_;
};

// Around an endpoint's extensions: `traffic` counts the one connection that is made with it.
class Counted final : public ws::Extensions {
  public:
    Counted(ws::Extensions& inner, Traffic& traffic) : inner_{inner}, traffic_{traffic} {}

    std::string offer() const override { return inner_.offer(); }
    std::unique_ptr<ws::Extension> accept(std::span<const std::string_view> answered) override {
        return counted(inner_.accept(answered));
    }
    std::unique_ptr<ws::Extension> choose(std::span<const std::string_view> offers,
                                          std::string& answer) override {
        return counted(inner_.choose(offers, answer));
    }

  private:
    std::unique_ptr<ws::Extension> counted(std::unique_ptr<ws::Extension> made) {
        if (!made) return nullptr;
        return std::make_unique<CountedExtension>(std::move(made), traffic_);
    }

    ws::Extensions& inner_;
    Traffic& traffic_;
};

}  // namespace lesson
