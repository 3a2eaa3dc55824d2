// What the judge of lesson 13 may ask of endpoint/stream: a server's connection over a socket of the
// judge's, readers with names, one writer. The judge has the other end: what is read here it wrote,
// and what is sent here it reads.
#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>

#include "endpoint/stream.hpp"
#include "lessons/tools/check/calls/calls.hpp"

namespace {

using calls::Function;

std::unique_ptr<endpoint::BlockingConnection> connection;
std::map<std::string, std::unique_ptr<std::optional<endpoint::MessageReader>>> readers;
std::unique_ptr<endpoint::MessageWriter> writer;

const Function connect{"connection", [](wire::Fd descriptor) {
    writer.reset();
    readers.clear();
    endpoint::BlockingOptions options;
    options.close_timeout = std::chrono::milliseconds{300};
    options.ping_interval = options.idle_timeout = {};
    connection = std::make_unique<endpoint::BlockingConnection>(
        net::Fd{descriptor.number}, ws::Role::server, options, ws::Bytes{}, nullptr, nullptr);
}};

const Function ping{"ping", [](std::string data) { return connection->ping(ws::as_bytes(data)); }};

const Function write_message{"write_message",
                             [](std::string data) { return connection->write_message(data); }};

std::atomic<bool> enough = false;

const Function ping_on{"ping_on", [] {
    const std::string data(125, 'p');
    while (!enough && connection->ping(ws::as_bytes(data))) {
    }
}};

const Function end_pings{"end_pings", [] { enough = true; }};

// --- readers ------------------------------------------------------------------------------------

// One that had this name ends first. Is there a message?
const Function next_reader{"next_reader", [](std::string name) {
    readers.erase(name);
    auto& reader = readers[name];
    reader.reset(new std::optional<endpoint::MessageReader>(connection->next_reader()));
    return reader->has_value();
}};

const Function next_piece{"next_piece", [](std::string name) {
    const std::optional<ws::Bytes> piece = (*readers.at(name))->next_piece();
    return piece ? std::optional{ws::Buffer(piece->begin(), piece->end())} : std::nullopt;
}};

const Function read{"read", [](std::string name, std::size_t room) {
    ws::Buffer cup(room);
    const std::size_t count = (*readers.at(name))->read(cup);
    return std::tuple{count, cup};
}};

const Function type{"type", [](std::string name) { return (*readers.at(name))->type(); }};

const Function complete{"complete", [](std::string name) { return (*readers.at(name))->complete(); }};

// --- the writer ---------------------------------------------------------------------------------

enum class Result : std::uint8_t { lost, taken, refused };

template <typename Work>
Result result_of(Work work) {
    try {
        return work() ? Result::taken : Result::lost;
    } catch (const std::invalid_argument&) {
        return Result::refused;
    }
}

const Function next_writer{"next_writer", [](ws::Opcode opcode, std::size_t frame_bytes) {
    writer.reset(new endpoint::MessageWriter(connection->next_writer(opcode, frame_bytes)));
}};

// So many bytes in each write().
const Function write{"write", [](ws::Buffer bytes, std::size_t each) {
    return result_of([&] {
        bool taken = true;
        ws::Bytes rest{bytes};
        do {  // of no bytes, too
            taken = writer->write(rest.first(std::min(each, rest.size()))) && taken;
            rest = rest.subspan(std::min(each, rest.size()));
        } while (!rest.empty());
        return taken;
    });
}};

const Function finish{"finish", [] { return result_of([] { return writer->finish(); }); }};

const Function end_block{"end_of_block", [] { writer.reset(); }};

const Function end_by_exception{"exception", [] {
    try {
        const auto last = std::move(writer);
        throw std::runtime_error{"the disk is gone"};
    } catch (const std::runtime_error&) {
    }
}};

}  // namespace
