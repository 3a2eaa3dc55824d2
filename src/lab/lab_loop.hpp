// The frame lab beside the event loop. Lesson 11.
// One thread, so there is nothing to lock: what a conversation reads or writes is sent to the
// trace at once, and waits there as any output does.
// Leaves out: servers with a thread for each client (lab/lab_accept).
#pragma once

#include <map>
#include <string>

#include "endpoint/loop_connection.hpp"
#include "endpoint/server_options.hpp"
#include "lab/lab.hpp"

namespace lab {

class LabLoop {
  public:
    explicit LabLoop(std::string_view index = "echo.html") : pages_{index} {}
    explicit LabLoop(Pages pages) : pages_{std::move(pages)} {}

    // Adds the lab's share to what an application tells its server. The application never sees
    // the readers of traces. This object outlives the server.
    void attach(endpoint::ServerOptions& options, endpoint::Handlers& handlers);

    const Pages& pages() const { return pages_; }

  private:
    void attach_requests(endpoint::Handlers& handlers);
    void attach_clients(endpoint::Handlers& handlers);
    void begin(endpoint::LoopConnection& client, const ws::Request& request);
    void show(const std::string& token, ws::Direction direction, ws::Bytes bytes);
    bool is_reader(const endpoint::LoopConnection& client) const;

    struct Reader {
        endpoint::LoopConnection* client = nullptr;  // from its on_request to its on_close
        bool taken = false;                          // a trace shows one conversation
    };

    Pages pages_;
    std::string path_;                                      // of the server's own WebSocket
    std::map<std::string, Reader> readers_;                 // by token
    std::map<endpoint::ConnectionId, std::string> tokens_;  // of every client on the lab's path
};

}  // namespace lab
