// The same through the C++ face: it must compile with exceptions and without, and with -std=c++20.
#include <cstdio>
#include <cstdlib>

#include <torc/torc.hpp>

int main(int argc, char** argv) {
    if (argc != 3) return EXIT_FAILURE;
    torc::SessionOptions options;
    options.runtime_dir = argv[1];
    auto session = torc::Session::connect(options);
    if (!session) return std::fprintf(stderr, "%s\n", session.status().text()), EXIT_FAILURE;
    const std::string own(session->private_name());
    if (auto status = session->send(own.c_str(), std::string_view(argv[2])); !status) {
        return std::fprintf(stderr, "%s\n", status.text()), EXIT_FAILURE;
    }
    for (;;) {
        auto record = session->receive();
        if (!record) return std::fprintf(stderr, "%s\n", record.status().text()), EXIT_FAILURE;
        if (record->kind() != TORC_MESSAGE) continue;
        const std::string_view text = record->text();
        std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
        return EXIT_SUCCESS;
    }
}
