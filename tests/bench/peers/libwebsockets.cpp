// libwebsockets as a server of `make bench`: libwebsockets --port N. Echo, one thread, no
// extension, buffers of 64 KiB. It does not validate UTF-8 unless asked, and is not asked.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>

#include <libwebsockets.h>

namespace {

struct Message {
    std::string bytes = std::string(LWS_PRE, '\0');  // room for the header, then the payload
    bool binary = false;
};

struct Session {
    Message* arriving;
    std::deque<Message>* waiting;
};

void receive(lws* connection, Session& session, const void* bytes, std::size_t size) {
    if (session.arriving == nullptr) session.arriving = new Message;
    session.arriving->bytes.append(static_cast<const char*>(bytes), size);
    session.arriving->binary = lws_frame_is_binary(connection) != 0;
    if (lws_is_final_fragment(connection) == 0 || lws_remaining_packet_payload(connection) > 0) return;
    session.waiting->push_back(std::move(*session.arriving));
    delete session.arriving;
    session.arriving = nullptr;
    lws_callback_on_writable(connection);
}

int write(lws* connection, Session& session) {
    if (session.waiting->empty()) return 0;
    Message& message = session.waiting->front();
    const std::size_t size = message.bytes.size() - LWS_PRE;
    const int written =
        lws_write(connection, reinterpret_cast<unsigned char*>(message.bytes.data()) + LWS_PRE, size,
                  message.binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
    if (written < static_cast<int>(size)) return -1;
    session.waiting->pop_front();
    if (!session.waiting->empty()) lws_callback_on_writable(connection);
    return 0;
}

int handle(lws* connection, lws_callback_reasons reason, void* user, void* bytes, std::size_t size) {
    auto* session = static_cast<Session*>(user);
    switch (reason) {
        case LWS_CALLBACK_ESTABLISHED:
            session->arriving = nullptr;
            session->waiting = new std::deque<Message>;
            return 0;
        case LWS_CALLBACK_CLOSED:
            delete session->arriving;
            delete session->waiting;
            return 0;
        case LWS_CALLBACK_RECEIVE: receive(connection, *session, bytes, size); return 0;
        case LWS_CALLBACK_SERVER_WRITEABLE: return write(connection, *session);
        default: return 0;
    }
}

}  // namespace

int main(int argc, char** argv) {
    int port = 0;
    for (int i = 1; i + 1 < argc; ++i)
        if (std::strcmp(argv[i], "--port") == 0) port = std::atoi(argv[i + 1]);
    lws_set_log_level(0, nullptr);
    lws_protocols protocols[2]{};
    protocols[0].name = "echo";
    protocols[0].callback = handle;
    protocols[0].per_session_data_size = sizeof(Session);
    protocols[0].rx_buffer_size = 64 * 1024;
    lws_context_creation_info info{};
    info.port = port;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.pt_serv_buf_size = 64 * 1024;
    info.gid = static_cast<gid_t>(-1);
    info.uid = static_cast<uid_t>(-1);
    lws_context* context = lws_create_context(&info);
    if (context == nullptr) {
        std::fprintf(stderr, "libwebsockets: cannot listen on port %d\n", port);
        return 1;
    }
    std::printf("libwebsockets on :%d\n",
                lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
    std::fflush(stdout);
    while (lws_service(context, 0) >= 0) {
    }
}
