// Which pages there are, and under which headers they leave. Lesson 5.
// The headers make a second wall: should a page ever be tricked into taking text for markup, the
// browser still loads and runs nothing but these files.
#include "lab/pages.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace lab {

namespace {

constexpr std::array<std::string_view, 11> files{
    "common.css", "echo.css",   "echo.js",  "chat.css", "chat.js", "resume.js",
    "lab.css",    "deflate.js", "frame.js", "dump.js",  "lab.js"};

std::string content_type(std::string_view name) {
    const std::string_view extension = name.substr(name.rfind('.') + 1);
    const std::string type = extension == "js" ? "javascript" : std::string{extension};
    return "text/" + type + "; charset=utf-8";
}

// What each answer carries. A page that has changed is shown as it is now: students change them.
const std::vector<ws::Header>& page_headers() {
    static const std::vector<ws::Header> headers{
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-store"},
    };
    return headers;
}

// A page learns from its own markup where the WebSocket is. The path stands in an attribute, so what
// would end that is written as HTML writes it.
void name_endpoint(std::string& page, std::string_view path) {
    constexpr std::string_view name = "data-websocket=\"", usual = "/ws";
    const std::size_t at = page.find(std::string{name} + std::string{usual} + '"');
    if (at == std::string::npos) return;
    std::string value;
    for (const char c : path) value += c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string{c};
    page.replace(at + name.size(), usual.size(), value);
}

}  // namespace

std::string pages_folder() {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path{"clients"} / "browser";
    std::error_code none;
    if (fs::is_directory(folder, none)) return folder.string();
    fs::path above = fs::read_symlink("/proc/self/exe", none);
    // build/lessons/08-messages/server lies four levels below the root, others a little deeper.
    for (int level = 0; level < 6 && above.has_relative_path(); ++level) {
        above = above.parent_path();
        if (fs::is_directory(above / folder, none)) return (above / folder).string();
    }
    return folder.string();
}

Pages::Pages(std::string_view index, const std::string& folder) {
    add("/", folder + '/' + std::string{index});
    add("/lab", folder + "/lab.html");
    for (const std::string_view name : files)
        add('/' + std::string{name}, folder + '/' + std::string{name});
}

void Pages::add(const std::string& path, const std::string& name) {
    std::ifstream file{name, std::ios::binary};
    complete_ = complete_ && file;
    if (file)
        files_[path] = {.content_type = content_type(name),
                        .body{std::istreambuf_iterator<char>{file}, {}},
                        .headers = page_headers()};
}

bool Pages::answer(const ws::Request& request, std::string_view websocket_path,
                   ws::HttpReply& reply) const {
    if (files_.empty() || request.path == websocket_path) return false;
    if (const auto file = files_.find(request.path); file != files_.end()) {
        reply = file->second;
        if (reply.content_type.starts_with("text/html")) name_endpoint(reply.body, websocket_path);
    } else {
        reply = {.status = 404,
                 .body = "no such page; there are / and /lab\n",
                 .headers = page_headers()};
    }
    return true;
}

}  // namespace lab
