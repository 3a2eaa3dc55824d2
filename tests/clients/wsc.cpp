#include "tests/clients/wsc.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ws/close.hpp"
#include "ws/handshake.hpp"
#include "ws/hex.hpp"

namespace test {

std::string WscServer::url(const std::string& path) const { return "ws://" + address() + path; }

DeafPort::DeafPort() : socket_{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const int both = 0;
    ::setsockopt(socket_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
}

std::string DeafPort::number() const {
    sockaddr_in6 address{};
    socklen_t size = sizeof address;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return std::to_string(ntohs(address.sin6_port));
}

std::string header(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const std::size_t start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
}

std::string answer_to(const std::string& request, const std::string& headers) {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           ws::accept_key(header(request, "Sec-WebSocket-Key")) + "\r\n" + headers + "\r\n";
}

RawPeer WscServer::accept(const std::string& headers) {
    RawPeer peer{listener};
    request = peer.receive_head();
    peer.send(answer_to(request, headers));
    return peer;
}

ws::Buffer frame(ws::Opcode opcode, std::string_view payload, bool fin) {
    ws::FrameHeader head;
    head.fin = fin;
    head.opcode = opcode;
    ws::Buffer bytes;
    ws::append_frame(bytes, head, ws::as_bytes(payload));
    return bytes;
}

std::string next_frame(RawPeer& peer) {
    ws::FrameHeader head;
    const ws::Buffer payload = peer.receive_frame(head);
    CHECK(head.masked);
    const std::string rest{head.opcode == ws::Opcode::binary ? ws::hex(payload)
                                                             : std::string{ws::as_text(payload)}};
    switch (head.opcode) {
        case ws::Opcode::continuation: return "continuation " + rest;
        case ws::Opcode::text: return "text " + rest;
        case ws::Opcode::binary: return "binary " + rest;
        case ws::Opcode::ping: return "ping " + rest;
        case ws::Opcode::pong: return "pong " + rest;
        case ws::Opcode::close: break;
    }
    ws::CloseBody body;
    CHECK(ws::parse_close_body(payload, body) == ws::Errc::none);
    return "close " + std::to_string(body.code) + ' ' + std::string{ws::as_text(body.reason)};
}

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "wsc-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::path(const std::string& name) const {
    return name.empty() ? path_ : path_ + "/" + name;
}

std::size_t peak_memory(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) * 1024;
    return 0;
}

std::string contents_of(const std::string& path) {
    std::ifstream file{path};
    REQUIRE_MESSAGE(file, "cannot read " << path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file{path};
    file << text;
    REQUIRE(file);
}

}  // namespace test
